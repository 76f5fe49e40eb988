"""`lowBoundary`, `highBoundary` and `precision`: what a value of limited precision may mean.

A precision counts digits: decimal places of a number; 4, 6 or 8 of a date; up to 17 of a date-time; up to 9 of a time.
A date-time without an offset may have been anywhere: the earliest clock is +14:00, the latest -12:00.
https://hl7.org/fhirpath/#lowboundaryprecision-integer-decimal--date--datetime--time
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath.functions.arguments import empty_in_empty_out, whole
from cds.engine.fhirpath.values.elements import type_of
from cds.engine.runtime.calendar_units import DAY, DAY_MS, HOUR
from cds.engine.runtime.decimals import WIDE, decimal_places
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.temporal_parts import date_at, date_time_at, time_at
from cds.engine.runtime.values import Quantity

_DEFAULT = -1000
_MOST_PLACES = 28
_DEFAULT_PLACES = 8
_DATE_DIGITS = {4: 0, 6: 1, 8: 2, 10: 3, 12: 4, 14: 5, 17: 6}
_TIME_DIGITS = {2: 3, 4: 4, 6: 5, 9: 6}
_DIGITS_OF_DATE = {rank: digits for digits, rank in _DATE_DIGITS.items()}
_DIGITS_OF_TIME = {rank: digits for digits, rank in _TIME_DIGITS.items()}
_EARLIEST_CLOCK, _LATEST_CLOCK = Decimal(14), Decimal(-12)


def low_boundary(value: Any, precision: Any = _DEFAULT) -> Any:
    """Give the least value meant, to a precision; empty where the type does not have that precision."""
    return _boundary(value, precision, False)


def high_boundary(value: Any, precision: Any = _DEFAULT) -> Any:
    """Give the greatest value meant, to a precision; empty where the type does not have that precision."""
    return _boundary(value, precision, True)


@empty_in_empty_out
def _boundary(value: Any, precision: Any, high: bool) -> Any:
    digits = whole(precision, "highBoundary" if high else "lowBoundary")
    if isinstance(value, Quantity):
        number = _decimal_boundary(value.value, digits, high)
        return None if number is None else Quantity(number, value.unit)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _decimal_boundary(Decimal(value), digits, high)
    milliseconds = value.last if high and isinstance(value, Date | DateTime | Time) else getattr(value, "first", 0)
    if isinstance(value, Time):
        rank = _TIME_DIGITS.get(9 if digits == _DEFAULT else digits)
        return None if rank is None else time_at(milliseconds, rank)
    if isinstance(value, Date):
        rank = _DATE_DIGITS.get(8 if digits == _DEFAULT else digits)
        return None if rank is None or rank > DAY else date_at(milliseconds // DAY_MS, rank)
    if isinstance(value, DateTime):
        rank = _DATE_DIGITS.get(17 if digits == _DEFAULT else digits)
        offset = value.offset if value.offset is not None else _LATEST_CLOCK if high else _EARLIEST_CLOCK
        return None if rank is None else date_time_at(milliseconds, rank, offset if rank >= HOUR else None)
    message = f"a {type_of(value)} has no boundaries"
    raise EvaluationError(message)


def _decimal_boundary(value: Decimal, digits: int, high: bool) -> Decimal | None:
    places = _DEFAULT_PLACES if digits == _DEFAULT else digits
    if not 0 <= places <= _MOST_PLACES:
        return None
    half = Decimal(5).scaleb(-decimal_places(value) - 1)
    step = Decimal(1).scaleb(-places)
    outward = high if value > 0 else not high if value < 0 else True
    size = WIDE.add(abs(value), half) if outward else WIDE.subtract(abs(value), half)
    size = size.quantize(step, ROUND_HALF_UP if outward else ROUND_DOWN, WIDE)
    return -size if value < 0 or (value == 0 and not high) else size


@empty_in_empty_out
def precision(value: Any) -> int:
    """Count the digits of precision: decimal places, or digits of a date or time."""
    if isinstance(value, Time):
        return _DIGITS_OF_TIME[value.rank]
    if isinstance(value, Date | DateTime):
        return _DIGITS_OF_DATE[value.rank]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return decimal_places(Decimal(value))
    message = f"a {type_of(value)} has no precision"
    raise EvaluationError(message)
