"""What a value rests on: resources, the paths read from them, and what was found there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from cds.engine.program import Slot


class Evidence(NamedTuple):
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
        self._own: dict[int, list[Evidence]] = {}

    def of(self, slot: int) -> tuple[Evidence, ...]:
        """Give the evidence of a slot and of all it used, each reading once, the nearest definitions first."""
        pending, seen = [slot], {slot}
        for current in pending:
            for other in self._used.get(current, ()):
                if other not in seen:
                    seen.add(other)
                    pending.append(other)
        return tuple(chain.from_iterable(self._readings_of(current) for current in pending))

    def _readings_of(self, slot: int) -> list[Evidence]:
        own = self._own.get(slot)
        if own is None:
            own = self._own[slot] = self._read(slot)
        return own

    def _read(self, slot: int) -> list[Evidence]:
        name = self._slots[slot].name
        notes = self._notes.get(slot, ())
        found: list[Evidence] = []
        for noted, paths in notes:
            for resource in noted if type(noted) is list else (noted,):
                if type(resource) is dict:
                    _add_readings(found, name, resource, paths)
        if len(notes) < 2:
            return found
        once = {(one.resource, one.path, id(one.value)): one for one in reversed(found)}
        return list(once.values())[::-1]


def _add_readings(found: list[Evidence], name: str, resource: dict[str, Any], paths: tuple[str, ...]) -> None:
    identity = resource.get("id")
    kind = resource.get("resourceType")
    reference = f"{kind}/{identity}" if identity else kind
    before = len(found)
    for path in paths:
        value = resource.get(path) if "." not in path else _at(resource, path.split("."))
        if value is not None and value != []:
            found.append(Evidence(name, reference, path, value))
    if len(found) == before:
        found.append(Evidence(name, reference, "", None))


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
