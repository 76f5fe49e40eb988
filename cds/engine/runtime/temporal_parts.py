"""Building dates and times from components, taking components out of them, and going from one type to another.

https://cql.hl7.org/09-b-cqlreference.html#datetime-1 and #date-and-time-component-from
"""

from __future__ import annotations

import datetime
from decimal import Decimal

from cds.engine.errors import EvaluationError
from cds.engine.runtime.calendar_units import (
    DAY,
    DAY_MS,
    HOUR,
    MILLISECOND,
    MINUTE,
    MONTH,
    RANK,
    SECOND,
    UNIT_MS,
    OutOfRange,
)
from cds.engine.runtime.temporal import Date, DateTime, Temporal, Time, shift_of

_LAST_DAY = datetime.date.max.toordinal()


def date(year: int | None, month: int | None = None, day: int | None = None) -> Date | None:
    """ELM Date: the date of these components; None without a year. Raises EvaluationError for gaps and no such day."""
    return None if year is None else Date(year, month, day)


def date_time(
    year: int | None,
    month: int | None = None,
    day: int | None = None,
    hour: int | None = None,
    minute: int | None = None,
    second: int | None = None,
    millisecond: int | None = None,
    offset: Decimal | int | None = None,
) -> DateTime | None:
    """ELM DateTime; `offset` in hours, the evaluation's own where the author gives none. Errors as for `date`."""
    if year is None:
        return None
    zone = Decimal(offset) if isinstance(offset, int) else offset
    return DateTime(year, month, day, hour, minute, second, millisecond, zone)


def time(
    hour: int | None, minute: int | None = None, second: int | None = None, millisecond: int | None = None
) -> Time | None:
    """ELM Time: None without an hour. Errors as for `date`."""
    return None if hour is None else Time(hour, minute, second, millisecond)


def date_time_component_from(value: Temporal | None, precision: str) -> int | None:
    """ELM DateTimeComponentFrom: one component as written, or None where the value does not have it."""
    if value is None:
        return None
    if precision not in RANK or not isinstance(value, Temporal):
        message = f"a {type(value).__name__} has no component {precision!r}"
        raise EvaluationError(message)
    component: int | None = getattr(value, precision, None)
    return component


def date_from(value: DateTime | Date | None) -> Date | None:
    """ELM DateFrom: the calendar date as written, with as much precision as there is."""
    if value is None or isinstance(value, Date):
        return value
    return Date(value.year, value.month, value.day)


def time_from(value: DateTime | None, offset: Decimal | None = None) -> Time | None:
    """ELM TimeFrom: the time of day on the clock of `offset`, the evaluation's; None for a DateTime without an hour."""
    if value is None:
        return None
    local = value if offset is None else with_offset(value, offset)
    if local.hour is None:
        return None
    return Time(local.hour, local.minute, local.second, local.millisecond)


def timezone_offset_from(value: DateTime | None) -> Decimal | None:
    """ELM TimezoneOffsetFrom: the offset from UTC in hours."""
    return None if value is None else value.offset


def date_time_from_date(value: Date | None, offset: Decimal | None = None) -> DateTime | None:
    """ELM ToDateTime of a Date: the same precision, no time of day, the evaluation's offset."""
    return None if value is None else DateTime(value.year, value.month, value.day, offset=offset)


def with_offset(value: DateTime, offset: Decimal) -> DateTime:
    """Return the same instant on the clock of another offset; a DateTime without an hour keeps its calendar date."""
    if value.offset == offset:
        return value
    if value.rank < HOUR or value.shift is None:
        return DateTime(
            value.year, value.month, value.day, value.hour, value.minute, value.second, value.millisecond, offset
        )
    return date_time_at(value.first - value.shift + shift_of(offset), value.rank, offset)


def widened(value: Temporal, rank: int) -> tuple[Temporal, Temporal]:
    """Return the first and the last value of a finer rank that the value may mean; itself if it is as fine."""
    if isinstance(value, Date):
        rank = min(rank, DAY)
    if value.rank >= rank:
        return value, value
    if isinstance(value, Time):
        return time_at(value.first, rank), time_at(value.last, rank)
    if isinstance(value, Date):
        return date_at(value.first // DAY_MS, rank), date_at(value.last // DAY_MS, rank)
    return date_time_at(value.first, rank, value.offset), date_time_at(value.last, rank, value.offset)


def date_at(day: int, rank: int = DAY) -> Date:
    """Return the Date of an ordinal day (1 is 0001-01-01), down to `rank`."""
    found = _calendar_day(day)
    return Date(found.year, found.month if rank >= MONTH else None, found.day if rank >= DAY else None)


def date_time_at(milliseconds: int, rank: int, offset: Decimal | None) -> DateTime:
    """Return the DateTime that a count of milliseconds means (`first` of a DateTime), down to `rank`."""
    day, rest = divmod(milliseconds, DAY_MS)
    found = _calendar_day(day)
    if rank >= HOUR:
        return DateTime(found.year, found.month, found.day, *_clock(rest, rank), offset)
    month = found.month if rank >= MONTH else None
    return DateTime(found.year, month, found.day if rank >= DAY else None, offset=offset)


def _calendar_day(day: int) -> datetime.date:
    if not 1 <= day <= _LAST_DAY:
        raise OutOfRange("the result is beyond the years 1 to 9999")
    return datetime.date.fromordinal(day)


def time_at(milliseconds: int, rank: int) -> Time:
    """Return the Time that a count of milliseconds means, down to `rank`; it wraps at midnight, as CQL's Time does."""
    return Time(*_clock(milliseconds % DAY_MS, rank))


def _clock(milliseconds: int, rank: int) -> tuple[int, int | None, int | None, int | None]:
    hour, rest = divmod(milliseconds, UNIT_MS[HOUR])
    minute, rest = divmod(rest, UNIT_MS[MINUTE])
    second, millisecond = divmod(rest, UNIT_MS[SECOND])
    return (
        hour,
        minute if rank >= MINUTE else None,
        second if rank >= SECOND else None,
        millisecond if rank >= MILLISECOND else None,
    )
