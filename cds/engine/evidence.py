"""What a value rests on: resources, the paths read from them, and what was found there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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


def collect(
    slot: int, slots: Sequence[Slot], notes: Mapping[int, list[Any]], used: Mapping[int, Iterable[int]]
) -> tuple[Evidence, ...]:
    """Give the evidence of a slot and of all it used, each reading once, the nearest definitions first."""
    found: dict[tuple[Any, ...], Evidence] = {}
    pending, seen = [slot], {slot}
    for current in pending:
        for noted, paths in notes.get(current, ()):
            for resource in noted if isinstance(noted, list) else (noted,):
                for evidence in _readings(slots[current].name, resource, paths):
                    found.setdefault((evidence.definition, id(resource), evidence.path), evidence)
        for other in used.get(current, ()):
            if other not in seen:
                seen.add(other)
                pending.append(other)
    return tuple(found.values())


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
