"""References: to aliases, operands, definitions, parameters, functions, terminology; and the property path."""

from __future__ import annotations

import re
from typing import Any

from cds.engine import build, ir
from cds.engine.elm import types, units
from cds.engine.elm.clinical import SUBSUMPTION, subsumes
from cds.engine.elm.fhir_helpers import is_fhir_helpers, lower_fhir_helper
from cds.engine.elm.lowering import Lowering, Refused, lowers
from cds.engine.elm.members import member
from cds.engine.elm.signatures import FunctionSignature, function_key, pick
from cds.engine.elm.value import Value, constant, convert
from cds.engine.runtime import lists
from cds.engine.trampoline import Deep

_STEP = re.compile(r"([^.\[\]]+)(?:\[(\d+)\])?")


@lowers("Property")
def _property(lowering: Lowering, node: Any) -> Deep[Value]:
    if node.get("scope") is not None and node.get("source") is None:
        value = _scoped(lowering, node["scope"])
    else:
        value = yield lowering.lower(node["source"])
    for step in _STEP.finditer(node["path"]):
        value = member(lowering, value, step[1])
        if step[2] is not None:
            value = Value(build.call(lists.indexer, value.node, ir.Const(int(step[2]))), types.element_of(value.type))
    return value


def _scoped(lowering: Lowering, name: str) -> Value:
    found = lowering.find(name)
    if found is None:
        message = f"{name} is not defined here"
        raise Refused(message)
    return found


@lowers("AliasRef", "QueryLetRef", "OperandRef")
def _named(lowering: Lowering, node: Any) -> Deep[Value]:
    yield from ()
    return _scoped(lowering, node["name"])


@lowers("Current", "Iteration", "Total")
def _implicit(lowering: Lowering, node: Any) -> Deep[Value]:
    yield from ()
    hidden = {"Current": "$this", "Iteration": "$index", "Total": "$total"}[node["type"]]
    return _scoped(lowering, node.get("scope") or hidden)


@lowers("IdentifierRef")
def _identifier(lowering: Lowering, node: Any) -> Deep[Value]:
    """An identifier the translator left open: within a sort it is an element of the row."""
    yield from ()
    name = node["name"]
    found = lowering.find(name)
    if found is not None:
        return found
    row = lowering.find("$row")
    if row is None:
        message = f"{name} is not defined here"
        raise Refused(message)
    return member(lowering, row, name)


@lowers("ExpressionRef")
def _expression_ref(lowering: Lowering, node: Any) -> Deep[Value]:
    name, alias = node["name"], node.get("libraryName")
    if alias is not None:
        library = _included(lowering, alias)
        if name not in library.definitions:
            message = f"the library {library.document.title} has no definition {name!r}"
            raise Refused(message)
        target, type_, context = library.document.name, library.definitions[name], library.context(name)
    else:
        if name not in lowering.library.definitions:
            message = f"there is no definition {name!r}"
            raise Refused(message)
        type_ = yield units.definition(lowering, name)
        target, context = lowering.library.name, lowering.library.definitions[name].get("context", "Patient")
    lowering.refers_to(target, name)
    value = Value(ir.Definition(target, name, lowering.locator), type_)
    if lowering.context == "Unfiltered" and context == "Patient":
        # Outside the patient's context a definition of the patient gives one result per patient, and there is one.
        return Value(build.make_list([value.node]), types.ListOf(type_))
    return value


def _included(lowering: Lowering, alias: str) -> Any:
    if alias not in lowering.includes:
        message = f"the included library {alias} is not at hand"
        raise Refused(message)
    return lowering.includes[alias]


@lowers("ParameterRef")
def _parameter_ref(lowering: Lowering, node: Any) -> Deep[Value]:
    name, alias = node["name"], node.get("libraryName")
    document = lowering.library if alias is None else _included(lowering, alias).document
    if name not in document.parameters:
        message = f"there is no parameter {name!r}"
        raise Refused(message)
    if alias is None:
        type_ = yield units.parameter(lowering, name)
    else:
        type_ = _included(lowering, alias).parameters[name]
    return Value(ir.Parameter(document.name, name), type_)


@lowers("FunctionRef")
def _function_ref(lowering: Lowering, node: Any) -> Deep[Value]:
    name, alias = node["name"], node.get("libraryName")
    arguments: list[Value] = yield lowering.lower_all(node.get("operand", []))
    if alias is not None and is_fhir_helpers(lowering.library.includes.get(alias, (alias, None))[0]):
        return lower_fhir_helper(lowering, name, arguments)
    given = [argument.type for argument in arguments]
    signature = node.get("signature") or []
    if len(signature) == len(arguments):
        given = [types.from_specifier(wanted) for wanted in signature]
    if alias is not None:
        library = _included(lowering, alias)
        target, overloads = library.document.name, library.functions.get(name, ())
    else:
        target = lowering.library.name
        overloads = units.overloads(lowering, name)
    found = pick(overloads, given) or pick(overloads, [argument.type for argument in arguments])
    if found is None and alias is None and name in SUBSUMPTION:
        return subsumes(lowering, name, arguments)
    if found is None:
        message = f"there is no function {function_key(name, tuple(given))}"
        raise Refused(message)
    if alias is None:
        found = yield units.function(lowering, name, found)
    lowering.refers_to(target, found.key)
    return _invoke(lowering, target, found, arguments)


def _invoke(lowering: Lowering, library: str, function: FunctionSignature, arguments: list[Value]) -> Value:
    nodes = []
    for argument, (_, wanted), reads in zip(arguments, function.operands, function.reads, strict=True):
        if argument.origin is not None:
            for path in reads.found:
                argument.origin.member(path)
        elif types.is_resource(argument.type):
            argument = Value(ir.Noted(argument.node, reads), argument.type)
        nodes.append(convert(argument, wanted).node)
    invoked = ir.Invoke(library, function.key, tuple(nodes), lowering.locator, function.silent)
    return Value(invoked, function.result)


@lowers("ValueSetRef")
def _value_set_ref(lowering: Lowering, node: Any) -> Deep[Value]:
    yield from ()
    return constant(lowering.terms.of(node).value_set(node["name"]), types.VALUE_SET)


@lowers("CodeSystemRef")
def _code_system_ref(lowering: Lowering, node: Any) -> Deep[Value]:
    yield from ()
    return constant(lowering.terms.of(node).code_system(node["name"]), types.CODE_SYSTEM)


@lowers("CodeRef")
def _code_ref(lowering: Lowering, node: Any) -> Deep[Value]:
    yield from ()
    return constant(lowering.terms.of(node).code(node["name"]), types.CODE)


@lowers("ConceptRef")
def _concept_ref(lowering: Lowering, node: Any) -> Deep[Value]:
    yield from ()
    return constant(lowering.terms.of(node).concept(node["name"]), types.CONCEPT)
