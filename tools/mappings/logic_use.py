"""Which value sets the compiled logic of a guideline reads, and within which windows of time."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Node = dict[str, Any]
_DAYS = {"day": 1, "week": 7, "month": 30.4, "year": 365.25, "hour": 1 / 24}
_MOST_STEPS = 12  # how far a retrieve or a window may lie behind named definitions


@dataclass(frozen=True, slots=True)
class Window:
    """How old a result may be."""

    days: float
    text: str


@dataclass(frozen=True, slots=True)
class Use:
    """One guideline that refers to a value set, with the windows in which it asks for what is in it."""

    guideline: str
    windows: frozenset[Window]


def uses_of_value_sets(guidelines: Iterable[Path], mappings: Path) -> dict[str, list[Use]]:
    """Return url of value set → who refers to it."""
    shared = _libraries(mappings)
    found: dict[str, list[Use]] = defaultdict(list)
    for folder in guidelines:
        logic = _Logic(shared | _libraries(folder))
        windows: dict[str, set[Window]] = defaultdict(set)
        for name in _libraries(folder):
            for url in logic.value_sets(name):
                windows[url] |= set()
            for url, window in logic.windows(name):
                windows[url].add(window)
        for url, listed in windows.items():
            found[url].append(Use(folder.name, frozenset(listed)))
    return found


def _libraries(folder: Path) -> dict[str, Node]:
    """Return the ELM libraries of a content folder by name."""
    found = {}
    for path in sorted((folder / "Library").glob("*.json")):
        for content in json.loads(path.read_bytes()).get("content", ()):
            if content.get("contentType") == "application/elm+json":
                library = json.loads(base64.b64decode(content["data"]))["library"]
                found[library["identifier"]["id"]] = library
    return found


class _Logic:
    """ELM libraries that refer to each other."""

    def __init__(self, libraries: dict[str, Node]) -> None:
        self._value_sets = {
            (name, one["name"]): one["id"]
            for name, library in libraries.items()
            for one in library.get("valueSets", {}).get("def", ())
        }
        self._definitions = {
            (name, one["name"]): one.get("expression", {})
            for name, library in libraries.items()
            for one in library.get("statements", {}).get("def", ())
        }
        self._included = {
            (name, one["localIdentifier"]): one["path"]
            for name, library in libraries.items()
            for one in library.get("includes", {}).get("def", ())
        }
        self._libraries = libraries

    def value_sets(self, library: str) -> Iterator[str]:
        """Yield the url of every value set that a library's definitions refer to."""
        for node in _nodes(self._libraries[library].get("statements", {})):
            if node.get("type") == "ValueSetRef":
                yield from self._url(library, node)

    def windows(self, library: str) -> Iterator[tuple[str, Window]]:
        """Yield (url, window) wherever a function of ClinicalData takes results and a length of time."""
        for node in _nodes(self._libraries[library].get("statements", {})):
            if node.get("type") == "FunctionRef" and self._home(library, node) == "ClinicalData":
                operands = node.get("operand", ())
                lengths = [length for one in operands if (length := self._length(library, one, _MOST_STEPS))]
                for operand in operands:
                    for url in self._retrieved(library, operand, _MOST_STEPS):
                        yield from ((url, length) for length in lengths)

    def _home(self, library: str, node: Node) -> str:
        return self._included.get((library, node["libraryName"]), library) if "libraryName" in node else library

    def _url(self, library: str, node: Node) -> Iterator[str]:
        url = self._value_sets.get((self._home(library, node), node["name"]))
        if url is not None:
            yield url.partition("|")[0]

    def _definition(self, library: str, node: Node) -> tuple[str, Node]:
        home = self._home(library, node)
        return home, self._definitions.get((home, node["name"]), {})

    def _length(self, library: str, node: Node, steps: int) -> Window | None:
        """Read a constant length of time, behind a name or not."""
        if node.get("type") == "Quantity" and (unit := str(node.get("unit", "")).rstrip("s")) in _DAYS:
            words = unit if node["value"] == 1 else f"{unit}s"
            return Window(node["value"] * _DAYS[unit], f"{node['value']:g} {words}")
        if node.get("type") == "ExpressionRef" and steps:
            return self._length(*self._definition(library, node), steps - 1)
        return None

    def _retrieved(self, library: str, node: Node, steps: int) -> Iterator[str]:
        """Yield the value sets of the retrieves that an operand stands for, not of those it is calculated from."""
        match node.get("type"):
            case "Retrieve":
                for one in _nodes(node.get("codes", {})):
                    if one.get("type") == "ValueSetRef":
                        yield from self._url(library, one)
            case "ExpressionRef" if steps:
                yield from self._retrieved(*self._definition(library, node), steps - 1)
            case "Flatten" | "Union" | "Distinct" | "List":
                parts: Any = node.get("element") or node.get("operand") or ()
                for part in parts if isinstance(parts, list) else [parts]:
                    yield from self._retrieved(library, part, steps)
            case "Query":
                for source in node.get("source", ()):
                    yield from self._retrieved(library, source["expression"], steps)
            case "FunctionRef" if self._home(library, node) == "ClinicalData":
                for operand in node.get("operand", ()):
                    yield from self._retrieved(library, operand, steps)


def _nodes(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _nodes(value)
    elif isinstance(node, list):
        for item in node:
            yield from _nodes(item)
