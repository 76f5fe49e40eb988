"""Type operators: is, as, convert.

https://cql.hl7.org/09-b-cqlreference.html#type-operators-1
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cds.engine import build
from cds.engine.elm import types
from cds.engine.elm.lowering import Lowering, Refused, lowers
from cds.engine.elm.members import alternative
from cds.engine.elm.operators import first_known, operator
from cds.engine.elm.type_tests import Cast, matches
from cds.engine.elm.types import Choice, Named, Type
from cds.engine.elm.value import ChoicePlace, Value, convert
from cds.engine.model import r4
from cds.engine.runtime import conversion, evaluation, lists, quantities
from cds.engine.trampoline import Deep

_CONVERSIONS: dict[str, Any] = {
    "Boolean": (conversion.to_boolean, conversion.converts_to_boolean),
    "Integer": (conversion.to_integer, conversion.converts_to_integer),
    "Long": (conversion.to_long, conversion.converts_to_long),
    "Decimal": (conversion.to_decimal, conversion.converts_to_decimal),
    "String": (conversion.to_string, conversion.converts_to_string),
    "Date": (conversion.to_date, conversion.converts_to_date),
    "Time": (conversion.to_time, conversion.converts_to_time),
    "Quantity": (conversion.to_quantity, conversion.converts_to_quantity),
    "Ratio": (conversion.to_ratio, conversion.converts_to_ratio),
}
for _name, (_to, _converts) in _CONVERSIONS.items():
    operator(f"To{_name}", _to, Named(f"System.{_name}"))
    operator(f"ConvertsTo{_name}", _converts, types.BOOLEAN)
operator("ToDateTime", evaluation.to_date_time, types.DATETIME, with_run=True)
operator("ConvertsToDateTime", conversion.converts_to_date_time, types.BOOLEAN)
operator("ToConcept", conversion.to_concept, types.CONCEPT)
operator("ToChars", conversion.to_chars, types.ListOf(types.STRING))
operator("ToList", lists.to_list, lambda of: types.ListOf(first_known(of)), never_null=True)
operator("ConvertQuantity", quantities.convert_quantity, types.QUANTITY)
operator("CanConvertQuantity", quantities.can_convert_quantity, types.BOOLEAN)


@lowers("Convert", "CanConvert")
def _convert(lowering: Lowering, node: Any) -> Deep[Value]:
    operand: Value = yield lowering.lower(node["operand"])
    wanted = types.attribute(node, "toType")
    asks = node["type"] == "CanConvert"
    name = wanted.name.removeprefix("System.") if isinstance(wanted, Named) else ""
    if operand.type == wanted and not asks:
        return operand
    function: Callable[..., Any]
    if name == "DateTime":
        function, with_run = (conversion.converts_to_date_time, False) if asks else (evaluation.to_date_time, True)
    elif name == "Concept" and not asks:
        function, with_run = conversion.to_concept, False
    elif name in _CONVERSIONS:
        function, with_run = _CONVERSIONS[name][asks], False
    else:
        message = f"there is no conversion from {operand.type} to {wanted}"
        raise Refused(message)
    result = types.BOOLEAN if asks else wanted or types.ANY
    return Value(build.call(function, operand.node, with_run=with_run, at=lowering.locator), result)


@lowers("Is")
def _is(lowering: Lowering, node: Any) -> Deep[Value]:
    operand: Value = yield lowering.lower(node["operand"])
    wanted = _wanted(node, "isType")
    if isinstance(operand.place, ChoicePlace):
        names = _alternatives(operand.place, wanted)
        found = build.is_null(alternative(operand, operand.place, names).node) if names else build.TRUE
        return Value(build.negation(found), types.BOOLEAN)
    if types.is_element(operand.type):
        known = is_a(operand.type, wanted)
        return Value(build.negation(build.is_null(operand.node)) if known else build.FALSE, types.BOOLEAN)
    return Value(build.call(matches(wanted), operand.node, never_null=True), types.BOOLEAN)


@lowers("As")
def _as(lowering: Lowering, node: Any) -> Deep[Value]:
    operand: Value = yield lowering.lower(node["operand"])
    return cast(lowering, operand, _wanted(node, "asType"), strict=node.get("strict") is True)


def _wanted(node: Any, attribute: str) -> Type:
    wanted = types.attribute(node, attribute)
    if wanted is None:
        message = f"{attribute} is missing"
        raise Refused(message)
    return wanted


def cast(lowering: Lowering, operand: Value, wanted: Type, *, strict: bool) -> Value:
    """See a value as another type: null where it is not of that type, or an error when strict."""
    if operand.type == wanted or build.is_constant(operand.node, None):
        return Value(operand.node, wanted, operand.origin, operand.place)
    if is_a(operand.type, wanted):
        return convert(operand, wanted)
    if isinstance(operand.place, ChoicePlace) and not strict:
        names = _alternatives(operand.place, wanted)
        return alternative(operand, operand.place, names) if names else Value(build.NULL, wanted)
    if types.is_element(operand.type):
        operand = convert(operand, types.ANY)
    node = build.call(Cast(wanted, strict=strict), operand.node, at=lowering.locator if strict else None)
    return Value(node, wanted, operand.origin)


def is_a(given: Type, wanted: Type) -> bool:
    """Whether every value of a static type is of another one too."""
    if given == wanted or wanted == types.ANY:
        return True
    if isinstance(wanted, Choice):
        parts = given.choices if isinstance(given, Choice) else (given,)
        return all(any(is_a(part, alternative_) for alternative_ in wanted.choices) for part in parts)
    if isinstance(given, types.ListOf) and isinstance(wanted, types.ListOf):
        return is_a(given.element, wanted.element)
    if isinstance(given, Named) and isinstance(wanted, Named) and not given.is_system and not wanted.is_system:
        return r4.is_subtype(given.name, wanted.name)
    return False


def _alternatives(place: ChoicePlace, wanted: Type) -> list[str]:
    """Return the JSON members of a choice element that hold values of a type."""
    return [json for json, of in place.names.items() if is_a(Named(of), wanted)]
