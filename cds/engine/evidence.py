"""What a value rests on: resources, the paths read from them, and what was found there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cds.engine.program import Slot


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reading: `definition` read `value` at the JSON `path` of `resource` ("Observation/egfr-7").

    An empty path means the resource as a whole, and the value is None then.
    """

    definition: str
    resource: str | None
    path: str
    value: Any


class EvidenceBook:
    """What every definition of one evaluation read, turned into Evidence once, when somebody asks.

    `notes` are (resource or list of resources, paths) by slot, `used` the slots that a slot referred to.
    """

    def __init__(
        self, slots: Sequence[Slot], notes: Mapping[int, list[Any]], used: Mapping[int, Iterable[int]]
    ) -> None:
        self._slots = slots
        self._notes = notes
        self._used = used
        self._own: dict[int, tuple[Evidence, ...]] = {}

    def of(self, slot: int) -> tuple[Evidence, ...]:
        """Give the evidence of a slot and of all it used, each reading once, the nearest definitions first."""
        pending, seen = [slot], {slot}
        for current in pending:
            for other in self._used.get(current, ()):
                if other not in seen:
                    seen.add(other)
                    pending.append(other)
        return tuple(chain.from_iterable(self._readings_of(current) for current in pending))

    def _readings_of(self, slot: int) -> tuple[Evidence, ...]:
        own = self._own.get(slot)
        if own is None:
            own = self._own[slot] = tuple(self._read(slot))
        return own

    def _read(self, slot: int) -> Iterator[Evidence]:
        name = self._slots[slot].name
        done: set[tuple[int, str]] = set()
        for noted, paths in self._notes.get(slot, ()):
            for resource in noted if isinstance(noted, list) else (noted,):
                for evidence in _readings(name, resource, paths):
                    if (id(resource), evidence.path) not in done:
                        done.add((id(resource), evidence.path))
                        yield evidence


def _readings(definition: str, resource: Any, paths: tuple[str, ...]) -> Iterator[Evidence]:
    if not isinstance(resource, Mapping):
        return
    name = f"{resource.get('resourceType')}/{resource['id']}" if resource.get("id") else resource.get("resourceType")
    values = [(path, _at(resource, path.split("."))) for path in paths]
    present = [(path, value) for path, value in values if value is not None and value != []]
    for path, value in present or [("", None)]:
        yield Evidence(definition, name, path, value)


def _at(value: Any, steps: Sequence[str]) -> Any:
    """Read a JSON path; through lists, every item that has it."""
    for position, step in enumerate(steps):
        if isinstance(value, list):
            rest = steps[position:]
            found = [inner for inner in (_at(item, rest) for item in value) if inner is not None]
            return found[0] if len(found) == 1 else found
        if not isinstance(value, Mapping):
            return value
        value = value.get(step)
    return value
