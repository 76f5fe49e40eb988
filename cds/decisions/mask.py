"""Erase patient values from a decision before it is stored, and say what was erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import NoneType
from typing import Any

from cds.decisions.decision import Decision

_VALUES = frozenset({"value", "title"})
_PLAIN = frozenset({str, bool, int, Decimal, NoneType})  # holds nothing below it
# Conditions and dynamicValues of an action: texts of the content and outcomes, each a plain member of one object.
_EXPRESSIONS = frozenset({"conditions", "values"})


def erase_values(decision: Decision) -> Decision:
    """Return the decision without any patient value in its trace and its evidence.

    In the trace every member named `value` or `title` (a card's title holds values), in the evidence every member named
    `values` becomes null; `erased` gets the JSON pointers.
    Outcomes, definition names, resource references and paths stay: they say why without saying what.
    """
    erased: list[str] = []
    trace = [_erase(action, f"/actions/{index}", erased) for index, action in enumerate(decision.trace)]
    evidence = {
        name: _erase_read(grounds, f"/evidence/{_escaped(name)}", erased) if "reads" in grounds else grounds
        for name, grounds in decision.evidence.items()
    }
    return replace(decision, trace=trace, evidence=evidence, erased=tuple(erased))


def _erase_read(grounds: Mapping[str, Any], pointer: str, erased: list[str]) -> Mapping[str, Any]:
    """Erase the values that one definition read; of a resource that counted as a whole there is none."""
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
    """Return a copy without values; a record has hundreds of actions, so what holds none is not walked."""
    if isinstance(node, Mapping):
        kept = dict(node)
        for name, value in node.items():
            if name in _VALUES:
                if value is not None:
                    erased.append(f"{pointer}/{name}")
                    kept[name] = None
            elif type(value) not in _PLAIN and not (name in _EXPRESSIONS and _is_plain(value)):
                kept[name] = _erase(value, f"{pointer}/{name}", erased)
        return kept
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [_erase(item, f"{pointer}/{index}", erased) for index, item in enumerate(node)]
    return node


def _is_plain(expressions: Any) -> bool:
    """Tell whether these are objects that hold neither a value nor anything below."""
    return all(
        type(one) is dict and _VALUES.isdisjoint(one) and _PLAIN.issuperset(map(type, one.values()))
        for one in expressions
    )
