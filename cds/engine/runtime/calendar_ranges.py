"""Which milliseconds calendar components mean: the first and the last, for whatever precision they give.

Days count from 1, the first of January of the year 1; times from midnight. Components that do not exist, or leave one
out before a finer one, are an EvaluationError.
"""

from __future__ import annotations

import datetime

from cds.engine.errors import EvaluationError
from cds.engine.runtime.calendar_units import DAY, DAY_MS, HOUR, MILLISECOND, MINUTE, MONTH, SECOND, UNIT_MS, YEAR


def days_range(year: int, month: int | None, day: int | None) -> tuple[int, int, int]:
    """Return the rank and the first and last millisecond of a year, month or day, counted from the day 0000-12-31."""
    try:
        if day is not None:
            if month is None:
                raise EvaluationError("a date with a day needs its month")
            first = datetime.date(year, month, day).toordinal() * DAY_MS
            return DAY, first, first + DAY_MS - 1
        if month is None:
            first = datetime.date(year, 1, 1).toordinal()
            return YEAR, first * DAY_MS, (datetime.date(year, 12, 31).toordinal() + 1) * DAY_MS - 1
        first = datetime.date(year, month, 1).toordinal()
        return MONTH, first * DAY_MS, (first + days_in_month(year, month)) * DAY_MS - 1
    except ValueError:
        raise EvaluationError("there is no such date: years run from 1 to 9999") from None


def days_in_month(year: int, month: int) -> int:
    """Return 28 to 31."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def time_range(hour: int, minute: int | None, second: int | None, millisecond: int | None) -> tuple[int, int, int]:
    """Return the rank and the first and last millisecond of the day."""
    rank, first, proper = HOUR, hour * UNIT_MS[HOUR], 0 <= hour <= 23
    if minute is not None:
        rank, first, proper = MINUTE, first + minute * UNIT_MS[MINUTE], proper and 0 <= minute <= 59
        if second is not None:
            rank, first, proper = SECOND, first + second * UNIT_MS[SECOND], proper and 0 <= second <= 59
            if millisecond is not None:
                rank, first, proper = MILLISECOND, first + millisecond, proper and 0 <= millisecond <= 999
        elif millisecond is not None:
            raise EvaluationError("a time with milliseconds needs its seconds")
    elif second is not None or millisecond is not None:
        raise EvaluationError("a time with seconds needs its minutes")
    if not proper:
        raise EvaluationError("there is no such time of day")
    return rank, first, first + UNIT_MS[rank] - 1
