"""The path of a dynamicValue: a simple FHIRPath, taken apart (PD-171 … PD-175)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from cds.errors import CDSError

ROOT = frozenset({"$this", "/", "%resource"})
_STEP = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<call>\((?P<argument>[^()]*)\))?(?P<index>\[\d+\])?\.?")


class BadPath(CDSError):
    """A path that is not a simple FHIRPath; the message says what it may hold."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: the element, its place in a list, the type of a choice, or the URL of an extension."""

    name: str
    index: int | None = None
    of_type: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ElementPath:
    """A parsed path. `on_action` is true when it addresses the output action rather than the made resource."""

    steps: tuple[Step, ...]
    on_action: bool = False

    @property
    def is_root(self) -> bool:
        """Whether the whole resource is meant."""
        return not self.steps


@lru_cache(maxsize=4096)
def parse_path(text: str) -> ElementPath:
    """Parse the path of a dynamicValue: identifiers, constant indexes, extension('url'), ofType(Type).

    `%action.` addresses the output action; so does `action.`, as most content writes it (PD-172). `$this` and `/` are
    the whole resource. Raises `BadPath`.
    """
    path = text.strip()
    if path in ROOT:
        return ElementPath(())
    on_action = path.startswith(("%action.", "action."))
    if on_action:
        path = path.partition(".")[2]
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise BadPath(_advice(text))
        position = match.end()
        index = int(match["index"][1:-1]) if match["index"] else None
        if match["call"] is None:
            steps.append(Step(match["name"], index))
        elif match["name"] == "extension":
            steps.append(Step("extension", index, url=_unquoted(match["argument"])))
        elif match["name"] == "ofType" and steps and index is None:
            steps[-1] = replace(steps[-1], of_type=match["argument"].rpartition(".")[2])
        else:
            raise BadPath(_advice(text))
    if not steps or path.endswith("."):
        raise BadPath(_advice(text))
    return ElementPath(tuple(steps), on_action)


def _unquoted(argument: str) -> str:
    return argument.strip().strip("'\"")


def _advice(text: str) -> str:
    return f"the path {text!r} is not made of names, constant indexes, extension('url') and ofType(Type) alone (PD-171)"
