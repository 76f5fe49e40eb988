"""Linking: compiled libraries bound to each other, with one slot per definition and parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cds.engine.elm.compile import CompiledLibrary
from cds.engine.elm.types import Type
from cds.engine.emit import Module


@dataclass(frozen=True, slots=True)
class Slot:
    """A definition or a parameter of a linked library: how to compute its value."""

    kind: str
    library: str
    name: str
    evaluate: Callable[..., Any] | None
    type: Type
    module: Module | None


@dataclass(frozen=True, slots=True)
class Program:
    """Linked libraries; immutable, shared by threads."""

    slots: tuple[Slot, ...]
    slot_of: Mapping[tuple[str, str, str], int]


def link(libraries: Sequence[CompiledLibrary], *, explain: bool) -> Program:
    """Bind libraries, given with the included ones before those that include them."""
    slot_of: dict[tuple[str, str, str], int] = {}
    for library in libraries:
        for name in library.definitions:
            slot_of[("definition", library.document.name, name)] = len(slot_of)
        for name in library.document.parameters:
            slot_of[("parameter", library.document.name, name)] = len(slot_of)
    functions: dict[tuple[str, str], Callable[..., Any]] = {}
    slots: list[Slot] = []
    for library in libraries:
        slots += _bind(library, slot_of, functions, explain=explain)
    return Program(tuple(slots), slot_of)


def _bind(
    library: CompiledLibrary,
    slot_of: Mapping[tuple[str, str, str], int],
    functions: dict[tuple[str, str], Callable[..., Any]],
    *,
    explain: bool,
) -> list[Slot]:
    module, names = library.module(explain=explain)
    title = library.document.name
    values: dict[str, Any] = {name: slot_of[key] for name, key in module.slots.items()}
    values |= {name: functions[key] for name, key in module.invoked.items() if key[0] != title}
    namespace = module.bind(values)
    for key in library.functions:
        functions[(title, key)] = namespace[names[("function", key)]]
    namespace |= {name: functions[key] for name, key in module.invoked.items() if key[0] == title}
    slots = [
        Slot("definition", title, name, namespace[names[("definition", name)]], lowered.type, module)
        for name, lowered in library.definitions.items()
    ]
    for name in library.document.parameters:
        default = names.get(("parameter", name))
        compute = None if default is None else namespace[default]
        slots.append(Slot("parameter", title, name, compute, library.interface.parameters[name], module))
    return slots
