"""What a value rests on: resources, the paths read from them, and what was found there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

Json = Mapping[str, Any]


class Name(NamedTuple):
    """A definition: its library, what it is called there, and both as one `text`, `quoted` as JSON; made once."""

    library: str
    definition: str
    text: str
    quoted: bytes

    @classmethod
    def of(cls, library: str, definition: str) -> Name:
        """Name a definition of a library."""
        text = f"{library}.{definition}"
        return cls(library, definition, text, json.dumps(text, ensure_ascii=False).encode())


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
Paths: TypeAlias = tuple[Path, ...]
Reading: TypeAlias = tuple[Json, Paths]
"""A resource with the paths read from it: none where it counted as a whole."""
Readings: TypeAlias = Mapping[int, Reading]
"""Readings by the identity of the resource."""


class Used(NamedTuple):
    """What a slot's code wrote down, if it was only which definitions it used: these once, and as JSON."""

    notes: Sequence[Note]
    places: dict[int, None]
    quoted: bytes


class Explanation(NamedTuple):
    """What definitions rest on, each for itself, by their place in `names`: what several of them use is there once.

    `reads` holds for each definition the resources that it read itself, `uses` the definitions that it referred to, and
    `quoted` these as a JSON array of their names.
    """

    names: Sequence[Name]
    reads: Mapping[int, Readings]
    uses: Mapping[int, Iterable[int]]
    quoted: Mapping[int, bytes]

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


def explain(
    names: Sequence[Name], notes_of: Mapping[int, Sequence[Note]], known: dict[int, Used] | None = None
) -> Explanation:
    """Put in order what the code of each slot wrote down; `names` are those of the slots.

    Every answer of a service pays for this. `known` goes with the names and is filled here: by slot what was written
    down last, as most definitions go the same way for most patients.
    """
    known = {} if known is None else known
    order, plain = _Order(), []
    uses, quoted = order.uses, {}
    for slot, notes in notes_of.items():
        last = known.get(slot)
        if last is not None and last.notes == notes:
            uses[slot], quoted[slot] = last.places, last.quoted
        elif notes and order.put(slot, notes):
            plain.append(slot)
    for slot, notes in order.of_functions:  # which grows
        order.put(slot, notes)
    for slot, used in uses.items():
        if slot not in quoted:
            quoted[slot] = b"[%b]" % b",".join([names[place].quoted for place in used])
    for slot in plain:
        known[slot] = Used(notes_of[slot], uses[slot], quoted[slot])
    return Explanation(names, order.reads, uses, quoted)


class _Order:
    """Notes in order; `of_functions` are those to be put in later."""

    def __init__(self) -> None:
        self.reads: dict[int, dict[int, Reading]] = {}
        self.uses: dict[int, dict[int, None]] = {}
        self.of_functions: list[tuple[int, Sequence[Note]]] = []
        self._met: set[tuple[int, int]] = set()
        self._together: dict[tuple[int, int], Paths] = {}

    def put(self, slot: int, notes: Sequence[Note]) -> bool:
        """Put in what a slot's code wrote down, or a function for it; say whether it is only definitions used."""
        read, used, is_plain = self.reads.get(slot) or {}, self.uses.get(slot) or {}, True
        for note in notes:
            if type(note) is int:
                used[note] = None
                continue
            is_plain = False
            if type(note) is tuple:
                noted, paths = note
                self._read(read, noted if type(noted) is list else (noted,), paths)
            elif type(note) is list and (slot, id(note)) not in self._met:
                self._met.add((slot, id(note)))
                self.of_functions.append((slot, note))
        if read:
            self.reads[slot] = read
        if used:
            self.uses[slot] = used
        return is_plain

    def _read(self, read: dict[int, Reading], resources: Sequence[Any], paths: Paths) -> None:
        for one in resources:
            if type(one) is dict:
                before = read.get(id(one))
                if before is None:
                    read[id(one)] = one, paths
                elif before[1] is not paths:
                    read[id(one)] = one, self._all_of(before[1], paths)

    def _all_of(self, paths: Paths, more: Paths) -> Paths:
        """Give the paths with those of `more` that are not among them; the same two meet for many resources."""
        both = self._together.get((id(paths), id(more)))
        if both is None:
            both = paths + tuple(path for path in more if path not in paths)
            self._together[id(paths), id(more)] = both
        return both


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
