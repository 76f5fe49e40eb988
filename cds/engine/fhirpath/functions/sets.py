"""Collections as wholes: equality, membership, duplicates, subsets. Items carry their types.

Items are the same where `=` is true; neither false nor empty makes them so. Text, numbers, booleans and elements are
looked up by hash; dates and quantities, whose equality is not that of their text, are compared one by one.
https://hl7.org/fhirpath/#existence and https://hl7.org/fhirpath/#combining
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from decimal import Decimal
from typing import Any

from cds.engine.fhirpath.functions.comparison import equal, equivalent
from cds.engine.fhirpath.values.system import system_value
from cds.engine.run import Run
from cds.engine.runtime.fhir_values import Element

Items = Iterable[Any] | None


def equal_collections(left: Items, right: Items) -> bool | None:
    """Decide `=` of two collections: pair by pair in order; None if one is empty."""
    first, second = list(left or ()), list(right or ())
    if not first or not second:
        return None
    if len(first) != len(second):
        return False
    result: bool | None = True
    for pair in zip(first, second, strict=True):
        verdict = equal(*pair)
        if verdict is False:
            return False
        if verdict is None:
            result = None
    return result


def equivalent_collections(run: Run, left: Items, right: Items) -> bool:
    """Decide `~` of two collections: each item has its match, in any order; two empty ones are equivalent."""
    first, rest = list(left or ()), list(right or ())
    if len(first) != len(rest):
        return False
    for item in first:
        run.charge(len(rest))
        found = next((index for index, other in enumerate(rest) if equivalent(item, other)), None)
        if found is None:
            return False
        del rest[found]
    return True


class Members:
    """A set of items under `=`."""

    def __init__(self, run: Run, items: Items = None) -> None:
        self._run = run
        self._keys: set[Hashable] = set()
        self._others: list[Any] = []
        for item in items or ():
            self.add(item)

    def add(self, item: Any) -> bool:
        """Add an item; say whether it is new."""
        key = _key(item)
        if key is not None:
            if key in self._keys:
                return False
            self._keys.add(key)
            return True
        if self._among_others(item):
            return False
        self._others.append(item)
        return True

    def __contains__(self, item: Any) -> bool:
        key = _key(item)
        return self._among_others(item) if key is None else key in self._keys

    def _among_others(self, item: Any) -> bool:
        self._run.charge(len(self._others))
        return any(other is item or equal(other, item) for other in self._others)


def _key(item: Any) -> Hashable | None:
    """What two items share exactly when they are the same; None where that takes a comparison."""
    value = system_value(item)
    if value is None:
        return (id(item),)  # a primitive without value is like no other
    if isinstance(value, bool | str):
        return (type(value), value)
    if isinstance(value, int | Decimal):
        return (Decimal, Decimal(value))
    if isinstance(value, Element):
        return (value.type, _frozen(value.value))
    return _frozen(value) if isinstance(value, dict) else None


def _frozen(value: Any) -> Hashable:
    if isinstance(value, dict):
        return frozenset((key, _frozen(member)) for key, member in value.items())
    if isinstance(value, list):
        return tuple(_frozen(member) for member in value)
    return (type(value) is bool, value)


def distinct(run: Run, items: Items) -> list[Any]:
    """Keep the first of equal items."""
    seen = Members(run)
    return [item for item in items or () if seen.add(item)]


def is_distinct(run: Run, items: Items) -> bool:
    """Say whether no two items are equal."""
    seen = Members(run)
    return all(seen.add(item) for item in items or ())


def union(run: Run, left: Items, right: Items) -> list[Any]:
    """Join two collections and keep the first of equal items."""
    return distinct(run, [*(left or ()), *(right or ())])


def intersect(run: Run, left: Items, right: Items) -> list[Any]:
    """Keep what is in both, once."""
    wanted = Members(run, right)
    return [item for item in distinct(run, left) if item in wanted]


def exclude(run: Run, left: Items, right: Items) -> list[Any]:
    """Drop what is in the other collection; order and duplicates stay."""
    unwanted = Members(run, right)
    return [item for item in left or () if item not in unwanted]


def subset_of(run: Run, left: Items, right: Items) -> bool:
    """Say whether every item of the left is in the right."""
    members = Members(run, right)
    return all(item in members for item in left or ())


def superset_of(run: Run, left: Items, right: Items) -> bool:
    """Say whether every item of the right is in the left."""
    return subset_of(run, right, left)


def contains(run: Run, items: Items, item: Any) -> bool | None:
    """Decide `contains`, and `in` with its sides changed; None for an empty item."""
    return None if item is None else item in Members(run, items)


def combine(run: Run, left: Items, right: Items) -> list[Any]:
    """Join two collections and keep everything; the result is charged, because `aggregate` may double it each time."""
    joined = [*(left or ()), *(right or ())]
    run.charge(len(joined))
    return joined
