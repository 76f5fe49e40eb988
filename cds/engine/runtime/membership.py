"""The operators that take lists and intervals alike, sent to the one or the other.

A null container holds nothing, so membership in it is false; every other null operand makes null.
https://cql.hl7.org/09-b-cqlreference.html#in
"""

from __future__ import annotations

from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.runtime import interval_algebra, interval_sets, lists
from cds.engine.runtime.interval import Interval


def contains(container: Any, element: Any, precision: str | None = None) -> bool | None:
    """ELM Contains: a list has the element, or an interval the point."""
    if container is None:
        return False
    if container.__class__ is Interval:
        return interval_algebra.interval_contains(container, element, precision)
    return lists.list_contains(_list(container), element)


def in_(element: Any, container: Any, precision: str | None = None) -> bool | None:
    """ELM In: `contains` from the other side."""
    return contains(container, element, precision)


def proper_contains(container: Any, element: Any, precision: str | None = None) -> bool | None:
    """ELM ProperContains: as `contains`, with more in the container than that."""
    if container is None:
        return False
    if container.__class__ is Interval:
        return interval_algebra.interval_properly_contains(container, element, precision)
    return lists.list_proper_contains(_list(container), element)


def proper_in(element: Any, container: Any, precision: str | None = None) -> bool | None:
    """ELM ProperIn: `proper_contains` from the other side."""
    return proper_contains(container, element, precision)


def includes(left: Any, right: Any, precision: str | None = None) -> bool | None:
    """ELM Includes: all of right is in left; a single value counts as `contains`."""
    if left is None or right is None:
        return None
    if left.__class__ is Interval and right.__class__ is Interval:
        return interval_algebra.interval_includes(left, right, precision)
    if isinstance(left, list) and isinstance(right, list):
        return lists.list_includes(left, right)
    return contains(left, right, precision)


def included_in(left: Any, right: Any, precision: str | None = None) -> bool | None:
    """ELM IncludedIn: `includes` from the other side."""
    return includes(right, left, precision)


def proper_includes(left: Any, right: Any, precision: str | None = None) -> bool | None:
    """ELM ProperIncludes: left includes right and is larger; a single value counts as `proper_contains`."""
    if left is None or right is None:
        return None
    if left.__class__ is Interval and right.__class__ is Interval:
        return interval_algebra.interval_properly_includes(left, right, precision)
    if isinstance(left, list) and isinstance(right, list):
        return lists.list_proper_includes(left, right)
    return proper_contains(left, right, precision)


def proper_included_in(left: Any, right: Any, precision: str | None = None) -> bool | None:
    """ELM ProperIncludedIn: `proper_includes` from the other side."""
    return proper_includes(right, left, precision)


def union(left: Any, right: Any) -> Any:
    """ELM Union of two lists or two intervals."""
    if left.__class__ is Interval or right.__class__ is Interval:
        return interval_sets.interval_union(left, right)
    return lists.list_union(left, right)


def intersect(left: Any, right: Any) -> Any:
    """ELM Intersect of two lists or two intervals."""
    if left.__class__ is Interval or right.__class__ is Interval:
        return interval_sets.interval_intersect(left, right)
    return lists.list_intersect(left, right)


def except_(left: Any, right: Any) -> Any:
    """ELM Except of two lists or two intervals."""
    if left.__class__ is Interval or right.__class__ is Interval:
        return interval_sets.interval_except(left, right)
    return lists.list_except(left, right)


def _list(container: Any) -> list[Any]:
    if isinstance(container, list):
        return container
    message = f"a {type(container).__name__} is neither a list nor an interval"
    raise EvaluationError(message)
