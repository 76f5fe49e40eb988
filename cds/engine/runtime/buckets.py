"""Finding an element among many by CQL's equality without comparing it with each.

Elements that are equal for certain fall into the same bucket, so only a bucket has to be searched. That keeps
distinct, union, intersect and except in step with the size of the data.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from decimal import Decimal
from typing import Any

from cds.engine.runtime import comparison
from cds.engine.runtime.calendar_units import HOUR
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.values import Code, Long, Tuple

_OWN_BUCKET = frozenset({str, int, Long, Decimal, type(None)})
_TEMPORAL = frozenset({Date, DateTime, Time})


def bucket(element: Any) -> Hashable:
    """Return a key that elements which are equal for certain share; others may share it too."""
    kind = type(element)
    if kind in _OWN_BUCKET:
        own: Hashable = element
        return own
    if kind is dict:
        identity = element.get("id")
        return (element.get("resourceType"), identity if isinstance(identity, str) else len(element))
    if kind is Code:
        return ("Code", element.code)
    if kind in _TEMPORAL:
        shift = element.shift if element.rank >= HOUR else None
        return (element.first - (shift or 0), element.rank)
    if kind is Tuple:
        return frozenset((name, bucket(value)) for name, value in element.items() if value is not None)
    if kind is list:
        return ("List", len(element))
    return kind.__name__


class Members:
    """A growing collection of elements in which no two are the same."""

    def __init__(self, elements: Iterable[Any] = ()) -> None:
        self._buckets: dict[Hashable, list[Any]] = {}
        for element in elements:
            self.add(element)

    def __contains__(self, element: Any) -> bool:
        return any(comparison.same(element, other) for other in self._buckets.get(bucket(element), ()))

    def add(self, element: Any) -> bool:
        """Add the element unless the same one is there; return whether it was added."""
        others = self._buckets.setdefault(bucket(element), [])
        if any(comparison.same(element, other) for other in others):
            return False
        others.append(element)
        return True
