"""Union, intersection and difference of two intervals.

The result is null where it would be no single interval, and where it cannot be told whether the two touch. A boundary
that cannot be told becomes an open null one. https://cql.hl7.org/09-b-cqlreference.html#union
"""

from __future__ import annotations

from typing import Any, TypeAlias

from cds.engine.runtime import boundaries
from cds.engine.runtime.interval import Interval, end, start
from cds.engine.runtime.interval_algebra import meets, overlaps
from cds.engine.runtime.point_order import less, less_or_equal

Boundary: TypeAlias = tuple[Any, bool]
_UNKNOWN: Boundary = (None, False)


def interval_union(left: Interval | None, right: Interval | None) -> Interval | None:
    """ELM Union: from the earlier start to the later end of two intervals that overlap or meet."""
    if left is None or right is None or not (overlaps(left, right) or meets(left, right)):
        return None
    earlier = _in_order(start(left), start(right))
    return made(_chosen(earlier, low_boundary(left), low_boundary(right)), later_end(left, right), left.point_type)


def interval_intersect(left: Interval | None, right: Interval | None) -> Interval | None:
    """ELM Intersect: what two overlapping intervals have in common."""
    if left is None or right is None or not overlaps(left, right):
        return None
    return made(
        _chosen(_in_order(start(left), start(right)), low_boundary(right), low_boundary(left)),
        _chosen(_in_order(end(left), end(right)), high_boundary(left), high_boundary(right)),
        left.point_type,
    )


def interval_except(left: Interval | None, right: Interval | None) -> Interval | None:
    """ELM Except: the part of left that right does not cover; null if nothing is left over, or two parts are."""
    if left is None or right is None:
        return None
    shared = overlaps(left, right)
    if not shared:
        return None if shared is None else left
    before_right, after_right = less(start(left), start(right)), less(end(right), end(left))
    if before_right and after_right is False:
        return made(low_boundary(left), (boundaries.predecessor(start(right)), True), left.point_type)
    if after_right and before_right is False:
        return made((boundaries.successor(end(right)), True), high_boundary(left), left.point_type)
    return None


def low_boundary(argument: Interval) -> Boundary:
    """Return (value, closed) with an open known boundary turned into a closed one."""
    return (None, argument.low_closed) if argument.low is None else (start(argument), True)


def high_boundary(argument: Interval) -> Boundary:
    """Return (value, closed); as `low_boundary`."""
    return (None, argument.high_closed) if argument.high is None else (end(argument), True)


def later_end(left: Interval, right: Interval) -> Boundary:
    """Return the later of two ends, or the unknown boundary."""
    return _chosen(_in_order(end(left), end(right)), high_boundary(right), high_boundary(left))


def made(low: Boundary, high: Boundary, point_type: str | None) -> Interval:
    """Return the interval of two boundaries."""
    return Interval(low[0], high[0], low[1], high[1], point_type)


def _in_order(first: Any, second: Any) -> bool | None:
    """Return whether the first may stand for the lesser of the two; of uncertain ones, either order may be certain."""
    if less_or_equal(first, second):
        return True
    return False if less_or_equal(second, first) else None


def _chosen(condition: bool | None, if_true: Boundary, if_false: Boundary) -> Boundary:
    if condition is None:
        return _UNKNOWN
    return if_true if condition else if_false
