"""`sort`: by any number of keys, each ascending or descending, empty keys lowest.

https://hl7.org/fhirpath/#fn-sort
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cmp_to_key
from typing import Any, Literal

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath.functions.comparison import compare
from cds.engine.fhirpath.values.system import system_value
from cds.engine.run import Run
from cds.engine.runtime.calendar_units import HOUR
from cds.engine.runtime.temporal import Date, DateTime, Time

Direction = Literal["asc", "desc", "minus"]


def sort(
    run: Run, items: Iterable[Any] | None, directions: tuple[Direction, ...], *keys: Callable[[Any], Any]
) -> list[Any]:
    """Sort by the values of the keys, the last key first so that earlier ones decide; equal items keep their order.

    Where precision leaves open which of two dates is later (March against 5 March), the one that begins earlier counts
    as earlier. Keys without order among each other are an error. An empty key is lowest, so it comes last in "desc";
    with the older spelling "minus" (`-key`, itself empty) it comes first.
    """
    result = list(items or ())
    run.charge(len(result) * max(1, len(keys)))
    for key, direction in reversed(list(zip(keys, directions, strict=True))):
        result = _sorted(result, [system_value(key(item)) for item in result], direction)
    return result


def _sorted(items: list[Any], values: list[Any], direction: Direction) -> list[Any]:
    order = _order_of(values)
    pairs = sorted(zip(values, items, strict=True), key=lambda pair: order(pair[0]), reverse=direction != "asc")
    if direction == "minus":
        pairs.sort(key=lambda pair: pair[0] is not None)
    return [item for _, item in pairs]


def _order_of(values: list[Any]) -> Callable[[Any], Any]:
    """Choose a sort key for values: a cheap one where all of them are of one simple kind."""
    known = [value for value in values if value is not None]
    kinds = {type(value) for value in known}
    if kinds == {str}:
        return lambda value: (value is not None, value or "")
    if kinds == {DateTime} and all(value.shift is not None and value.rank >= HOUR for value in known):
        return lambda value: (False, 0) if value is None else (True, value.first - value.shift)
    return cmp_to_key(_compare)


def _compare(left: Any, right: Any) -> int:
    if left is None or right is None:
        return (left is not None) - (right is not None)
    order = compare(left, right)
    if order is None and isinstance(left, Date | DateTime | Time) and isinstance(right, Date | DateTime | Time):
        return (left.first > right.first) - (left.first < right.first)
    if order is None:
        message = f"{left!r} and {right!r} cannot be put in order"
        raise EvaluationError(message)
    return order
