"""Linking: compiled libraries bound to each other, with one slot per definition and parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from cds.engine.elm.compile import CompiledLibrary
from cds.engine.elm.types import Type
from cds.engine.emit import Module, Place
from cds.engine.evidence import Name, Used
from cds.engine.parameters import bind


@dataclass(frozen=True, slots=True)
class Slot:
    """A definition or a parameter of a linked library; `evaluate` is the code of the one, the default of the other."""

    kind: str
    library: str
    name: str
    evaluate: Callable[..., Any] | None
    type: Type

    def computation(self) -> Callable[..., Any]:
        """Return what gives the value for a run."""
        if self.kind == "definition" and self.evaluate is not None:
            return self.evaluate
        return lambda run: bind(run, run.parameters, self)


@dataclass(frozen=True, slots=True)
class Program:
    """Linked libraries; shared by threads. `names` and `computations` are those of the slots.

    `known` is kept for their explanation.
    """

    slots: tuple[Slot, ...]
    computations: tuple[Callable[..., Any], ...]
    names: tuple[Name, ...]
    slot_of: Mapping[tuple[str, str, str], int]
    modules: Mapping[str, tuple[str, Module]]
    known: dict[int, Used] = field(default_factory=dict)

    def place_of(self, traceback: TracebackType | None) -> tuple[str, Place] | None:
        """Find the library and the place of the innermost generated line in a traceback."""
        found = None
        while traceback is not None:
            library, module = self.modules.get(traceback.tb_frame.f_code.co_filename, ("", None))
            place = module.place_at(traceback.tb_lineno) if module is not None else None
            found = (library, place) if place is not None else found
            traceback = traceback.tb_next
        return found


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
    modules = {}
    for library in libraries:
        module, _ = library.modules[explain]
        modules[module.filename] = (library.document.name, module)
    return Program(
        tuple(slots),
        tuple(slot.computation() for slot in slots),
        tuple(Name.of(slot.library, slot.name) for slot in slots),
        slot_of,
        modules,
    )


def _bind(
    library: CompiledLibrary,
    slot_of: Mapping[tuple[str, str, str], int],
    functions: dict[tuple[str, str], Callable[..., Any]],
    *,
    explain: bool,
) -> list[Slot]:
    module, names = library.modules[explain]
    title = library.document.name
    values: dict[str, Any] = {name: slot_of[key] for name, key in module.slots.items()}
    values |= {name: functions[key] for name, key in module.invoked.items() if key[0] != title}
    namespace = module.bind(values)
    for key in library.functions:
        functions[(title, key)] = namespace[names[("function", key)]]
    namespace |= {name: functions[key] for name, key in module.invoked.items() if key[0] == title}
    slots = [
        Slot("definition", title, name, namespace[names[("definition", name)]], type_)
        for name, type_ in library.definitions.items()
    ]
    for name in library.document.parameters:
        default = names.get(("parameter", name))
        compute = None if default is None else namespace[default]
        slots.append(Slot("parameter", title, name, compute, library.interface.parameters[name]))
    return slots
