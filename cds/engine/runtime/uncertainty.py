"""A value known only to lie between two others: what a duration between imprecise dates is, or an interval's open end.

Arithmetic works on the bounds. Comparison is in `point_order`.
https://cql.hl7.org/05-languagesemantics.html#uncertainty
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Some value from `low` to `high`, both included and of one type."""

    low: Any
    high: Any


def uncertain(low: Any, high: Any) -> Any:
    """Return an Uncertainty, or the value itself when the bounds are one."""
    return low if low == high else Uncertainty(low, high)


def bounds(value: Any) -> tuple[Any, Any]:
    """Return the least and the greatest value meant; any other value is its own bounds."""
    if isinstance(value, Uncertainty):
        return value.low, value.high
    return value, value


def combined(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Return left and right under an operation that takes its extremes at the bounds: +, - and multiplication.

    `operation` is the operator for certain values; None from it makes the whole None.
    """
    left_bounds, right_bounds = bounds(left), bounds(right)
    results = [operation(a, b) for a in left_bounds for b in right_bounds]
    if any(result is None for result in results):
        return None
    return uncertain(min(results), max(results))


def mapped(operation: Callable[[Any], Any], value: Uncertainty) -> Any:
    """Return an uncertain value under an operation that never falls; null when an end of it has no result."""
    low, high = operation(value.low), operation(value.high)
    return None if low is None or high is None else uncertain(low, high)


def negated(value: Uncertainty) -> Any:
    """Return the uncertainty with its sign turned."""
    return uncertain(-value.high, -value.low)
