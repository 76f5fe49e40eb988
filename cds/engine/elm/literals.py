"""Values written in the library: literals, null, quantities, codes.

https://cql.hl7.org/elm.html#literal
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.lowering import Lowering, Refused, lowers
from cds.engine.elm.terminology import optional_text, text
from cds.engine.elm.value import NULL, Value, constant, unify
from cds.engine.runtime import conversion, units
from cds.engine.runtime.values import INTEGER_MAX, LONG_MAX, Code, Concept, Long, Quantity, Ratio
from cds.engine.trampoline import Deep

_DECIMAL_LIMIT = Decimal(10) ** 28


@lowers("Null")
def _null(lowering: Lowering, node: Any) -> Deep[Value]:  # noqa: ARG001 - every handler takes both
    yield from ()
    return NULL


@lowers("Literal")
def _literal(lowering: Lowering, node: Any) -> Deep[Value]:  # noqa: ARG001 - every handler takes both
    yield from ()
    type_ = types.named(node["valueType"])
    written = str(node.get("value", ""))
    match type_.name:
        case "System.Boolean":
            return constant(written == "true", type_)
        case "System.Integer":
            return constant(_whole(written, INTEGER_MAX, type_), type_)
        case "System.Long":
            return constant(Long(_whole(written.removesuffix("L"), LONG_MAX, type_)), type_)
        case "System.Decimal":
            return constant(_decimal(written, type_), type_)
        case "System.String":
            return constant(written, type_)
    value = _PARSERS[type_.name](written) if type_.name in _PARSERS else None
    if value is None:
        message = f"{written!r} is no literal of {type_}"
        raise Refused(message)
    return constant(value, type_)


_PARSERS: dict[str, Any] = {
    "System.Date": conversion.to_date,
    "System.DateTime": conversion.to_date_time,
    "System.Time": conversion.to_time,
    "System.Quantity": conversion.to_quantity,
    "System.Ratio": conversion.to_ratio,
}


def _whole(text: str, limit: int, type_: types.Type) -> int:
    value = int(text)
    if not -limit - 1 <= value <= limit:
        message = f"{text} is out of range for {type_}"
        raise Refused(message)
    return value


def _decimal(text: str, type_: types.Type) -> Decimal:
    value = Decimal(text)
    exponent = value.as_tuple().exponent
    if not value.is_finite() or value.copy_abs() >= _DECIMAL_LIMIT or not isinstance(exponent, int) or exponent < -8:
        message = f"{text} is out of range for {type_}"
        raise Refused(message)
    return value


def negative(node: Any) -> Any:
    """Return the literal that the negation of a literal stands for, or None: the least value has no positive."""
    operand = node.get("operand")
    if node.get("type") != "Negate" or not isinstance(operand, dict) or operand.get("type") != "Literal":
        return None
    return {**operand, "value": f"-{operand['value']}"} if not str(operand.get("value")).startswith("-") else None


def _quantity_of(node: Any) -> Quantity:
    unit = optional_text(node.get("unit")) or "1"
    reason = units.validate(unit)
    if reason is not None:
        message = f"the unit {unit!r} is not a UCUM unit: {reason}"
        raise Refused(message)
    return Quantity(Decimal(str(node.get("value", 0))), unit)


@lowers("Quantity")
def _quantity(lowering: Lowering, node: Any) -> Deep[Value]:  # noqa: ARG001 - every handler takes both
    yield from ()
    return constant(_quantity_of(node), types.QUANTITY)


@lowers("Ratio")
def _ratio(lowering: Lowering, node: Any) -> Deep[Value]:  # noqa: ARG001 - every handler takes both
    yield from ()
    return constant(Ratio(_quantity_of(node["numerator"]), _quantity_of(node["denominator"])), types.RATIO)


@lowers("Code")
def _code(lowering: Lowering, node: Any) -> Deep[Value]:
    yield from ()
    return constant(_code_of(lowering, node), types.CODE)


def _code_of(lowering: Lowering, node: Any) -> Code:
    system = lowering.terms.system_of(node.get("system"))
    url, version = (system.id, system.version) if system else (None, None)
    return Code(text(node["code"]), url, version, optional_text(node.get("display")))


@lowers("Concept")
def _concept(lowering: Lowering, node: Any) -> Deep[Value]:
    yield from ()
    codes = tuple(_code_of(lowering, code) for code in node.get("code", []))
    return constant(Concept(codes, optional_text(node.get("display"))), types.CONCEPT)


@lowers("Tuple")
def _tuple(lowering: Lowering, node: Any) -> Deep[Value]:
    members, of = [], []
    for element in node.get("element", []):
        value: Value = yield lowering.lower(element["value"])
        members.append((element["name"], value.node))
        of.append((element["name"], value.type))
    return Value(ir.MakeTuple(tuple(members)), types.TupleOf(tuple(of)))


@lowers("List")
def _list(lowering: Lowering, node: Any) -> Deep[Value]:
    values: list[Value] = yield lowering.lower_all(node.get("element", []))
    values, element = unify(values)
    if not values:
        declared = types.from_specifier(node.get("typeSpecifier") or node.get("resultTypeSpecifier"))
        element = types.element_of(declared)
    return Value(build.make_list(value.node for value in values), types.ListOf(element))
