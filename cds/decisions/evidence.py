"""What the parts of a recorded decision rest on, put together from where the record holds it once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def facts_of(action: Mapping[str, Any], evidence: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return each fact an action of a decision rests on: `definition`, `resource`, `path`, `value`, maybe `origin`.

    `evidence` is that of the decision. First what the action's own expressions read, then definition by
    definition, the nearest first. A resource that counted as a whole has an empty path; an erased value is None.
    """
    expressions = (*action.get("conditions", ()), *action.get("values", ()))
    asked = [one["definition"] for one in expressions if "definition" in one]
    found = list(action.get("evidence", ()))
    for name in _reached(asked, evidence):
        for reads in evidence[name].get("reads", ()):
            found += _facts(name.partition(".")[2], reads)
    return found


def _reached(names: Iterable[str], evidence: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names and, after them, all that these use, as far as there is evidence of them."""
    waiting = dict.fromkeys(names)
    pending = list(waiting)
    for name in pending:
        if name in evidence:
            yield name
            fresh = [used for used in evidence[name].get("uses", ()) if used not in waiting]
            waiting.update(dict.fromkeys(fresh))
            pending += fresh


def _facts(definition: str, reads: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    nothing = [[None] * len(reads["paths"])] * len(reads["resources"])
    for resource, values in zip(reads["resources"], reads["values"] or nothing, strict=True):
        fact = {"definition": definition, "resource": resource, "origin": reads.get("origin")}
        if not reads["paths"]:
            yield {**fact, "path": "", "value": None}
        for path, value in zip(reads["paths"], values, strict=True):
            yield {**fact, "path": path, "value": value}
