"""Date, DateTime and Time with the precision they were given, and their order.

A value that says only "2014-01" means some instant of that month. Each value therefore carries the `first` and the
`last` millisecond it may mean, on its own clock, and two values compare by these ranges: apart, the order is certain;
the same range, they are equal; overlapping, nobody knows and the answer is None. That is CQL's comparison component
by component, at the price of three integer comparisons.

Offsets count as CQL says: only when the comparison reaches hours. Calendar days compare as written, whatever their
offset. Seconds and milliseconds are separate precisions, as HL7's CQL tests have it, so that `10:00:00` against
`10:00:00.500` is unknown. https://cql.hl7.org/09-b-cqlreference.html#date-and-time-operators-2
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from cds.engine.errors import EvaluationError
from cds.engine.runtime.calendar_ranges import days_range, time_range
from cds.engine.runtime.calendar_units import (
    DAY,
    DAY_MS,
    HOUR,
    MINUTE,
    MONTH,
    PRECISIONS,
    UNIT_MS,
    YEAR,
    rank_of,
)
from cds.engine.runtime.temporal_writing import date_text, offset_text, time_text

_LARGEST_OFFSET = Decimal(14)


class _Temporal:
    """What the three types share: Python equality by content, and the name of the precision."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def rank(self) -> int: ...
        @property
        def first(self) -> int: ...
        @property
        def offset(self) -> Decimal | None: ...

    @property
    def precision(self) -> str:
        """The finest unit given: "year" ... "millisecond"."""
        return PRECISIONS[self.rank]

    def __eq__(self, other: object) -> bool:
        return (
            self.__class__ is other.__class__
            and isinstance(other, _Temporal)
            and self.first == other.first
            and self.rank == other.rank
            and self.offset == other.offset
        )

    def __hash__(self) -> int:
        return hash((self.__class__.__name__, self.first, self.rank, self.offset))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


@dataclass(frozen=True, slots=True, eq=False, repr=False, init=False)
class Date(_Temporal):
    """A calendar date, a month or a year; years 1 to 9999. Raises EvaluationError for a day that does not exist."""

    year: int
    month: int | None
    day: int | None
    rank: int
    first: int
    last: int

    offset: ClassVar[None] = None
    shift: ClassVar[None] = None

    def __init__(self, year: int, month: int | None = None, day: int | None = None) -> None:
        put = object.__setattr__
        rank, first, last = days_range(year, month, day)
        put(self, "rank", rank)
        put(self, "first", first)
        put(self, "last", last)
        put(self, "year", year)
        put(self, "month", month)
        put(self, "day", day)

    def __str__(self) -> str:
        return date_text(self)


@dataclass(frozen=True, slots=True, eq=False, repr=False, init=False)
class DateTime(_Temporal):
    """A date with a time of day, given down to any precision, and its offset from UTC in hours.

    `shift` is the offset in milliseconds. Raises EvaluationError for a time that does not exist, a gap in the
    components, or an offset beyond 14 hours.
    """

    year: int
    month: int | None
    day: int | None
    hour: int | None
    minute: int | None
    second: int | None
    millisecond: int | None
    offset: Decimal | None
    rank: int
    first: int
    last: int
    shift: int | None

    def __init__(
        self,
        year: int,
        month: int | None = None,
        day: int | None = None,
        hour: int | None = None,
        minute: int | None = None,
        second: int | None = None,
        millisecond: int | None = None,
        offset: Decimal | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "shift", None if offset is None else shift_of(offset))
        rank, first, last = days_range(year, month, day)
        if hour is not None:
            if rank != DAY:
                raise EvaluationError("a DateTime with an hour needs its month and day")
            rank, start, end = time_range(hour, minute, second, millisecond)
            first, last = first + start, first + end
        elif minute is not None or second is not None or millisecond is not None:
            raise EvaluationError("a DateTime with minutes, seconds or milliseconds needs its hour")
        put(self, "rank", rank)
        put(self, "first", first)
        put(self, "last", last)
        put(self, "year", year)
        put(self, "month", month)
        put(self, "day", day)
        put(self, "hour", hour)
        put(self, "minute", minute)
        put(self, "second", second)
        put(self, "millisecond", millisecond)
        put(self, "offset", offset)

    def __str__(self) -> str:
        text = date_text(self)
        if self.rank < HOUR:
            return text
        return f"{text}T{time_text(self)}{offset_text(self.offset)}"


