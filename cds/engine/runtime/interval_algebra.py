"""How two intervals, or an interval and a point, lie to each other.

Everything is said with their starts and ends, which may be uncertain, and three-valued logic over the order of points.
`precision` ("day" ...) limits the comparison of dates and times. A null operand makes null, except that no point is in
a null interval. https://cql.hl7.org/09-b-cqlreference.html#interval-operators-3
"""

from __future__ import annotations

from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.runtime import boundaries
from cds.engine.runtime.calendar_units import DAY_MS, UNIT_MS, OutOfRange, rank_of
from cds.engine.runtime.interval import Interval, end, start
from cds.engine.runtime.point_order import less, less_or_equal, same
from cds.engine.runtime.temporal import Date, DateTime, Temporal, Time, at_most
from cds.engine.runtime.temporal_arithmetic import add_units
from cds.engine.runtime.temporal_parts import widened
from cds.engine.runtime.uncertainty import bounds, uncertain
from cds.engine.runtime.values import type_name


def first_point(operand: Any) -> Any:
    """Return where an interval starts, or the point itself."""
    return start(operand) if operand.__class__ is Interval else operand


def last_point(operand: Any) -> Any:
    """Return where an interval ends, or the point itself."""
    return end(operand) if operand.__class__ is Interval else operand


def before(left: Any, right: Any, precision: str | None = None) -> bool | None:
    """ELM Before of intervals and points: left ends before right starts."""
    return less(last_point(left), first_point(right), precision)


def after(left: Any, right: Any, precision: str | None = None) -> bool | None:
    """ELM After of intervals and points: left starts after right ends."""
    return less(last_point(right), first_point(left), precision)


def same_or_before(left: Any, right: Any, precision: str | None = None) -> bool | None:
    """ELM SameOrBefore of intervals and points: left ends on or before the start of right."""
    if precision is None and left.__class__ is DateTime and right.__class__ is DateTime:
        return at_most(left, right)
    return less_or_equal(last_point(left), first_point(right), precision)


def same_or_after(left: Any, right: Any, precision: str | None = None) -> bool | None:
    """ELM SameOrAfter of intervals and points: left starts on or after the end of right."""
    if precision is None and left.__class__ is DateTime and right.__class__ is DateTime:
        return at_most(right, left)
    return less_or_equal(last_point(right), first_point(left), precision)


def same_as(left: Any, right: Any, precision: str | None = None) -> bool | None:
    """ELM SameAs of intervals and points: the same start and the same end."""
    return _both(
        same(first_point(left), first_point(right), precision), same(last_point(left), last_point(right), precision)
    )


def interval_contains(container: Interval | None, point: Any, precision: str | None = None) -> bool | None:
    """ELM Contains: an open boundary is compared exclusively, a closed null one is always met."""
    if container is None:
        return False
    if point is None:
        return None
    low, high = container.low, container.high
    if low is None:
        from_low = True if container.low_closed else less_or_equal(start(container), point, precision)
    elif container.low_closed:
        from_low = less_or_equal(low, point, precision)
    else:
        from_low = less(low, point, precision)
    if from_low is False:
        return False
    if high is None:
        to_high = True if container.high_closed else less_or_equal(point, end(container), precision)
    elif container.high_closed:
        to_high = less_or_equal(point, high, precision)
    else:
        to_high = less(point, high, precision)
    return _both(from_low, to_high)


def interval_properly_contains(container: Interval | None, point: Any, precision: str | None = None) -> bool | None:
    """ELM ProperContains: the point lies after the start and before the end."""
    if container is None:
        return False
    return _both(less(start(container), point, precision), less(point, end(container), precision))


def interval_includes(left: Interval | None, right: Interval | None, precision: str | None = None) -> bool | None:
    """ELM Includes: left starts no later and ends no earlier than right."""
    return _both(less_or_equal(start(left), start(right), precision), less_or_equal(end(right), end(left), precision))


