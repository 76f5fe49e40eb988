"""Erase patient values from a decision before it is stored, and say what was erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import NoneType
from typing import Any

from cds.decisions.decision import Decision

_VALUES = frozenset({"value", "title"})
_PLAIN = (str, int, Decimal, NoneType)  # holds nothing below it


def erase_values(decision: Decision) -> Decision:
    """Return the decision without any patient value in its trace and its evidence.

    In the trace every member named `value` or `title` (a card's title holds values), in the evidence every member named
    `values` becomes null; `erased` gets the JSON pointers.
    Outcomes, definition names, resource references and paths stay: they say why without saying what.
    """
    erased: list[str] = []
    trace = [_erase(action, f"/actions/{index}", erased) for index, action in enumerate(decision.trace)]
    evidence = {
        name: _erase_read(grounds, f"/evidence/{_escaped(name)}", erased) for name, grounds in decision.evidence.items()
    }
    return replace(decision, trace=trace, evidence=evidence, erased=tuple(erased))


def _erase_read(grounds: Mapping[str, Any], pointer: str, erased: list[str]) -> Mapping[str, Any]:
    """Erase the values that one definition read; of a resource that counted as a whole there is none."""
    if "reads" not in grounds:
        return grounds
    reads = []
    for index, read in enumerate(grounds["reads"]):
        if read["paths"]:
            erased.append(f"{pointer}/reads/{index}/values")
        reads.append({**read, "values": None})
    return {**grounds, "reads": reads}


def _escaped(name: str) -> str:
    """Write a name as a step of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _erase(node: Any, pointer: str, erased: list[str]) -> Any:
    if isinstance(node, Mapping):
        return {
            name: value
            if isinstance(value, _PLAIN) and name not in _VALUES
            else _erase_member(name, value, f"{pointer}/{name}", erased)
            for name, value in node.items()
        }
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [_erase(item, f"{pointer}/{index}", erased) for index, item in enumerate(node)]
    return node


def _erase_member(name: str, value: Any, pointer: str, erased: list[str]) -> Any:
    if name in _VALUES and value is not None:
        erased.append(pointer)
        return None
    return _erase(value, pointer, erased)
