"""HighBoundary, LowBoundary and Precision: what a value may mean when it is written to more digits.

Precision counts digits: decimals after the point (up to 8), 4, 6 or 8 for a Date, up to 17 for a DateTime, up to 9 for
a Time. As in CQL 1.5, digits that are not written are filled: HighBoundary(1.587, 8) is 1.58799999.
https://cql.hl7.org/09-b-cqlreference.html#highboundary
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, TypeVar

from cds.engine.errors import EvaluationError
from cds.engine.runtime.calendar_units import DAY, DAY_MS, HOUR
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.temporal_parts import date_at, date_time_at, time_at

_T = TypeVar("_T", Decimal, Date, DateTime, Time)
_DECIMAL_DIGITS: Final = 8
_DATE_TIME_DIGITS: Final = (4, 6, 8, 10, 12, 14, 17)
_TIME_DIGITS: Final = (2, 4, 6, 9)


def low_boundary(value: _T | None, precision: int | None = None) -> _T | None:
    """ELM LowBoundary: the least value meant, at `precision` digits; None beyond what the type can hold."""
    return _boundary(value, precision, greatest=False)


def high_boundary(value: _T | None, precision: int | None = None) -> _T | None:
    """ELM HighBoundary: the greatest value meant, at `precision` digits; None beyond what the type can hold."""
    return _boundary(value, precision, greatest=True)


def precision(value: Decimal | int | Date | DateTime | Time | None) -> int | None:
    """ELM Precision: how many digits the value is written with."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        return _decimals(value)
    if isinstance(value, Time):
        return _TIME_DIGITS[value.rank - HOUR]
    if isinstance(value, Date | DateTime):
        return _DATE_TIME_DIGITS[value.rank]
    return 0


def _boundary(value: _T | None, digits: int | None, *, greatest: bool) -> _T | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return _decimal_boundary(value, _DECIMAL_DIGITS if digits is None else digits, greatest=greatest)
    if isinstance(value, Time):
        rank = _rank_of_digits(_TIME_DIGITS, digits)
        if rank is None:
            return None
        return time_at(value.last if greatest else value.first, rank + HOUR)
    if isinstance(value, Date):
        rank = _rank_of_digits(_DATE_TIME_DIGITS[: DAY + 1], digits)
        return None if rank is None else date_at((value.last if greatest else value.first) // DAY_MS, rank)
    if isinstance(value, DateTime):
        rank = _rank_of_digits(_DATE_TIME_DIGITS, digits)
        return None if rank is None else date_time_at(value.last if greatest else value.first, rank, value.offset)
    message = f"a {type(value).__name__} has no boundaries"
    raise EvaluationError(message)


def _rank_of_digits(allowed: tuple[int, ...], digits: int | None) -> int | None:
    if digits is None:
        return len(allowed) - 1
    return allowed.index(digits) if digits in allowed else None


def _decimal_boundary(value: Decimal, digits: int, *, greatest: bool) -> Decimal | None:
    if not 0 <= digits <= _DECIMAL_DIGITS:
        return None
    # The digits not written run away from zero, so they raise a positive value and lower a negative one.
    if _decimals(value) < _DECIMAL_DIGITS and greatest is not value.is_signed():
        width = Decimal(1).scaleb(-_decimals(value)) - Decimal(1).scaleb(-_DECIMAL_DIGITS)
        value += width if greatest else -width
    if digits < _decimals(value):
        return value.quantize(Decimal(1).scaleb(-digits), ROUND_CEILING if greatest else ROUND_FLOOR)
    return value.quantize(Decimal(1).scaleb(-digits))


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