def interval_properly_includes(
    left: Interval | None, right: Interval | None, precision: str | None = None
) -> bool | None:
    """ELM ProperIncludes: left includes right and is not the same interval."""
    unlike = same_as(left, right, precision)
    return _both(interval_includes(left, right, precision), None if unlike is None else not unlike)


def overlaps(left: Interval | None, right: Interval | None, precision: str | None = None) -> bool | None:
    """ELM Overlaps: the two have a point in common."""
    return _both(less_or_equal(start(left), end(right), precision), less_or_equal(start(right), end(left), precision))


def overlaps_before(left: Interval | None, right: Interval | None, precision: str | None = None) -> bool | None:
    """ELM OverlapsBefore: the two overlap and left starts first."""
    return _both(less(start(left), start(right), precision), overlaps(left, right, precision))


def overlaps_after(left: Interval | None, right: Interval | None, precision: str | None = None) -> bool | None:
    """ELM OverlapsAfter: the two overlap and left ends last."""
    return _both(less(end(right), end(left), precision), overlaps(left, right, precision))


def meets_before(left: Interval | None, right: Interval | None, precision: str | None = None) -> bool | None:
    """ELM MeetsBefore: left ends immediately before right starts."""
    return _adjoins(end(left), start(right), precision)


def meets_after(left: Interval | None, right: Interval | None, precision: str | None = None) -> bool | None:
    """ELM MeetsAfter: left starts immediately after right ends."""
    return _adjoins(end(right), start(left), precision)


def meets(left: Interval | None, right: Interval | None, precision: str | None = None) -> bool | None:
    """ELM Meets: one ends immediately before the other starts."""
    earlier = meets_before(left, right, precision)
    if earlier:
        return True
    later = meets_after(left, right, precision)
    return True if later else (None if earlier is None or later is None else False)


def starts(left: Interval | None, right: Interval | None, precision: str | None = None) -> bool | None:
    """ELM Starts: the same start, and left ends no later than right."""
    return _both(same(start(left), start(right), precision), less_or_equal(end(left), end(right), precision))


def ends(left: Interval | None, right: Interval | None, precision: str | None = None) -> bool | None:
    """ELM Ends: the same end, and left starts no earlier than right."""
    return _both(less_or_equal(start(right), start(left), precision), same(end(left), end(right), precision))


def _both(first: bool | None, second: bool | None) -> bool | None:
    if first is False or second is False:
        return False
    return True if first and second else None


def _adjoins(last: Any, following: Any, precision: str | None) -> bool | None:
    """Return whether `following` is the next point after `last`, at the precision asked for or the finer of theirs."""
    if last is None or following is None:
        return None
    (low, high), other = bounds(last), bounds(following)[0]
    if isinstance(low, Date | DateTime | Time):
        if not isinstance(other, Date | DateTime | Time):
            message = f"a {type_name(low)} and a {type_name(other)} do not meet"
            raise EvaluationError(message)
        rank = max(low.rank, other.rank) if precision is None else rank_of(precision)
        # An end coarser than that may be any of the finer points within it.
        next_low, next_high = _unit_after(widened(low, rank)[0], rank), _unit_after(widened(high, rank)[1], rank)
    else:
        next_low, next_high = _successor(low), _successor(high)
    if next_low is None:
        return False
    return same(uncertain(next_low, high if next_high is None else next_high), following, precision)


def _unit_after(point: Temporal, rank: int) -> Temporal | None:
    """Return the point one unit on, or None beyond the calendar or midnight."""
    rank = min(rank, point.rank)
    if isinstance(point, Time) and point.first + UNIT_MS[rank] >= DAY_MS:
        return None
    try:
        return add_units(point, 1, rank)
    except OutOfRange:
        return None


def _successor(point: Any) -> Any:
    try:
        return boundaries.successor(point)
    except OutOfRange:
        return None
