"""Conversions between the System types: To…, ConvertsTo…, and how each type is written.

Text that does not have the form of the target type converts to null. A value of a type for which CQL defines no
conversion at all is an error. https://cql.hl7.org/09-b-cqlreference.html#type-operators-1
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.runtime import quantities, temporal_parts, temporal_text, units
from cds.engine.runtime.decimals import limited
from cds.engine.runtime.numeric import integer, long
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.uncertainty import Uncertainty, mapped
from cds.engine.runtime.values import Code, Concept, Quantity, Ratio, type_name

_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})
_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_QUANTITY = re.compile(rf"({_DECIMAL.pattern})\s*(?:'([^']+)'|([a-z]+))?")
_LONGEST_NUMBER = 100


def to_boolean(argument: Any) -> bool | None:
    """Read true, t, yes, y, 1 and their opposites in any case, and the numbers 1 and 0."""
    if argument is None or isinstance(argument, bool):
        return argument
    if isinstance(argument, int | Decimal):
        return bool(argument) if argument in (0, 1) else None
    word = _text(argument, "ToBoolean").lower()
    return True if word in _TRUE else False if word in _FALSE else None


def to_integer(argument: Any) -> int | None:
    """Read an Integer of 32 bits; true is 1."""
    whole = _to_whole(argument, "ToInteger")
    return None if whole is None else integer(whole)


def to_long(argument: Any) -> Any:
    """Read a Long of 64 bits; true is 1."""
    if isinstance(argument, Uncertainty):
        return mapped(to_long, argument)
    whole = _to_whole(argument, "ToLong")
    return None if whole is None else long(whole)


def _to_whole(argument: Any, operator: str) -> int | None:
    if argument is None or isinstance(argument, int):
        return None if argument is None else int(argument)
    text = _text(argument, operator)
    return int(text) if len(text) <= _LONGEST_NUMBER and _WHOLE.fullmatch(text) else None


def to_decimal(argument: Any) -> Any:
    """Read a Decimal; true is 1.0."""
    if isinstance(argument, Uncertainty):
        return mapped(to_decimal, argument)
    if argument is None or isinstance(argument, Decimal):
        return argument
    if isinstance(argument, bool):
        return Decimal("1.0") if argument else Decimal("0.0")
    if isinstance(argument, int):
        return Decimal(int(argument))
    return _decimal(_text(argument, "ToDecimal"))


def _decimal(text: str) -> Decimal | None:
    return limited(Decimal(text)) if len(text) <= _LONGEST_NUMBER and _DECIMAL.fullmatch(text) else None


def to_quantity(argument: Any) -> Quantity | None:
    """Read `5.5 'mg'`, `3 days` or `7`; a number gets the unit '1'; a Ratio is divided."""
    if argument is None or isinstance(argument, Quantity):
        return argument
    if isinstance(argument, Uncertainty):
        return None
    if isinstance(argument, Ratio):
        return quantities.divide(argument.numerator, argument.denominator)
    if isinstance(argument, int | Decimal) and not isinstance(argument, bool):
        return Quantity(Decimal(argument))
    match = _QUANTITY.fullmatch(_text(argument, "ToQuantity").strip())
    if match is None:
        return None
    number, _, unit, calendar_unit = match.groups()
    value = _decimal(number)
    if value is None or (calendar_unit is not None and calendar_unit not in units.CALENDAR_UNITS):
        return None
    if unit is not None and units.validate(unit) is not None:
        return None
    return Quantity(value, unit or calendar_unit or "1")


def to_ratio(argument: Any) -> Ratio | None:
    """Read `1 'mg':2 'mL'`."""
    if argument is None or isinstance(argument, Ratio):
        return argument
    parts = re.split(r":(?=(?:[^']*'[^']*')*[^']*$)", _text(argument, "ToRatio"))
    if len(parts) != 2:
        return None
    numerator, denominator = to_quantity(parts[0]), to_quantity(parts[1])
    return None if numerator is None or denominator is None else Ratio(numerator, denominator)


def to_concept(argument: Any) -> Concept | None:
    """Make a Concept of one Code, with its display, or of a list of Codes."""
    if argument is None or isinstance(argument, Concept):
        return argument
    if isinstance(argument, Code):
        return Concept((argument,), argument.display)
    if isinstance(argument, list):
        return Concept(tuple(code for code in argument if code is not None))
    raise _undefined("ToConcept", argument)


def to_date(argument: Any) -> Date | None:
    """Read `2026-03-01`, to any precision; a time after it is left out."""
    if argument is None or isinstance(argument, Date | DateTime):
        return temporal_parts.date_from(argument)
    date, _, _ = _text(argument, "ToDate").partition("T")
    return temporal_text.parse_date(date)


def to_date_time(argument: Any, offset: Decimal | None = None) -> DateTime | None:
    """Read `2026-03-01T10:00:00.000+01:00`, to any precision; `offset` (hours) is used where none is given."""
    if argument is None or isinstance(argument, DateTime):
        return argument
    if isinstance(argument, Date):
        return temporal_parts.date_time_from_date(argument, offset)
    return temporal_text.parse_date_time(_text(argument, "ToDateTime"), offset)


def to_time(argument: Any) -> Time | None:
    """Read `10:00:00.000`, to any precision, with or without a leading T; a time zone is left out."""
    if argument is None or isinstance(argument, Time):
        return argument
    return temporal_text.parse_time(_text(argument, "ToTime"))


def to_string(argument: Any) -> str | None:
    """Write a value as CQL does: 1.0, 5.5 'mg', 3 days, 2026-03-01T10:00:00.000+01:00; null for an uncertain number."""
    if argument is None or isinstance(argument, str):
        return argument
    if isinstance(argument, Uncertainty):
        return None
    if isinstance(argument, bool):
        return "true" if argument else "false"
    if isinstance(argument, int):
        return str(int(argument))
    if isinstance(argument, Decimal):
        text = format(argument, "f")
        return text if "." in text else f"{text}.0"
    if isinstance(argument, Quantity):
        unit = argument.unit if argument.unit in units.CALENDAR_UNITS else f"'{argument.unit}'"
        return f"{argument.value:f} {unit}"
    if isinstance(argument, Ratio):
        return f"{to_string(argument.numerator)}:{to_string(argument.denominator)}"
    if isinstance(argument, Date | DateTime | Time):
        return str(argument)
    raise _undefined("ToString", argument)


def to_chars(argument: str | None) -> list[str] | None:
    """Return the characters of a string as a list."""
    return None if argument is None else list(argument)


def _text(argument: Any, operator: str) -> str:
    if isinstance(argument, str):
        return argument
    raise _undefined(operator, argument)


def _undefined(operator: str, argument: Any) -> EvaluationError:
    return EvaluationError(f"{operator} is not defined for {type_name(argument)}")


def _converts(argument: Any, conversion: Callable[[Any], Any]) -> bool | None:
    if argument is None:
        return None
    try:
        return conversion(argument) is not None
    except EvaluationError:
        return False


def converts_to_boolean(argument: Any) -> bool | None:
    """Return whether `to_boolean` gives a value."""
    return _converts(argument, to_boolean)


def converts_to_integer(argument: Any) -> bool | None:
    """Return whether `to_integer` gives a value."""
    return _converts(argument, to_integer)


def converts_to_long(argument: Any) -> bool | None:
    """Return whether `to_long` gives a value."""
    return _converts(argument, to_long)


def converts_to_decimal(argument: Any) -> bool | None:
    """Return whether `to_decimal` gives a value."""
    return _converts(argument, to_decimal)


def converts_to_quantity(argument: Any) -> bool | None:
    """Return whether `to_quantity` gives a value."""
    return _converts(argument, to_quantity)


def converts_to_ratio(argument: Any) -> bool | None:
    """Return whether `to_ratio` gives a value."""
    return _converts(argument, to_ratio)


def converts_to_date(argument: Any) -> bool | None:
    """Return whether `to_date` gives a value."""
    return _converts(argument, to_date)


def converts_to_date_time(argument: Any) -> bool | None:
    """Return whether `to_date_time` gives a value."""
    return _converts(argument, to_date_time)


def converts_to_time(argument: Any) -> bool | None:
    """Return whether `to_time` gives a value."""
    return _converts(argument, to_time)


def converts_to_string(argument: Any) -> bool | None:
    """Return whether `to_string` gives a value."""
    return _converts(argument, to_string)
