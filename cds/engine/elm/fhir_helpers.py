"""Calls of the library FHIRHelpers, answered without its ELM."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.lowering import Refused
from cds.engine.elm.members import system_value
from cds.engine.elm.types import IntervalOf, ListOf, Named, Type
from cds.engine.elm.value import Value, convert
from cds.engine.model import r4
from cds.engine.runtime import clinical, fhir_helpers, fhir_references

if TYPE_CHECKING:
    from cds.engine.elm.lowering import Lowering

_PRIMITIVE = frozenset({"ToString", "ToBoolean", "ToInteger", "ToDecimal", "ToDate", "ToDateTime", "ToTime"})
_QUANTITY_INTERVAL = IntervalOf(types.QUANTITY)
_EXTENSIONS = ListOf(Named("Extension"))
_PLAIN: dict[str, tuple[Callable[..., Any], Type]] = {
    "ToCalendarUnit": (fhir_helpers.to_calendar_unit, types.STRING),
    "ToQuantity": (fhir_helpers.to_quantity, types.QUANTITY),
    "ToQuantityIgnoringComparator": (fhir_helpers.to_quantity_ignoring_comparator, types.QUANTITY),
    "ToRatio": (fhir_helpers.to_ratio, types.RATIO),
    "ToCode": (fhir_helpers.to_code, types.CODE),
    "ToConcept": (fhir_helpers.to_concept, types.CONCEPT),
    "ToValueSet": (fhir_helpers.to_value_set, types.VALUE_SET),
    "extension": (fhir_helpers.extension, _EXTENSIONS),
    "modifierExtension": (fhir_helpers.modifier_extension, _EXTENSIONS),
    "hasValue": (fhir_helpers.has_value, types.BOOLEAN),
}


def is_fhir_helpers(path: str) -> bool:
    """Whether an include means FHIRHelpers, with or without a namespace."""
    return path.replace("/", ".").rpartition(".")[2] == "FHIRHelpers"


def lower_fhir_helper(lowering: Lowering, name: str, arguments: list[Value]) -> Value:
    """Lower a call of a FHIRHelpers function. Raises Refused for one without an implementation."""
    first = arguments[0] if arguments else Value(build.NULL)
    nodes = [argument.node for argument in arguments]
    if name in _PRIMITIVE:
        return _primitive(first, name)
    if name in _PLAIN:
        function, type_ = _PLAIN[name]
        return Value(build.call(function, *nodes, at=lowering.locator), type_, first.origin)
    match name:
        case "ToInterval":
            return _interval(lowering, first)
        case "ToValue" | "getValue":
            return Value(build.call(fhir_helpers.to_value, convert(first, types.ANY).node, with_run=True))
        case "reference" if not types.is_resource(first.type):
            return Value(build.call(fhir_helpers.reference, first.node), Named("Reference"))
        case "reference":
            return Value(build.call(fhir_references.reference_to, first.node), Named("Reference"))
        case "resolve":
            resolved = build.call(fhir_references.resolve, first.node, with_run=True, at=lowering.locator)
            return Value(resolved, Named("Resource"))
        case "memberOf":
            return Value(_member_of(lowering, first, nodes), types.BOOLEAN)
        case _:
            message = f"FHIRHelpers.{name} has no implementation"
            raise Refused(message)


def _primitive(value: Value, name: str) -> Value:
    if types.is_primitive(value.type):
        read = system_value(value)
        wanted = Named(f"System.{name.removeprefix('To')}")
        if read.type == wanted:
            return read
        message = f"{name} does not take a {value.type}"
        raise Refused(message)
    if isinstance(value.type, Named) and value.type.is_system and value.type != types.ANY:
        return value
    if types.is_open(value.type):
        wanted = Named(f"System.{name.removeprefix('To')}")
        return Value(build.call(fhir_helpers.to_value, value.node, with_run=True), wanted, value.origin)
    message = f"{name} does not take a {value.type}"
    raise Refused(message)


def _interval(lowering: Lowering, value: Value) -> Value:
    at = lowering.locator
    type_name = value.type.name if isinstance(value.type, Named) else ""
    if type_name == "Period":
        node = build.call(fhir_helpers.period_to_interval, value.node, with_run=True, at=at)
        return Value(node, IntervalOf(types.DATETIME), value.origin)
    if type_name == "Range":
        return Value(build.call(fhir_helpers.range_to_interval, value.node, at=at), _QUANTITY_INTERVAL, value.origin)
    if r4.is_subtype(type_name, "Quantity"):
        return Value(build.call(fhir_helpers.quantity_to_interval, value.node, at=at), _QUANTITY_INTERVAL, value.origin)
    return Value(build.call(fhir_helpers.to_interval, value.node, with_run=True, at=at))


def _member_of(lowering: Lowering, first: Value, nodes: list[ir.Node]) -> ir.Node:
    type_name = first.type.name if isinstance(first.type, Named) else ""
    readers = {"CodeableConcept": fhir_helpers.to_concept, "Coding": fhir_helpers.to_code}
    code = build.call(readers[type_name], nodes[0]) if type_name in readers else system_value(first).node
    value_set = build.call(fhir_helpers.to_value_set, nodes[1])
    return build.call(clinical.in_value_set, code, value_set, with_run=True, at=lowering.locator)
