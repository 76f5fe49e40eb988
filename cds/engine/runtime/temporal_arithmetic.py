"""Adding durations to dates and times and taking them away, by the calendar.

A month added to 31 January is the last day of February. A duration finer than the value is first turned into the
value's own precision and cut: 2014 + 18 months is 2015. https://cql.hl7.org/09-b-cqlreference.html#add-1
"""

from __future__ import annotations

from typing import TypeVar, cast

from cds.engine.errors import EvaluationError
from cds.engine.runtime.calendar_ranges import days_in_month
from cds.engine.runtime.calendar_units import (
    DAY,
    DAY_MS,
    HOUR,
    MILLISECOND,
    MONTH,
    PRECISIONS,
    SECOND,
    UNIT_MS,
    YEAR,
    OutOfRange,
    step_of,
)
from cds.engine.runtime.temporal import Date, DateTime, Temporal, Time
from cds.engine.runtime.temporal_parts import date_at, date_time_at, time_at
from cds.engine.runtime.values import Quantity

_T = TypeVar("_T", Date, DateTime, Time)
_DAYS_PER_MONTH, _DAYS_PER_YEAR, _MONTHS_PER_YEAR = 30, 365, 12
_LARGEST_COUNT = 10**15
_TEMPORAL = frozenset({Date, DateTime, Time})


def add(value: _T | None, duration: Quantity | None) -> _T | None:
    """Return the value moved by a duration such as 3 days; fractions count only for seconds.

    Raises EvaluationError for a unit the type does not have, for UCUM's `a` and `mo`, and beyond the years 1 to 9999.
    """
    if value is None or duration is None:
        return None
    return _moved(value, duration, 1)


def subtract(value: _T | None, duration: Quantity | None) -> _T | None:
    """As `add`, backwards."""
    if value is None or duration is None:
        return None
    return _moved(value, duration, -1)


def add_units(value: Temporal, count: int, rank: int) -> Temporal:
    """Return the value moved by whole units of a rank; finer ones than the value's precision are cut to it."""
    if rank > value.rank:
        count = _coarsened(count, rank, value.rank)
        rank = value.rank
    if isinstance(value, Time):
        return time_at(value.first + count * UNIT_MS[rank], value.rank)
    if rank <= MONTH:
        months = count * _MONTHS_PER_YEAR if rank == YEAR else count
        return _date_months_on(value, months) if isinstance(value, Date) else _date_time_months_on(value, months)
    if isinstance(value, Date):
        return date_at(value.first // DAY_MS + count, value.rank)
    return date_time_at(value.first + count * UNIT_MS[rank], value.rank, value.offset)


def _moved(value: _T, duration: Quantity, direction: int) -> _T:
    if type(value) not in _TEMPORAL or type(duration) is not Quantity:
        message = f"a {type(duration).__name__} cannot be added to a {type(value).__name__}"
        raise EvaluationError(message)
    rank, per_unit = step_of(duration.unit)
    amount = duration.value * direction
    if isinstance(value, Date) and rank > DAY:
        raise EvaluationError("a Date moves by years, months, weeks or days; for hours, make it a DateTime")
    if isinstance(value, Time) and rank < HOUR:
        raise EvaluationError("a Time moves by hours, minutes, seconds or milliseconds")
    if rank == SECOND and value.rank == MILLISECOND:
        rank, amount = MILLISECOND, amount * UNIT_MS[SECOND]
    if abs(amount) > _LARGEST_COUNT:
        message = f"that many {PRECISIONS[rank]}s are beyond the years 1 to 9999"
        raise OutOfRange(message)
    return cast("_T", add_units(value, int(amount) * per_unit, rank))


def _coarsened(count: int, rank: int, target: int) -> int:
    """Return whole units of a coarser rank, cut towards zero: a month counts 30 days, a year 365 days or 12 months."""
    size = abs(count)
    if rank >= HOUR:
        reached = max(target, DAY)
        size = size * UNIT_MS[rank] // UNIT_MS[reached]
        rank = reached
    if rank == DAY and target < DAY:
        size //= _DAYS_PER_MONTH if target == MONTH else _DAYS_PER_YEAR
    elif rank == MONTH and target == YEAR:
        size //= _MONTHS_PER_YEAR
    return size if count >= 0 else -size


def _date_months_on(value: Date, months: int) -> Date:
    year, month, day = _months_on(value, months)
    return Date(year, month, day)


def _date_time_months_on(value: DateTime, months: int) -> DateTime:
    return DateTime(
        *_months_on(value, months), value.hour, value.minute, value.second, value.millisecond, offset=value.offset
    )


def _months_on(value: Date | DateTime, months: int) -> tuple[int, int | None, int | None]:
    """Return year, month and day so many months on, with the day held within its new month."""
    year, month = divmod(value.year * _MONTHS_PER_YEAR + (value.month or 1) - 1 + months, _MONTHS_PER_YEAR)
    if not 1 <= year <= 9999:
        raise OutOfRange("the result is beyond the years 1 to 9999")
    if value.month is None:
        return year, None, None
    return year, month + 1, None if value.day is None else min(value.day, days_in_month(year, month + 1))
