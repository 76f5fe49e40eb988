"""The clock of the evaluation, parts of dates and times, and the time between two of them.

https://hl7.org/fhirpath/#current-date-and-time-functions and #extract-datedatetimetime-components
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath.functions.arguments import empty_in_empty_out, mismatch, text
from cds.engine.run import Run
from cds.engine.runtime.durations import difference_between, duration_between
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.temporal_parts import date_from, time_from

_DATE_UNITS = frozenset(("year", "month", "week", "day"))
_TIME_UNITS = frozenset(("hour", "minute", "second", "millisecond"))


def now(run: Run) -> DateTime:
    """Give the moment of the evaluation, the same throughout."""
    moment: DateTime = run.now
    return moment


def today(run: Run) -> Date:
    """Give the day of the evaluation, on the clock of `now`."""
    return Date(run.now.year, run.now.month, run.now.day)


def time_of_day(run: Run) -> Time:
    """Give the time of day of the evaluation, on the clock of `now`."""
    return Time(run.now.hour, run.now.minute, run.now.second, run.now.millisecond)


def component(name: str) -> Callable[[Any], Any]:
    """Make the function for one component ("year" … "millisecond"); empty where the value does not have it."""

    @empty_in_empty_out
    def read(value: Any) -> int | None:
        found: int | None = getattr(value, name, None) if isinstance(value, Date | DateTime | Time) else None
        return found

    return read


@empty_in_empty_out
def timezone_offset_of(value: Any) -> Decimal | None:
    """Give the offset from UTC in hours."""
    return value.offset if isinstance(value, DateTime) else None


@empty_in_empty_out
def date_of(value: Any) -> Date | None:
    """Give the calendar date as written."""
    return date_from(value) if isinstance(value, Date | DateTime) else None


@empty_in_empty_out
def time_of(value: Any) -> Time | None:
    """Give the time of day as written."""
    return time_from(value) if isinstance(value, DateTime) else None


@empty_in_empty_out
def duration(start: Any, end: Any, unit: Any) -> int | None:
    """Count the whole periods from start to end; empty where a value is not precise enough."""
    return _certain(duration_between(*_span(start, end, unit, "duration")))


@empty_in_empty_out
def difference(start: Any, end: Any, unit: Any) -> int | None:
    """Count the boundaries crossed from start to end; empty where a value is not precise enough."""
    return _certain(difference_between(*_span(start, end, unit, "difference")))


def _span(start: Any, end: Any, unit: Any, function: str) -> tuple[Any, Any, str]:
    for value in (start, end):
        if not isinstance(value, Date | DateTime | Time):
            raise mismatch(value, function, "dates or times")
    allowed = _TIME_UNITS if isinstance(start, Time) else _DATE_UNITS
    if isinstance(start, DateTime) and isinstance(end, DateTime):
        allowed = _DATE_UNITS | _TIME_UNITS
    word = text(unit, function).removesuffix("s")
    if isinstance(start, Time) is not isinstance(end, Time) or word not in allowed:
        message = f"{function}() cannot count {unit!r} between these"
        raise EvaluationError(message)
    return start, end, word


def _certain(count: Any) -> int | None:
    return count if isinstance(count, int) else None
