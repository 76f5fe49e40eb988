"""The order of interval points: numbers, strings, quantities, dates, times and uncertain ones among them.

Three-valued throughout: None means it cannot be told. An uncertain operand gives an answer only when all the values it
may have agree, so `<=` can be certain where neither `<` nor `=` is.
https://cql.hl7.org/05-languagesemantics.html#comparison-operators-1
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.runtime import temporal, units
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.uncertainty import Uncertainty, bounds
from cds.engine.runtime.values import Quantity

_TEMPORAL: frozenset[Any] = frozenset((Date, DateTime, Time))


def compare(left: Any, right: Any, precision: str | None = None) -> int | None:
    """Return -1, 0 or 1 for two certain points of one type, None when it cannot be told.

    `precision` matters to dates and times alone. Raises EvaluationError for values that have no order.
    """
    if left.__class__ in _TEMPORAL and right.__class__ in _TEMPORAL:
        return temporal.compare(left, right) if precision is None else temporal.compare_at(left, right, precision)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return units.compare(left.value, left.unit, right.value, right.unit)
    if (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
        return int(left > right) - int(left < right)
    message = f"{type(left).__name__} and {type(right).__name__} have no order"
    raise EvaluationError(message)


def less(left: Any, right: Any, precision: str | None = None) -> bool | None:
    """`left < right`, or left before right to a precision."""
    if left is None or right is None:
        return None
    if left.__class__ is Uncertainty or right.__class__ is Uncertainty:
        return _certainly(left, right, precision, strict=True)
    order = compare(left, right, precision)
    return None if order is None else order < 0


def less_or_equal(left: Any, right: Any, precision: str | None = None) -> bool | None:
    """`left <= right`, or left same or before right to a precision."""
    if left is None or right is None:
        return None
    if left.__class__ is Uncertainty or right.__class__ is Uncertainty:
        return _certainly(left, right, precision, strict=False)
    order = compare(left, right, precision)
    return None if order is None else order <= 0


def same(left: Any, right: Any, precision: str | None = None) -> bool | None:
    """`left = right`, or left same as right to a precision."""
    if left is None or right is None:
        return None
    if left.__class__ is Uncertainty or right.__class__ is Uncertainty:
        (low, high), (other_low, other_high) = bounds(left), bounds(right)
        if compare(high, other_low, precision) == -1 or compare(other_high, low, precision) == -1:
            return False
        one_value = compare(low, high, precision) == 0 and compare(other_low, other_high, precision) == 0
        return True if one_value and compare(low, other_low, precision) == 0 else None
    order = compare(left, right, precision)
    return None if order is None else order == 0


def _certainly(left: Any, right: Any, precision: str | None, *, strict: bool) -> bool | None:
    (low, high), (other_low, other_high) = bounds(left), bounds(right)
    at_most = compare(high, other_low, precision)
    if at_most == -1 or (at_most == 0 and not strict):
        return True
    at_least = compare(low, other_high, precision)
    if at_least == 1 or (at_least == 0 and strict):
        return False
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
