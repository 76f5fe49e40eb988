"""List operators. Elements are the same when they are equal for certain, or both null.

Lists are never changed once made: an operator may hand back its operand.
https://cql.hl7.org/09-b-cqlreference.html#list-operators-2
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.runtime import comparison
from cds.engine.runtime.buckets import Members
from cds.engine.runtime.comparison import same


def exists(operand: Sequence[Any] | None) -> bool:
    """Return whether the list has an element that is not null."""
    return any(element is not None for element in operand) if operand else False


def first(source: Sequence[Any] | None) -> Any:
    """Return the first element."""
    return source[0] if source else None


def last(source: Sequence[Any] | None) -> Any:
    """Return the last element."""
    return source[-1] if source else None


def length(operand: Sequence[Any] | None) -> int:
    """Return the number of elements, nulls included; 0 for a null list."""
    return 0 if operand is None else len(operand)


def indexer(operand: Sequence[Any] | None, index: int | None) -> Any:
    """Return the element at an index from 0; null when there is none."""
    if operand is None or index is None or not 0 <= index < len(operand):
        return None
    return operand[index]


def index_of(source: Sequence[Any] | None, element: Any) -> int | None:
    """Return where the element first appears; -1 if it does not."""
    if source is None or element is None:
        return None
    return next((index for index, candidate in enumerate(source) if same(candidate, element)), -1)


def singleton_from(operand: Sequence[Any] | None) -> Any:
    """Return the only element, null for an empty list. Raises EvaluationError when there are several."""
    if not operand:
        return None
    if len(operand) > 1:
        message = f"singleton from: the list has {len(operand)} elements"
        raise EvaluationError(message)
    return operand[0]


def to_list(operand: Any) -> list[Any]:
    """Return a list of the operand alone; empty for null."""
    return [] if operand is None else [operand]


def distinct(operand: Sequence[Any] | None) -> list[Any] | None:
    """Return the list without repeated elements, in the order of their first appearance."""
    return None if operand is None else _unique(operand)


def _unique(elements: Iterable[Any]) -> list[Any]:
    members = Members()
    return [element for element in elements if members.add(element)]


def flatten(operand: Sequence[Any] | None) -> list[Any] | None:
    """Return the elements of the list's lists as one list; a null list adds nothing."""
    if operand is None:
        return None
    flat: list[Any] = []
    for element in operand:
        if isinstance(element, list):
            flat.extend(element)
        elif element is not None:
            flat.append(element)
    return flat


def slice(
    source: Sequence[Any] | None, start_index: int | None = None, end_index: int | None = None
) -> list[Any] | None:
    """Return the elements from `start_index` up to `end_index`; a negative index counts from the end."""
    return None if source is None else list(source[start_index:end_index])


def list_contains(source: Sequence[Any] | None, element: Any) -> bool:
    """Return whether the element is in the list; false for a null list."""
    return source is not None and any(same(candidate, element) for candidate in source)


def list_proper_contains(source: Sequence[Any] | None, element: Any) -> bool | None:
    """Return whether the list has the element and something else besides.

    Null when that hangs on an element that may or may not be the same (a null, a time without its seconds).
    """
    if source is None:
        return False
    verdicts = [_same_or_unknown(candidate, element) for candidate in source]
    if True in verdicts:
        return True if False in verdicts else None if None in verdicts else False
    return None if None in verdicts and len(source) > 1 else False


def _same_or_unknown(candidate: Any, element: Any) -> bool | None:
    if element is None:
        return candidate is None
    return comparison.equal(candidate, element)


def list_includes(left: Sequence[Any] | None, right: Sequence[Any] | None) -> bool | None:
    """Return whether every element of the right list is in the left."""
    if left is None or right is None:
        return None
    members = Members(left)
    return all(element in members for element in right)


def list_proper_includes(left: Sequence[Any] | None, right: Sequence[Any] | None) -> bool | None:
    """Return whether the left list includes the right and is larger."""
    if left is None or right is None:
        return None
    return len(left) > len(right) and list_includes(left, right)


def list_union(left: Sequence[Any] | None, right: Sequence[Any] | None) -> list[Any]:
    """Return the elements of both lists, each once; a null list counts as empty."""
    elements = [*(left or ()), *(right or ())]
    return _unique(elements) if elements else elements


def list_intersect(left: Sequence[Any] | None, right: Sequence[Any] | None) -> list[Any] | None:
    """Return the elements that are in both lists, each once; null if one list is."""
    if left is None or right is None:
        return None
    members = Members(right)
    return _unique(element for element in left if element in members)


def list_except(left: Sequence[Any] | None, right: Sequence[Any] | None) -> list[Any] | None:
    """Return the elements of the left list that are not in the right, each once; a null right counts as empty."""
    if left is None:
        return None
    members = Members(right or ())
    return _unique(element for element in left if element not in members)


def children(source: Any) -> list[Any] | None:
    """Return the values of a structure's elements, lists expanded; of a list, those of all its elements."""
    if source is None:
        return None
    if isinstance(source, list):
        return [child for element in source for child in children(element) or ()]
    if not isinstance(source, dict):
        return []
    found: list[Any] = []
    for value in source.values():
        found.extend(value if isinstance(value, list) else [value])
    return found


def descendents(source: Any) -> list[Any] | None:
    """Return the children, their children, and so on."""
    if source is None:
        return None
    found: list[Any] = []
    pending = children(source) or []
    while pending:
        found.extend(pending)
        pending = children(pending) or []
    return found
