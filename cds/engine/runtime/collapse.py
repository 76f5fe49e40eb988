"""Collapse: the fewest intervals that cover what a list of intervals covers.

Two intervals become one when the second starts no later than one step after the first ends. The step is `per`, or else
the point type's own: for dates and times the coarsest precision found in the list.
https://cql.hl7.org/09-b-cqlreference.html#collapse
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.runtime import boundaries, point_order, units
from cds.engine.runtime.calendar_units import PRECISIONS, OutOfRange, step_of
from cds.engine.runtime.interval import Interval, end, start
from cds.engine.runtime.interval_sets import high_boundary, later_end, low_boundary, made
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.temporal_arithmetic import add_units
from cds.engine.runtime.uncertainty import bounds
from cds.engine.runtime.values import Quantity


def collapse(operand: Sequence[Interval | None] | None, per: Quantity | None = None) -> list[Interval] | None:
    """ELM Collapse: merged intervals by start; nulls and intervals of which nothing is known are left out.

    An interval that may or may not touch its neighbour stays by itself. Raises EvaluationError for a `per` whose unit
    does not fit.
    """
    if operand is None:
        return None
    known = [item for item in given_intervals(operand) if not _says_nothing(item)]
    unbounded = next((item for item in known if item.low is None and item.high is None and start(item) is None), None)
    if unbounded is not None:
        return [unbounded]
    merged: list[Interval] = []
    reach, precision = _step(known, per)
    for item in sorted(known, key=cmp_to_key(_by_start)):
        if merged and _touches(merged[-1], item, reach, precision):
            merged[-1] = made(low_boundary(merged[-1]), later_end(merged[-1], item), item.point_type)
        else:
            merged.append(made(low_boundary(item), high_boundary(item), item.point_type))
    return merged


def given_intervals(operand: Any) -> list[Interval]:
    """Return the intervals of a list without its nulls. Raises EvaluationError for anything else."""
    if not isinstance(operand, list) or not all(item is None or isinstance(item, Interval) for item in operand):
        raise EvaluationError("only a list of intervals can be collapsed or expanded")
    return [item for item in operand if item is not None]


def _says_nothing(item: Interval) -> bool:
    return item.low is None and item.high is None and not (item.low_closed and item.high_closed)


def _by_start(left: Interval, right: Interval) -> int:
    return point_order.compare(bounds(start(left))[0], bounds(start(right))[0]) or 0


def _touches(earlier: Interval, later: Interval, reach: Callable[[Any], Any], precision: str | None) -> bool:
    try:
        reached = reach(bounds(end(earlier))[0])
    except OutOfRange:
        return True  # The first runs to the last value of its type: nothing lies beyond it.
    return point_order.less_or_equal(start(later), reached, precision) is True


def _step(items: Sequence[Interval], per: Quantity | None) -> tuple[Callable[[Any], Any], str | None]:
    """Return how to go one step on from a point, and the precision to compare to."""
    points = boundary_points(items)
    if points and isinstance(points[0], Date | DateTime | Time):
        if per is None:
            rank, count = min(point.rank for point in points), 1
        else:
            rank, count = step_of(per.unit)
            count *= int(per.value)
        return lambda point: add_units(point, count, rank), PRECISIONS[rank]
    if per is None:
        return boundaries.successor, None
    if any(not isinstance(point, Quantity) for point in points) and per.unit not in ("1", ""):
        raise EvaluationError("numbers are collapsed per a plain number, without a unit")
    return lambda point: _plus(point, per), None


def boundary_points(items: Iterable[Interval]) -> list[Any]:
    """Return the boundaries that are not null, of uncertain ones both bounds; EvaluationError for unlike types."""
    points = [edge for item in items for point in (item.low, item.high) if point is not None for edge in bounds(point)]
    if points and any(_kind(point) is not _kind(points[0]) for point in points):
        raise EvaluationError("intervals of different types cannot be collapsed or expanded together")
    return points


def _kind(point: Any) -> type:
    if isinstance(point, Date | DateTime):
        return Date
    return int if isinstance(point, int | Decimal) else type(point)


def _plus(point: Any, per: Quantity) -> Any:
    if not isinstance(point, Quantity):
        return point + per.value
    size = units.convert(per.value, per.unit, point.unit)
    if size is None:
        raise EvaluationError("the intervals and the unit they are collapsed per have nothing in common")
    return Quantity(point.value + size, point.unit)
