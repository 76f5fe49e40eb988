"""Which value sets the compiled logic of a guideline reads, and within which windows of time.

The logic is gone through with values that say only where they come from: the value sets that were retrieved, and the
lengths of time that a guideline states. Where two such values are compared in time ("result on or after today minus 28
days"), the length is a window of the value set.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Node = dict[str, Any]
_DAYS = {"day": 1, "week": 7, "month": 30.4, "year": 365.25, "hour": 1 / 24}
_IN_TIME = frozenset(
    {"Before", "After", "SameOrBefore", "SameOrAfter", "SameAs", "In", "Contains", "IncludedIn", "Includes", "Overlaps"}
)
_TRUTH = _IN_TIME | {"Exists", "And", "Or", "Not", "Implies", "IsNull", "IsTrue", "IsFalse", "Is", "Count"}
_TRUTH |= {"Equal", "NotEqual", "Equivalent", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "InValueSet"}


@dataclass(frozen=True, slots=True)
class Window:
    """How old something may be, and the definition that says so ("" where it has no name)."""

    days: float
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """One guideline that refers to a value set, with the windows in which it asks for what is in it."""

    guideline: str
    windows: frozenset[Window]


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a value comes from."""

    value_sets: frozenset[str] = frozenset()
    lengths: frozenset[Window] = frozenset()

    def __or__(self, other: _Origin) -> _Origin:
        return _Origin(self.value_sets | other.value_sets, self.lengths | other.lengths)


_NOWHERE = _Origin()


