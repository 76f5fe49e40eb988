"""`toX()` and `convertsToX()`: explicit conversion between System types; empty where a value cannot be converted.

https://hl7.org/fhirpath/#conversion
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cds.engine.fhirpath.functions.arguments import empty_in_empty_out, text
from cds.engine.fhirpath.literals import CALENDAR_UNITS, ucum_unit
from cds.engine.fhirpath.values.system import system_value
from cds.engine.runtime import arithmetic, temporal_parts, units
from cds.engine.runtime.quantities import convert_quantity
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.temporal_text import parse_date, parse_date_time, parse_time
from cds.engine.runtime.values import Long, Quantity

_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_QUANTITY = re.compile(r"(?P<value>[+-]?\d+(\.\d+)?)\s*('(?P<unit>[^']+)'|(?P<time>[a-zA-Z]+))?", re.ASCII)
_TRUE = frozenset(("true", "t", "yes", "y", "1", "1.0"))
_FALSE = frozenset(("false", "f", "no", "n", "0", "0.0"))
_LONGEST_NUMBER = 60


@empty_in_empty_out
def to_boolean(value: Any) -> bool | None:
    """Convert true/false, 1/0 and the words for them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.lower()
        return True if word in _TRUE else False if word in _FALSE else None
    if isinstance(value, int | Decimal):
        return True if value == 1 else False if value == 0 else None
    return None


@empty_in_empty_out
def to_integer(value: Any) -> int | None:
    """Convert whole numbers, their text, and booleans."""
    if isinstance(value, str):
        return arithmetic.integer(int(value)) if _fits(_INTEGER, value) else None
    return arithmetic.integer(int(value)) if isinstance(value, int) else None


@empty_in_empty_out
def to_long(value: Any) -> Long | None:
    """Convert as `to_integer`, with 64 bits."""
    if isinstance(value, str):
        return arithmetic.long(int(value)) if _fits(_INTEGER, value) else None
    return arithmetic.long(int(value)) if isinstance(value, int) else None


@empty_in_empty_out
def to_decimal(value: Any) -> Decimal | None:
    """Convert numbers, their text, and booleans."""
    if isinstance(value, str):
        return Decimal(value) if _fits(_DECIMAL, value.removesuffix("L")) and not value.endswith("L") else None
    if isinstance(value, bool):
        return Decimal("1.0") if value else Decimal("0.0")
    return Decimal(value) if isinstance(value, int | Decimal) else None


@empty_in_empty_out
def to_string(value: Any) -> str | None:
    """Write a value as the literal of its type without quotes; quantities keep the quotes of a UCUM unit."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Quantity):
        unit = value.unit if value.unit in CALENDAR_UNITS else f"'{value.unit}'"
        return f"{value.value:f} {unit}"
    return str(value) if isinstance(value, str | int | Date | DateTime | Time) else None


@empty_in_empty_out
def to_date(value: Any) -> Date | None:
    """Convert dates, date-times and their text to the date."""
    if isinstance(value, str):
        return parse_date(value)
    return temporal_parts.date_from(value) if isinstance(value, Date | DateTime) else None


@empty_in_empty_out
def to_date_time(value: Any) -> DateTime | None:
    """Convert date-times, dates (without time) and their text."""
    if isinstance(value, str):
        return parse_date_time(value)
    if isinstance(value, Date):
        return DateTime(value.year, value.month, value.day)
    return value if isinstance(value, DateTime) else None


@empty_in_empty_out
def to_time(value: Any) -> Time | None:
    """Convert times and their text, which has no offset."""
    if isinstance(value, str):
        return None if value.endswith("Z") or "+" in value or "-" in value else parse_time(value)
    return value if isinstance(value, Time) else None


def to_quantity(value: Any, unit: Any = "") -> Quantity | None:
    """Convert quantities, numbers, booleans and text such as `4 days` or `1 'mg'`; to another unit if one is asked for.

    Calendar and UCUM units of time are converted to each other here, and only here: a year is an `a`.
    """
    return _to_quantity(value, unit)


@empty_in_empty_out
def _to_quantity(value: Any, unit: Any) -> Quantity | None:
    quantity = _quantity(value)
    target = text(unit, "toQuantity")
    if quantity is None or not target:
        return quantity
    return convert_quantity(quantity, target) or convert_quantity(
        Quantity(quantity.value, ucum_unit(quantity.unit)), target
    )


def _quantity(value: Any) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, bool):
        return Quantity(Decimal("1.0") if value else Decimal("0.0"))
    if isinstance(value, int | Decimal):
        return Quantity(Decimal(value))
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER or not (match := _QUANTITY.fullmatch(value)):
        return None
    unit = match["unit"] or match["time"] or "1"
    if match["time"] and unit not in CALENDAR_UNITS:
        return None
    return None if units.validate(unit) else Quantity(Decimal(match["value"]), unit)


def _fits(form: re.Pattern[str], value: str) -> bool:
    return len(value) <= _LONGEST_NUMBER and form.fullmatch(value) is not None


def _test_of(convert: Callable[..., Any]) -> Callable[..., bool | None]:
    def converts(value: Any, *arguments: Any) -> bool | None:
        return None if value is None or system_value(value) is None else convert(value, *arguments) is not None

    return converts


converts_to_boolean = _test_of(to_boolean)
converts_to_integer = _test_of(to_integer)
converts_to_long = _test_of(to_long)
converts_to_decimal = _test_of(to_decimal)
converts_to_string = _test_of(to_string)
converts_to_date = _test_of(to_date)
converts_to_date_time = _test_of(to_date_time)
converts_to_time = _test_of(to_time)
converts_to_quantity = _test_of(to_quantity)
