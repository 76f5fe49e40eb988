"""What a value rests on: resources, the paths read from them, and what was found there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

Json = Mapping[str, Any]


class Name(NamedTuple):
    """A definition: its library, what it is called there, and both as one `text`, put together once."""

    library: str
    definition: str
    text: str

    @classmethod
    def of(cls, library: str, definition: str) -> Name:
        """Name a definition of a library."""
        return cls(library, definition, f"{library}.{definition}")


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
Readings: TypeAlias = Mapping[int, tuple[Json, tuple[Path, ...]]]
"""Resources by their identity, each with the paths read from it: none where it counted as a whole."""


class Explanation(NamedTuple):
    """What definitions rest on, each for itself, by their place in `names`: what several of them use is there once.

    `reads` holds for each definition the resources that it read itself, `uses` the definitions that it referred to.
    """

    names: Sequence[Name]
    reads: Mapping[int, Readings]
    uses: Mapping[int, Iterable[int]]

    def readings(self, library: str, definition: str) -> list[tuple[str | None, Json]]:
        """Give each resource ("Observation/egfr-7") that a definition read itself, once, with what it found there."""
        return list(self._readings(self._place(library, definition)))

    def evidence(self, library: str, definition: str) -> tuple[Evidence, ...]:
        """Give the readings of a definition and of all it used, the nearest definitions first."""
        pending = [self._place(library, definition)]
        reached = set(pending)
        found: list[Evidence] = []
        for place in pending:
            fresh = [used for used in self.uses.get(place, ()) if used not in reached]
            reached.update(fresh)
            pending += fresh
            name = self.names[place].definition
            for resource, elements in self._readings(place):
                read = [Evidence(name, resource, path, value) for path, value in elements.items()]
                found += read or [Evidence(name, resource, "", None)]
        return tuple(found)

    def _place(self, library: str, definition: str) -> int:
        return self.names.index(Name.of(library, definition))

    def _readings(self, place: int) -> Iterator[tuple[str | None, Json]]:
        for resource, paths in self.reads.get(place, {}).values():
            yield reference(resource), elements_at(resource, paths)


def path_of(text: str) -> Path:
    """Take a JSON path apart."""
    first, *rest = text.split(".")
    return text, first, tuple(rest)


def explain(names: Sequence[Name], notes_of: Mapping[int, Sequence[Note]]) -> Explanation:
    """Put in order what the code of each slot wrote down; `names` are those of the slots.

    Every answer of a service pays for this.
    """
    reads: dict[int, dict[int, tuple[Json, tuple[Path, ...]]]] = {}
    uses: dict[int, dict[int, None]] = {}
    met: set[tuple[int, int]] = set()
    pending: list[tuple[int, Sequence[Note]]] = list(notes_of.items())
    for slot, notes in pending:  # which grows by the notes of functions
        read, used = reads.get(slot) or {}, uses.get(slot) or {}
        for note in notes:
            if type(note) is int:
                used[note] = None
            elif type(note) is tuple:
                noted, paths = note
                for one in noted if type(noted) is list else (noted,):
                    if type(one) is dict:
                        before = read.get(id(one))
                        read[id(one)] = (one, paths if before is None else _together(before[1], paths))
            elif type(note) is list and (slot, id(note)) not in met:
                met.add((slot, id(note)))
                pending.append((slot, note))
        if read:
            reads[slot] = read
        if used:
            uses[slot] = used
    return Explanation(names, reads, uses)


def _together(paths: tuple[Path, ...], more: tuple[Path, ...]) -> tuple[Path, ...]:
    return paths if more is paths else paths + tuple(path for path in more if path not in paths)


def elements_at(resource: Json, paths: tuple[Path, ...]) -> Json:
    """Find what there is at the paths of a resource, by path."""
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


def reference(resource: Json) -> str | None:
    """Name a resource as others refer to it, by its kind alone when it has no id."""
    identity, kind = resource.get("id"), resource.get("resourceType")
    return f"{kind}/{identity}" if kind and identity else kind


def _through(values: list[Any], step: str) -> Any:
    """Take a step from every item of a list: all that is there, or the only one."""
    inner = [item.get(step) if type(item) is dict else item for item in values]
    found = [one for some in inner for one in (some if type(some) is list else (some,)) if one is not None]
    return found[0] if len(found) == 1 else found
