"""What queries need at run time beside their loops: sources of unknown plurality, and sorting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from cds.engine.run import Run
from cds.engine.runtime import sorting
from cds.engine.runtime.calendar_units import HOUR
from cds.engine.runtime.temporal import DateTime

_NATIVE = (str, int, Decimal)


def items_of(source: Any) -> list[Any]:
    """Return the items of a list; a single value is its only item."""
    if source is None:
        return []
    return source if isinstance(source, list) else [source]


def as_source(results: list[Any], source: Any) -> Any:
    """Return the results as a list if the source was one, else the only result or null."""
    if isinstance(source, list):
        return results
    return results[0] if results else None


def sort_by(
    run: Run, source: Sequence[Any] | None, descending: tuple[bool, ...], *keys: Callable[[Any], Any]
) -> list[Any] | None:
    """Sort by keys, the first one leading; semantics and errors of `sorting.sort`. The items are charged."""
    if source is None:
        return None
    run.charge(len(source))
    if len(keys) == 1:
        found = [keys[0](item) for item in source]
        ranks = _ranks(found)
        if ranks is not None:
            order = sorted(range(len(ranks)), key=ranks.__getitem__, reverse=descending[0])
            return [source[i] for i in order]
    return sorting.sort(source, *zip(keys, descending, strict=True))


def _ranks(keys: list[Any]) -> list[Any] | None:
    """Return Python values in the same order as the keys, if they are all of one simple kind, else None."""
    kinds = {type(key) for key in keys}
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    if kind in _NATIVE:
        return keys
    if kind is DateTime and all(key.rank >= HOUR and key.shift is not None for key in keys):
        return [(key.first - key.shift, key.rank) for key in keys]
    return None
