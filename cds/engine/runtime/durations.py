"""The time between two dates or times: whole periods elapsed (duration) and boundaries crossed (difference).

Imprecise operands give an Uncertainty from the shortest to the longest possible answer. A day-precision DateTime may be
any instant of its day; a Date is the day itself. https://cql.hl7.org/15-h-timeintervalcalculations.html
"""

from __future__ import annotations

import datetime
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.runtime.calendar_ranges import days_in_month
from cds.engine.runtime.calendar_units import DAY, DAY_MS, HOUR, MILLISECOND, MONTH, RANK, SECOND, UNIT_MS, YEAR
from cds.engine.runtime.temporal import Date, Temporal, Time
from cds.engine.runtime.uncertainty import Uncertainty, bounds, uncertain

_DAYS_PER_WEEK = 7
_FIRST_DAY, _LAST_DAY = datetime.date.min.toordinal(), datetime.date.max.toordinal()


def duration_between(low: Any, high: Any, precision: str) -> int | Uncertainty | None:
    """ELM DurationBetween: the whole years ... milliseconds from low to high; negative when high is earlier.

    `precision` is a unit word or "week". Different offsets count: the time that passed, not the clocks' readings.
    Raises EvaluationError for a unit the operands do not have.
    """
    return _between(low, high, precision, _whole_periods)


def difference_between(low: Any, high: Any, precision: str) -> int | Uncertainty | None:
    """ELM DifferenceBetween: how many year ... millisecond boundaries lie between; weeks begin on Sunday.

    Days and coarser are counted on the calendar as written, hours and finer on one clock. Errors as `duration_between`.
    """
    return _between(low, high, precision, _boundaries)


def _between(low: Any, high: Any, precision: str, count: Any) -> int | Uncertainty | None:
    if low is None or high is None:
        return None
    if low.__class__ is Uncertainty or high.__class__ is Uncertainty:
        (low_first, low_last), (high_first, high_last) = bounds(low), bounds(high)
        shortest = bounds(_between(low_last, high_first, precision, count))[0]
        longest = bounds(_between(low_first, high_last, precision, count))[1]
        return _as_result(shortest, longest)
    rank = _rank_between(low, high, precision)
    weeks = precision == "week"
    dates = isinstance(low, Date) and isinstance(high, Date)
    (low_first, low_last), (high_first, high_last) = _instants(low, dates, rank), _instants(high, dates, rank)
    if rank >= HOUR or count is _whole_periods:
        distance = 0 if low.shift is None or high.shift is None else low.shift - high.shift
        high_first += distance
        high_last += distance
    longest = count(low_first, high_last, rank, weeks)
    if low_first == low_last and high_first == high_last:
        return int(longest)
    return _as_result(count(low_last, high_first, rank, weeks), longest)


def _as_result(shortest: int, longest: int) -> int | Uncertainty:
    result: int | Uncertainty = uncertain(shortest, longest)
    return result


def _instants(value: Temporal, dates: bool, rank: int) -> tuple[int, int]:
    """Return the first and last instant meant; between two Dates time runs in whole days, elsewhere in milliseconds.

    A value given to the second is that second exactly, unless milliseconds are asked for.
    """
    if dates:
        return value.first, value.last - DAY_MS + 1
    if value.rank == SECOND and rank < MILLISECOND:
        return value.first, value.first
    return value.first, value.last


def _rank_between(low: Any, high: Any, precision: str) -> int:
    rank = DAY if precision == "week" else RANK.get(precision)
    of_time = isinstance(low, Time)
    fit = isinstance(low, Temporal) and isinstance(high, Temporal) and of_time is isinstance(high, Time)
    if rank is None or not fit or (of_time and rank < HOUR):
        message = f"there are no {precision}s between a {type(low).__name__} and a {type(high).__name__}"
        raise EvaluationError(message)
    return rank


def _whole_periods(start: int, end: int, rank: int, weeks: bool) -> int:
    if end < start:
        return -_whole_periods(end, start, rank, weeks)
    if rank >= DAY:
        periods = (end - start) // UNIT_MS[rank]
        return periods // _DAYS_PER_WEEK if weeks else periods
    first, last = _date_of(start), _date_of(end)
    months = _months_apart(first, last)
    # The same day of the month, or the month's last day where it has no such day (Appendix H of the specification).
    due = min(first.day, days_in_month(last.year, last.month))
    if (last.day, end % DAY_MS) < (due, start % DAY_MS):
        months -= 1
    return months // 12 if rank == YEAR else months


def _months_apart(first: datetime.date, last: datetime.date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _date_of(instant: int) -> datetime.date:
    """Return the calendar date; another offset may have carried the instant past the calendar's first or last day."""
    return datetime.date.fromordinal(min(max(instant // DAY_MS, _FIRST_DAY), _LAST_DAY))


def _boundaries(start: int, end: int, rank: int, weeks: bool) -> int:
    if rank == MONTH:
        return _months_apart(_date_of(start), _date_of(end))
    if rank == YEAR:
        return _date_of(end).year - _date_of(start).year
    if weeks:
        # Day 7 of the count, 0001-01-07, was a Sunday.
        return end // DAY_MS // _DAYS_PER_WEEK - start // DAY_MS // _DAYS_PER_WEEK
    return end // UNIT_MS[rank] - start // UNIT_MS[rank]
