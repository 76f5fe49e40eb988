"""Definitions, functions and parameters: each is lowered once, when its type is first needed."""

from __future__ import annotations

from typing import Any

from cds.engine import ir
from cds.engine.elm import types
from cds.engine.elm.lowering import LoweredFunction, Lowering, Refused
from cds.engine.elm.signatures import FunctionSignature, function_key
from cds.engine.elm.types import Type
from cds.engine.elm.value import Origin, Value, convert
from cds.engine.emit.analysis import is_silent
from cds.engine.trampoline import Deep

_CONTEXTS = ("Patient", "Unfiltered", "Population")


def definition(lowering: Lowering, name: str) -> Deep[Type]:
    """Lower a definition of this library, unless it is done, and return its type."""
    if name not in lowering.definitions:
        if name in lowering.in_progress:
            message = f"the definition {name!r} depends on itself"
            raise Refused(message)
        source = lowering.library.definitions[name]
        context = source.get("context", "Patient")
        if context not in _CONTEXTS:
            lowering.locator = source.get("locator")
            lowering.refuse("context", f"the context {context} is not supported, only Patient and Unfiltered")
        with lowering.separate_unit(name, context):
            lowering.locator = source.get("locator")
            value: Value = yield lowering.lower(source.get("expression"))
        lowering.definitions[name] = LoweredFunction(name, (), value.node, value.type)
    return lowering.definitions[name].type


def overloads(lowering: Lowering, name: str) -> tuple[FunctionSignature, ...]:
    """Return the overloads of a function of this library, before their result types are known."""
    return tuple(_signature(name, source) for source in lowering.library.functions.get(name, ()))


def _signature(name: str, source: Any) -> FunctionSignature:
    operands = tuple(
        (operand["name"], types.attribute(operand, "operandType") or types.ANY) for operand in source.get("operand", [])
    )
    key = function_key(name, tuple(type_ for _, type_ in operands))
    return FunctionSignature(key, operands, types.ANY, tuple(ir.Reads() for _ in operands))


def function(lowering: Lowering, name: str, wanted: FunctionSignature) -> Deep[FunctionSignature]:
    """Lower one overload, unless it is done, and return its signature with its result type."""
    key = wanted.key
    if key in lowering.signatures:
        return lowering.signatures[key]
    if key in lowering.in_progress:
        message = f"the function {key} calls itself"
        raise Refused(message)
    source = next(f for f in lowering.library.functions[name] if _signature(name, f).key == key)
    if source.get("external") or "expression" not in source:
        message = f"the function {key} is external: there is no implementation of it"
        raise Refused(message)
    with lowering.separate_unit(key, source.get("context", "Patient")):
        lowering.locator = source.get("locator")
        operands = {}
        parameters = []
        for (operand, type_), reads in zip(wanted.operands, wanted.reads, strict=True):
            local = lowering.names.fresh(operand)
            parameters.append(local)
            operands[operand] = Value(ir.Local(local), type_, Origin(reads) if types.is_resource(type_) else None)
        with lowering.scope(operands):
            value: Value = yield lowering.lower(source["expression"])
    lowering.functions[key] = LoweredFunction(name, tuple(parameters), value.node, value.type)
    lowering.signatures[key] = FunctionSignature(key, wanted.operands, value.type, wanted.reads, is_silent(value.node))
    return lowering.signatures[key]


def every_function(lowering: Lowering) -> Deep[None]:
    """Lower all functions that have a body; one that is external is a problem only where it is called."""
    for name, sources in lowering.library.functions.items():
        for source in sources:
            if "expression" in source and not source.get("external"):
                yield function(lowering, name, _signature(name, source))


def parameter(lowering: Lowering, name: str) -> Deep[Type]:
    """Lower the default of a parameter, unless it is done, and return the type of the parameter."""
    if name not in lowering.parameters:
        source = lowering.library.parameters[name]
        declared = types.attribute(source, "parameterType")
        lowering.parameters[name] = declared or types.ANY
        if source.get("default") is not None:
            with lowering.separate_unit(f"parameter {name}", "Unfiltered"):
                lowering.locator = source.get("locator")
                value: Value = yield lowering.lower(source["default"])
            lowering.parameters[name] = declared or value.type
            converted = convert(value, lowering.parameters[name])
            lowering.defaults[name] = LoweredFunction(name, (), converted.node, converted.type)
    return lowering.parameters[name]