@dataclass(frozen=True, slots=True, eq=False, repr=False, init=False)
class Time(_Temporal):
    """A time of day on no particular day. Raises EvaluationError for a time that does not exist."""

    hour: int
    minute: int | None
    second: int | None
    millisecond: int | None
    rank: int
    first: int
    last: int

    offset: ClassVar[None] = None
    shift: ClassVar[None] = None

    def __init__(
        self, hour: int, minute: int | None = None, second: int | None = None, millisecond: int | None = None
    ) -> None:
        put = object.__setattr__
        rank, first, last = time_range(hour, minute, second, millisecond)
        put(self, "rank", rank)
        put(self, "first", first)
        put(self, "last", last)
        put(self, "hour", hour)
        put(self, "minute", minute)
        put(self, "second", second)
        put(self, "millisecond", millisecond)

    def __str__(self) -> str:
        return time_text(self)


Temporal: TypeAlias = Date | DateTime | Time


def compare(left: Temporal, right: Temporal) -> int | None:
    """Return -1, 0 or 1 as left is before, the same as or after right, or None where their precision leaves it open."""
    if left.__class__ is not right.__class__ and (left.__class__ is Time or right.__class__ is Time):
        raise EvaluationError("a time of day and a date have no order")
    first, last, other_first, other_last = left.first, left.last, right.first, right.last
    shift, other_shift = left.shift, right.shift
    if shift != other_shift and shift is not None and other_shift is not None and max(left.rank, right.rank) >= HOUR:
        # A value without an offset is read on the other one's clock: nothing to move.
        first += other_shift - shift
        last += other_shift - shift
    if last < other_first:
        return -1
    if other_last < first:
        return 1
    return 0 if first == other_first and last == other_last else None


def at_most(left: Temporal, right: Temporal) -> bool | None:
    """Return whether left is before right or the same, None where their precision leaves it open."""
    order = compare(left, right)
    return None if order is None else order <= 0


def compare_at(left: Temporal, right: Temporal, precision: str) -> int | None:
    """Return -1, 0 or 1 by the components down to `precision`, or None when one of them is missing on the way.

    Raises EvaluationError for weeks, and for a time of day compared by year, month or day.
    """
    rank = rank_of(precision)
    if isinstance(left, Time) or isinstance(right, Time):
        if rank < HOUR or left.__class__ is not right.__class__:
            message = f"a time of day has no {precision} to compare"
            raise EvaluationError(message)
    elif rank < HOUR:
        return _compare_calendar(left, right, rank)
    unit = UNIT_MS[rank]
    distance = other_distance = 0
    if left.shift != right.shift and left.shift is not None and right.shift is not None:
        # Different clocks are both read in UTC; equal ones stay, so that half-hour zones keep their own hours.
        distance, other_distance = left.shift, right.shift
    first, last = (left.first - distance) // unit, (left.last - distance) // unit
    other_first, other_last = (right.first - other_distance) // unit, (right.last - other_distance) // unit
    if last < other_first:
        return -1
    if other_last < first:
        return 1
    return 0 if first == last and other_first == other_last else None


def _compare_calendar(left: Date | DateTime, right: Date | DateTime, rank: int) -> int | None:
    if rank == DAY and left.rank >= DAY and right.rank >= DAY:
        day, other_day = left.first // DAY_MS, right.first // DAY_MS
        return (day > other_day) - (day < other_day)
    if left.year != right.year:
        return -1 if left.year < right.year else 1
    if rank == YEAR:
        return 0
    if left.month is None or right.month is None:
        return None
    if left.month != right.month:
        return -1 if left.month < right.month else 1
    # The same month; a day is only reached here when one side does not have it.
    return 0 if rank == MONTH else None


def equal(left: Temporal, right: Temporal) -> bool | None:
    """CQL `=`: None where the precision leaves it open; a time of day is never equal to a date."""
    if (left.__class__ is Time) is not (right.__class__ is Time):
        return False
    order = compare(left, right)
    return None if order is None else order == 0


def equivalent(left: Temporal, right: Temporal) -> bool:
    """CQL `~`: as equal, and different precision is simply not equivalent."""
    return equal(left, right) is True


@lru_cache(256)
def shift_of(offset: Decimal) -> int:
    """Return an offset from UTC, given in hours, in milliseconds. Raises EvaluationError for one beyond 14 hours."""
    if abs(offset) > _LARGEST_OFFSET:
        raise EvaluationError("a timezone offset lies between -14 and +14 hours")
    return round(offset * 60) * UNIT_MS[MINUTE]
