"""A module of generated Python: its functions, its constants, and where each line comes from."""

from __future__ import annotations

import itertools
import keyword
import re
from array import array
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import CodeType, TracebackType
from typing import Any, NamedTuple

from cds.engine import ir, trampoline
from cds.engine.emit.analysis import FreeLocals, is_worth_remembering
from cds.engine.emit.function import FunctionWriter
from cds.engine.emit.lines import Line, flat
from cds.engine.emit.memory import LOCALS, Remembered
from cds.engine.errors import EngineError
from cds.engine.run import PENDING

_NO_NAME = re.compile("[^A-Za-z0-9]")
_module_numbers = itertools.count(1)


class Place(NamedTuple):
    """Where in the author's text a line of generated Python comes from."""

    definition: str
    locator: str | None


@dataclass(frozen=True)
class Module:
    """Compiled code, not yet bound to its slots and neighbours; immutable, shared by threads.

    `slots` maps a global name to the definition or parameter it stands for, `invoked` to a function of a library;
    `bind` gives them values and runs the code. `place_of_line` says which of the `places` each line is for.
    """

    filename: str
    source: str
    code: CodeType
    constants: Mapping[str, Any]
    slots: Mapping[str, tuple[str, str, str]]
    invoked: Mapping[str, tuple[str, str]]
    places: tuple[Place | None, ...]
    place_of_line: array[int]

    def bind(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Run the module with values for `slots` and `invoked`; return its functions by name."""
        namespace = {"__builtins__": {"id": id, "len": len}, **self.constants, **values}
        exec(self.code, namespace)  # noqa: S102 - source that this package wrote a moment ago
        return namespace

    def place_at(self, line: int) -> Place | None:
        """Return the place that a line of the source (counted from 1) is for."""
        return self.places[self.place_of_line[line - 1]] if 0 < line <= len(self.place_of_line) else None

    def place_of(self, traceback: TracebackType | None) -> Place | None:
        """Find the place of the innermost line of this module in a traceback."""
        found = None
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == self.filename:
                found = self.place_at(traceback.tb_lineno) or found
            traceback = traceback.tb_next
        return found


@dataclass
class _Pending:
    name: str
    parameters: tuple[str, ...]
    body: ir.Node
    definition: str
    remembered: Remembered | None


@dataclass
class ModuleWriter:
    """Collects functions and writes them as one module. `explain` also emits the notes for the evidence."""

    name: str
    explain: bool = False
    constants: dict[str, Any] = field(default_factory=dict)
    slots: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    invoked: dict[str, tuple[str, str]] = field(default_factory=dict)
    free: FreeLocals = field(default_factory=FreeLocals)
    _taken: set[str] = field(default_factory=lambda: {"s", "V", "note", "len", "id", *LOCALS})
    _numbers: dict[str, int] = field(default_factory=dict)
    _by_identity: dict[int, str] = field(default_factory=dict)
    _kept: list[Any] = field(default_factory=list)
    _by_reference: dict[tuple[str, ...], str] = field(default_factory=dict)
    _pending: deque[_Pending] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._taken.add("PENDING")
        self._by_identity[id(PENDING)] = "PENDING"
        self.constants["PENDING"] = PENDING

    def add_function(
        self,
        hint: str,
        parameters: tuple[str, ...],
        body: ir.Node,
        *,
        definition: str = "",
        remembered: Remembered | None = None,
    ) -> str:
        """Add a function of (run, *parameters) that returns the value of the body; return its name in the module.

        `parameters` are names of locals in the body; `definition` is what errors in it are attributed to; `remembered`
        says how a run keeps its results, if that is worth it.
        """
        name = self.unique(hint)
        kept = remembered if remembered is not None and is_worth_remembering(body) else None
        self._pending.append(_Pending(name, parameters, body, definition or hint, kept))
        return name

    def unique(self, hint: str) -> str:
        """Return a global name not used so far."""
        stem = _NO_NAME.sub("_", hint).lstrip("_") or "x"
        if stem[0].isdigit() or keyword.iskeyword(stem):
            stem = f"x{stem}"
        number = self._numbers.get(stem, 0) + 1
        name = stem if number == 1 else f"{stem}_{number}"
        while name in self._taken:
            number += 1
            name = f"{stem}_{number}"
        self._numbers[stem] = number
        self._taken.add(name)
        return name

    def constant(self, value: Any, hint: str = "K") -> str:
        """Return the global name of a constant, a class or a runtime function."""
        name = self._by_identity.get(id(value))
        if name is None:
            name = self.unique(getattr(value, "__name__", hint))
            self._by_identity[id(value)] = name
            self._kept.append(value)  # an id is only unique while its object lives
            self.constants[name] = value
        return name

    def slot(self, kind: str, library: str, name: str) -> str:
        """Return the global name that holds the slot number of a definition or parameter."""
        key = (kind, library, name)
        if key not in self._by_reference:
            self._by_reference[key] = self.unique(f"R_{name}")
            self.slots[self._by_reference[key]] = key
        return self._by_reference[key]

    def function(self, library: str, function: str) -> str:
        """Return the global name that holds a user-defined function."""
        key = ("function", library, function)
        if key not in self._by_reference:
            self._by_reference[key] = self.unique(f"F_{function.partition('(')[0]}")
            self.invoked[self._by_reference[key]] = (library, function)
        return self._by_reference[key]

    def build(self) -> Module:
        """Write and compile the module. Raises EngineError when Python refuses the source."""
        lines: list[Line] = []
        while self._pending:
            job = self._pending.popleft()
            writer = FunctionWriter(self, job.definition)
            lines.extend(flat(trampoline.run(writer.function(job.name, job.parameters, job.body, job.remembered))))
        source = "\n".join("    " * line.indent + line.text for line in lines) + "\n"
        filename = f"<{self.name} #{next(_module_numbers)}>"
        try:
            code = compile(source, filename, "exec", dont_inherit=True)
        except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
            message = f"{self.name}: the generated Python is refused ({error}); simplify the expression"
            raise EngineError(message) from error
        places: dict[Place | None, int] = {}
        found = (Place(line.definition, line.at) if line.definition else None for line in lines)
        place_of_line = array("I", (places.setdefault(place, len(places)) for place in found))
        return Module(
            filename=filename,
            source=source,
            code=code,
            constants=dict(self.constants),
            slots=dict(self.slots),
            invoked=dict(self.invoked),
            places=tuple(places),
            place_of_line=place_of_line,
        )


def compile_function(
    parameters: tuple[str, ...], body: ir.Node, *, name: str = "expression"
) -> tuple[Callable[..., Any], Module]:
    """Compile one expression without definitions: a function of (run, *parameters), and its module for error places."""
    writer = ModuleWriter(name)
    function = writer.add_function("evaluate", parameters, body, definition=name)
    module = writer.build()
    compiled: Callable[..., Any] = module.bind({})[function]
    return compiled, module
