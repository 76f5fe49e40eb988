"""What the run time adds to walks over collections: numbering, repetition, truth of all or any, subsets by position."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath.functions.sets import Members
from cds.engine.fhirpath.values.elements import type_of
from cds.engine.fhirpath.values.system import system_value
from cds.engine.run import Run

Items = Iterable[Any] | None
_MOST_REPEATED = 1_000_000


def numbered(items: Items) -> list[tuple[int, Any]]:
    """Pair every item with its position."""
    return list(enumerate(items or ()))


def repeat(run: Run, items: Items, project: Callable[[Any], Items], distinct: bool) -> list[Any]:
    """Apply a projection to the items, then to what is new in the results, and so on; the start is no result."""
    found: list[Any] = []
    seen = Members(run)
    pending = list(items or ())
    while pending:
        level: list[Any] = []
        for item in pending:
            for result in project(item) or ():
                run.charge(1)
                if not distinct or seen.add(result):
                    level.append(result)
        found += level
        if len(found) > _MOST_REPEATED:
            raise EvaluationError("the projection goes on giving items: it is no walk down a tree")
        pending = level
    return found


def item_at(items: list[Any] | None, index: Any) -> Any:
    """Take the item at a position; nothing outside."""
    position = _position(index, "an index")
    if items is None or position is None:
        return None
    return items[position] if 0 <= position < len(items) else None


def skip(items: list[Any] | None, count: Any) -> list[Any]:
    """Drop the first items."""
    number = _position(count, "skip()")
    return [] if items is None or number is None else items[max(0, number) :]


def take(items: list[Any] | None, count: Any) -> list[Any]:
    """Keep the first items."""
    number = _position(count, "take()")
    return [] if items is None or number is None else items[: max(0, number)]


def _position(value: Any, where: str) -> int | None:
    value = system_value(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    message = f"{where} takes an Integer, not {type_of(value)}"
    raise EvaluationError(message)


def _truths(items: Items, function: str) -> list[bool]:
    values = []
    for item in items or ():
        value = system_value(item)
        if not isinstance(value, bool):
            message = f"{function}() takes Booleans, not {type_of(item)}"
            raise EvaluationError(message)
        values.append(value)
    return values


def all_true(items: Items) -> bool:
    """Say whether every item is true."""
    return all(_truths(items, "allTrue"))


def any_true(items: Items) -> bool:
    """Say whether an item is true."""
    return any(_truths(items, "anyTrue"))


def all_false(items: Items) -> bool:
    """Say whether every item is false."""
    return not any(_truths(items, "allFalse"))


def any_false(items: Items) -> bool:
    """Say whether an item is false."""
    return not all(_truths(items, "anyFalse"))