def uses_of_value_sets(guidelines: Iterable[Path], mappings: Path) -> dict[str, list[Use]]:
    """Return url of value set → who refers to it."""
    shared = _libraries(mappings)
    found: dict[str, list[Use]] = defaultdict(list)
    for folder in guidelines:
        own = _libraries(folder)
        logic = _Logic(shared | own, stating=frozenset(own))
        for name in own:
            logic.go_through(name)
        for url in sorted(logic.referred):
            found[url].append(Use(folder.name, frozenset(logic.windows[url])))
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
    """ELM libraries that refer to each other; what was found is in `referred` and `windows`.

    `stating` are the libraries whose lengths of time count even without a name; those of shared functions are workings.
    """

    def __init__(self, libraries: dict[str, Node], *, stating: frozenset[str]) -> None:
        self._stating = stating
        self.referred: set[str] = set()
        self.windows: dict[str, set[Window]] = defaultdict(set)
        self._value_sets = {(name, one["name"]): one["id"] for name, one in _defined(libraries, "valueSets")}
        self._included = {(name, one["localIdentifier"]): one["path"] for name, one in _defined(libraries, "includes")}
        self._definitions: dict[tuple[str, str], Node] = {}
        self._functions: dict[tuple[str, str, int], Node] = {}
        for name, one in _defined(libraries, "statements"):
            if one.get("type") == "FunctionDef":
                self._functions[name, one["name"], len(one.get("operand", ()))] = one
            else:
                self._definitions[name, one["name"]] = one
        self._known: dict[Any, _Origin] = {}

    def go_through(self, library: str) -> None:
        """Look at every definition of a library, and at what it calls."""
        for home, name in self._definitions:
            if home == library:
                self._definition(home, name)

    def _definition(self, home: str, name: str) -> _Origin:
        if (home, name) not in self._known:
            self._known[home, name] = _NOWHERE  # not called again from within
            definition = self._definitions.get((home, name), {})
            found = self._origin(home, definition.get("expression"), {})
            if _is_length(definition):
                lengths = (Window(one.days, one.text, name) for one in _length(definition["expression"]))
                found = _Origin(found.value_sets, frozenset(lengths))
            self._known[home, name] = found
        return self._known[home, name]

    def _call(self, library: str, node: Node, scope: Mapping[str, _Origin]) -> _Origin:
        home, operands = self._home(library, node), node.get("operand", ())
        given = tuple(self._origin(library, one, scope) for one in operands)
        key = (home, node["name"], len(operands))
        function = self._functions.get(key)
        if function is None or "expression" not in function:
            return _union(given)
        if (key, given) not in self._known:
            self._known[key, given] = _NOWHERE
            names = [one["name"] for one in function.get("operand", ())]
            self._known[key, given] = self._origin(home, function["expression"], dict(zip(names, given, strict=True)))
        return self._known[key, given]

    def _origin(self, library: str, node: Any, scope: Mapping[str, _Origin]) -> _Origin:
        if isinstance(node, list):
            return _union(self._origin(library, one, scope) for one in node)
        if not isinstance(node, dict):
            return _NOWHERE
        match node.get("type"):
            case "Quantity":
                return _Origin(lengths=frozenset(_length(node))) if library in self._stating else _NOWHERE
            case "ValueSetRef":
                return _Origin(frozenset(self._url(library, node)))
            case "Retrieve":
                return self._origin(library, node.get("codes"), scope)
            case "ExpressionRef":
                return self._definition(self._home(library, node), node["name"])
            case "FunctionRef":
                found = self._call(library, node, scope)
            case "OperandRef" | "AliasRef" | "QueryLetRef":
                return scope.get(node["name"], _NOWHERE)
            case "Query":
                found = self._query(library, node, scope)
            case "If" | "Case":
                found = self._branches(library, node, scope)
            case kind:
                found = _union(
                    self._origin(library, value, scope) for name, value in node.items() if name != "annotation"
                )
                if kind in _IN_TIME:
                    for url in found.value_sets:
                        self.windows[url] |= found.lengths
                if kind in _TRUTH:
                    return _NOWHERE
        return found

    def _branches(self, library: str, node: Node, scope: Mapping[str, _Origin]) -> _Origin:
        """Only what may come out is where the value comes from; what decides is gone through as well."""
        items = node.get("caseItem", ())
        self._origin(library, [node.get("condition"), node.get("comparand"), *(one["when"] for one in items)], scope)
        return self._origin(library, [node.get("then"), node.get("else"), *(one["then"] for one in items)], scope)

    def _query(self, library: str, node: Node, scope: Mapping[str, _Origin]) -> _Origin:
        inner = dict(scope)
        for source in node.get("source", ()):
            inner[source["alias"]] = self._origin(library, source["expression"], inner)
        for let in node.get("let", ()):
            inner[let["identifier"]] = self._origin(library, let["expression"], inner)
        for related in node.get("relationship", ()):
            inner[related["alias"]] = self._origin(library, related["expression"], inner)
            self._origin(library, related.get("suchThat"), inner)
        self._origin(library, node.get("where"), inner)
        if "return" in node:
            return self._origin(library, node["return"].get("expression"), inner)
        if "aggregate" in node:
            return self._origin(library, node["aggregate"], inner)
        return _union(inner[source["alias"]] for source in node.get("source", ()))

    def _home(self, library: str, node: Node) -> str:
        return self._included.get((library, node["libraryName"]), library) if "libraryName" in node else library

    def _url(self, library: str, node: Node) -> Iterator[str]:
        url = self._value_sets.get((self._home(library, node), node["name"]))
        if url is not None:
            self.referred.add(url.partition("|")[0])
            yield url.partition("|")[0]


def _defined(libraries: Mapping[str, Node], kind: str) -> Iterator[tuple[str, Node]]:
    for name, library in libraries.items():
        for one in library.get(kind, {}).get("def", ()):
            yield name, one


def _is_length(definition: Node) -> bool:
    return bool(definition.get("expression", {}).get("type") == "Quantity")


def _length(node: Node) -> Iterator[Window]:
    """Read a length of time of more than a day; a day or less only moves an end of a window."""
    unit = str(node.get("unit", "")).rstrip("s")
    if unit in _DAYS and node["value"] * _DAYS[unit] > 1:
        words = unit if node["value"] == 1 else f"{unit}s"
        yield Window(node["value"] * _DAYS[unit], f"{node['value']:g} {words}")


def _union(origins: Iterable[_Origin]) -> _Origin:
    together = _NOWHERE
    for one in origins:
        together |= one
    return together
