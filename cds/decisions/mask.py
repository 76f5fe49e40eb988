"""Erase patient values from a decision before it is stored, and say what was erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cds.decisions.decision import Decision

_VALUES = frozenset({"value", "title"})


def erase_values(decision: Decision) -> Decision:
    """Return the decision without any patient value in its trace.

    Every member named `value` or `title` (a card's title holds values) becomes null; `erased` gets the JSON pointers.
    Outcomes, definition names, resource references and paths stay: they say why without saying what.
    """
    erased: list[str] = []
    trace = [_erase(action, f"/actions/{index}", erased) for index, action in enumerate(decision.trace)]
    return replace(decision, trace=trace, erased=tuple(erased))


def _erase(node: Any, pointer: str, erased: list[str]) -> Any:
    if isinstance(node, Mapping):
        return {name: _erase_member(name, value, f"{pointer}/{name}", erased) for name, value in node.items()}
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [_erase(item, f"{pointer}/{index}", erased) for index, item in enumerate(node)]
    return node


def _erase_member(name: str, value: Any, pointer: str, erased: list[str]) -> Any:
    if name in _VALUES and value is not None:
        erased.append(pointer)
        return None
    return _erase(value, pointer, erased)
