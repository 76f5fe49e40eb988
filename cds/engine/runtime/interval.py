"""Intervals of any ordered type, and what can be asked of one alone.

A null boundary means two things: closed, the interval runs to the end of its type ("still going on"); open, there is
an end but nobody knows where. The first gives the type's least or greatest value, the second an Uncertainty, and the
operators of `interval_algebra` then need no special cases. https://cql.hl7.org/09-b-cqlreference.html#start
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.runtime import boundaries, point_order, temporal, units
from cds.engine.runtime.uncertainty import Uncertainty, bounds
from cds.engine.runtime.values import DECIMAL_STEP, Long, Quantity


@dataclass(frozen=True, slots=True)
class Interval:
    """The points from `low` to `high`. `point_type` ("Integer", "Date" ...) is needed only if both are null."""

    low: Any
    high: Any
    low_closed: bool = True
    high_closed: bool = True
    point_type: str | None = field(default=None, compare=False, repr=False)


def interval(
    low: Any, high: Any, low_closed: bool = True, high_closed: bool = True, *, point_type: str | None = None
) -> Interval:
    """ELM Interval: the interval of these boundaries. Raises EvaluationError when its end lies before its start."""
    made = Interval(low, high, low_closed, high_closed, point_type)
    if low is not None and high is not None and point_order.less(end(made), start(made)):
        raise EvaluationError("an interval may not end before it starts")
    return made


def start(argument: Interval | None) -> Any:
    """ELM Start: the first point, an Uncertainty for an open null boundary, None when the type is unknown."""
    if argument.__class__ is not Interval:
        return _none_or_refused(argument)
    if argument.low is not None:
        return argument.low if argument.low_closed else boundaries.successor(argument.low)
    least = _limit(argument, argument.high, boundaries.least_like, boundaries.min_value)
    if argument.low_closed or least is None:
        return least
    return Uncertainty(least, bounds(_known_end(argument))[1])


def end(argument: Interval | None) -> Any:
    """ELM End: the last point; as `start`."""
    if argument.__class__ is not Interval:
        return _none_or_refused(argument)
    if argument.high is not None:
        return argument.high if argument.high_closed else boundaries.predecessor(argument.high)
    greatest = _limit(argument, argument.low, boundaries.greatest_like, boundaries.max_value)
    if argument.high_closed or greatest is None:
        return greatest
    first = argument.low
    if first is None:
        first = _limit(argument, None, boundaries.least_like, boundaries.min_value)
    elif not argument.low_closed:
        first = boundaries.successor(first)
    return Uncertainty(first, greatest)


def _none_or_refused(argument: Any) -> None:
    if argument is not None:
        message = f"a {type(argument).__name__} is no interval"
        raise EvaluationError(message)


def _known_end(argument: Interval) -> Any:
    """Return the end of an interval whose start is unknown: the type's greatest value where the end is unknown too."""
    if argument.high is None:
        return _limit(argument, None, boundaries.greatest_like, boundaries.max_value)
    return end(argument)


def _limit(argument: Interval, other: Any, like: Any, named: Any) -> Any:
    if other is not None:
        return like(other)
    return None if argument.point_type is None else named(argument.point_type)


def width(argument: Interval | None) -> Any:
    """ELM Width: end minus start of an interval of numbers or quantities; None if an end is unknown.

    Raises EvaluationError for dates and times, whose width is a duration.
    """
    if argument is None:
        return None
    first, last = start(argument), end(argument)
    if first is None or last is None or Uncertainty in (type(first), type(last)):
        return None
    if isinstance(first, Quantity):
        least = units.convert(first.value, first.unit, last.unit)
        return None if least is None else Quantity(last.value - least, last.unit)
    if not isinstance(first, int | Decimal):
        raise EvaluationError("only numbers and quantities have a width or size; of dates ask for a duration")
    return last - first if isinstance(last, Decimal) else type(last)(last - first)


def size(argument: Interval | None) -> Any:
    """ELM Size: the width and one point more. Errors as `width`."""
    found = width(argument)
    if found is None:
        return None
    if isinstance(found, Quantity):
        return Quantity(found.value + DECIMAL_STEP, found.unit)
    if isinstance(found, Decimal):
        return found + DECIMAL_STEP
    return Long(found + 1) if isinstance(found, Long) else found + 1


def point_from(argument: Interval | None) -> Any:
    """ELM PointFrom: the only point of the interval. Raises EvaluationError if it has more than one."""
    if argument is None:
        return None
    first, last = start(argument), end(argument)
    one_point = point_order.same(first, last)
    if one_point is None:
        return None
    if not one_point:
        raise EvaluationError("the interval has more than one point")
    return first


def equal(left: Interval, right: Interval) -> bool | None:
    """CQL `=`: the same start and the same end; None when that cannot be told."""
    starts = point_order.same(start(left), start(right)) if _comparable(left, right) else False
    if starts is False:
        return False
    ends = point_order.same(end(left), end(right))
    if ends is False:
        return False
    return True if starts and ends else None


def equivalent(left: Interval, right: Interval) -> bool:
    """CQL `~`: as equal, and what cannot be told is equivalent only if both boundaries are written alike."""
    return left == right or equal(left, right) is True


def _comparable(left: Interval, right: Interval) -> bool:
    """Return whether both are over one family of points, as far as their boundaries show it."""
    point = left.low if left.low is not None else left.high
    other = right.low if right.low is not None else right.high
    if point is None or other is None:
        return True
    return _family(point) == _family(other)


def _family(point: Any) -> str:
    if isinstance(point, int | Decimal):
        return "number"
    if isinstance(point, temporal.Date | temporal.DateTime):
        return "date"
    return type(point).__name__
