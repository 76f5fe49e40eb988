"""The sort clause: by one or more keys, nulls lowest.

https://cql.hl7.org/02-authorsguide.html#sorting
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.runtime import comparison
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.values import type_name

SortKey = tuple[Callable[[Any], Any], bool]
"""How to get the key of an element, and whether the order is descending."""


def sort(source: Sequence[Any] | None, *keys: SortKey) -> list[Any] | None:
    """Sort a list by its keys, the first one leading; by the elements themselves, ascending, when there are none.

    Nulls come first when ascending and last when descending; equal keys keep their order. Of two dates whose order
    their precision leaves open, the one with the earlier beginning, then the less precise one, is the lower.
    Raises EvaluationError for keys that cannot be ordered, such as quantities in units that do not convert.
    """
    if source is None:
        return None
    ordered = list(source)
    for key, descending in reversed(keys or ((_itself, False),)):
        ordered.sort(key=lambda element, key=key: _Ordered(key(element)), reverse=descending)  # type: ignore[misc]
    return ordered


def _itself(element: Any) -> Any:
    return element


def _order(left: Any, right: Any) -> int:
    if left is None or right is None:
        return (left is not None) - (right is not None)
    order = comparison.compare(left, right)
    if order is not None:
        return order
    if isinstance(left, Date | DateTime | Time) and isinstance(right, Date | DateTime | Time):
        first, second = (left.first, left.rank), (right.first, right.rank)
        return (first > second) - (first < second)
    message = f"sort: the order of two values of type {type_name(left)} is not known (do their units convert?)"
    raise EvaluationError(message)


_Ordered = functools.cmp_to_key(_order)
