"""What a value rests on: resources, the paths read from them, and what was found there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

Json = Mapping[str, Any]
Name = tuple[str, str]
"""A library and a definition in it."""


class Evidence(NamedTuple):
    """One reading: `definition` read `value` at the JSON `path` of `resource` ("Observation/egfr-7").

    An empty path means the resource as a whole, and the value is None then.
    """

    definition: str
    resource: str | None
    path: str
    value: Any


Path: TypeAlias = tuple[str, str, tuple[str, ...]]
"""A JSON path, such as "valueQuantity.value", its first step and the others; plain, because it is read so often."""
Note: TypeAlias = "int | tuple[Any, tuple[Path, ...]] | list[Note]"
"""What compiled code writes down: the slot it used; a resource or a list of them with the paths read from each; or the
notes of a function whose result was known already."""


class Explanation(NamedTuple):
    """What definitions rest on, each for itself: what several of them use is there once.

    `reads` holds for each definition the resources that it read itself, each with what it found there by JSON path:
    nothing where the resource counted as a whole. `uses` are the definitions that it referred to. A resource, or a
    definition used, may be there several times.
    """

    reads: Mapping[Name, Sequence[tuple[Json, Json]]]
    uses: Mapping[Name, Sequence[Name]]

    def readings(self, definition: Name) -> list[tuple[str | None, Json]]:
        """Give each resource ("Observation/egfr-7") that a definition read itself, once, with what it found there."""
        merged: dict[int, tuple[Json, dict[str, Any]]] = {}
        for resource, elements in self.reads.get(definition, ()):
            merged.setdefault(id(resource), (resource, {}))[1].update(elements)
        return [(_reference(resource), elements) for resource, elements in merged.values()]

    def evidence(self, definition: Name) -> tuple[Evidence, ...]:
        """Give the readings of a definition and of all it used, the nearest definitions first."""
        reached = {definition: None}
        pending = [definition]
        for current in pending:
            fresh = [used for used in dict.fromkeys(self.uses.get(current, ())) if used not in reached]
            reached.update(dict.fromkeys(fresh))
            pending += fresh
        found: list[Evidence] = []
        for current in reached:
            for resource, elements in self.readings(current):
                read = [Evidence(current[1], resource, path, value) for path, value in elements.items()]
                found += read or [Evidence(current[1], resource, "", None)]
        return tuple(found)


def path_of(text: str) -> Path:
    """Take a JSON path apart."""
    first, *rest = text.split(".")
    return text, first, tuple(rest)


def explain(names: Sequence[Name], notes_of: Mapping[int, Sequence[Note]]) -> Explanation:
    """Put in order what the code of each slot wrote down; `names` are library and name of each slot.

    Every answer of a service pays for this: a list of resources is read once for all slots that noted it.
    """
    reads: dict[Name, list[tuple[Json, Json]]] = {}
    uses: dict[Name, list[Name]] = {}
    read: dict[tuple[int, int], list[tuple[Json, Json]]] = {}
    met: set[tuple[int, int]] = set()
    pending: list[tuple[int, Sequence[Note]]] = list(notes_of.items())
    for slot, notes in pending:  # which grows by the notes of functions
        found: list[tuple[Json, Json]] = []
        used: list[Name] = []
        for note in notes:
            if type(note) is int:
                used.append(names[note])
            elif type(note) is tuple:
                noted, paths = note
                if type(noted) is dict:
                    found.append((noted, _elements(noted, paths)))
                elif type(noted) is list:
                    key = (id(noted), id(paths))
                    if key not in read:
                        read[key] = [(one, _elements(one, paths)) for one in noted if type(one) is dict]
                    found += read[key]
            elif type(note) is list and (slot, id(note)) not in met:
                met.add((slot, id(note)))
                pending.append((slot, note))
        name = names[slot]
        if found:
            reads[name] = reads[name] + found if name in reads else found
        if used:
            uses[name] = uses[name] + used if name in uses else used
    return Explanation(reads, uses)


def _elements(resource: Json, paths: tuple[Path, ...]) -> Json:
    """Find what there is at the paths."""
    elements: dict[str, Any] = {}
    for path, first, rest in paths:
        value = resource.get(first)
        if value is None:
            continue
        for step in rest:
            if type(value) is dict:
                value = value.get(step)
            elif type(value) is list:
                value = _through(value, step)
            else:
                break
        if value or (value is not None and value != []):
            elements[path] = value
    return elements


def _reference(resource: Json) -> str | None:
    identity, kind = resource.get("id"), resource.get("resourceType")
    return f"{kind}/{identity}" if kind and identity else kind


def _through(values: list[Any], step: str) -> Any:
    """Take a step from every item of a list: all that is there, or the only one."""
    inner = [item.get(step) if type(item) is dict else item for item in values]
    found = [one for some in inner for one in (some if type(some) is list else (some,)) if one is not None]
    return found[0] if len(found) == 1 else found
