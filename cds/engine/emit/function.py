"""One function of generated Python: names, temporaries, open loops, code moved out of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cds.engine import ir
from cds.engine.emit import code, conditions, expressions, memory
from cds.engine.emit.analysis import is_worth_moving
from cds.engine.emit.code import Code
from cds.engine.emit.lines import Block, Line
from cds.engine.errors import EngineError
from cds.engine.run import PENDING
from cds.engine.trampoline import Deep

if TYPE_CHECKING:
    from cds.engine.emit.module import ModuleWriter

MAX_INDENT = 12
"""Deeper code goes into a function of its own: Python allows 20 nested loops and 100 levels of indentation."""


@dataclass
class Loop:
    """An open loop: where code moved out of it goes, and the locals that change in it."""

    header: Block
    header_indent: int
    bound: set[str] = field(default_factory=set)


class FunctionWriter:
    """Writes the statements of one function. Expressions that cannot fail stay inside expressions."""

    def __init__(self, module: ModuleWriter, definition: str) -> None:
        self.module = module
        self.definition = definition
        self.explain = module.explain
        self.lines: Block = []
        self.indent = 1
        self.loops: list[Loop] = []
        self.names: dict[str, Code] = {}
        self.bound_once: set[str] = set()
        self.prologue: dict[str, str] = {}
        self.at: str | None = None
        self._temporaries = 0

    def function(
        self, name: str, parameters: tuple[str, ...], body: ir.Node, remembered: memory.Remembered | None = None
    ) -> Deep[Block]:
        """Write the whole function and return its lines; `remembered` says how results are kept, None not at all."""
        python_names = [self.declare(parameter).text for parameter in parameters]
        if remembered is not None:
            memory.recall(self, remembered, python_names)
        result = yield self.value(body)
        if remembered is not None:
            result = self.keep(result)
            memory.keep(self, remembered, result, python_names)
        self.line(f"return {result.text}")
        head: Block = [Line(0, f"def {name}({', '.join(['s', *python_names])}):", "", None)]
        head.extend(Line(1, f"{local} = {text}", "", None) for local, text in self.prologue.items())
        return [*head, *self.lines]

    def value(self, node: ir.Node) -> Deep[Code]:
        """Write what a node needs before it and return its value as an expression."""
        if isinstance(node, ir.Const):
            return self.constant(node.value)
        if isinstance(node, ir.Local):
            return self.local(node.name)
        if self.indent >= MAX_INDENT and is_worth_outlining(node):
            return self._outlined(node)
        if self.loops and (is_worth_moving(node) or (self.explain and isinstance(node, ir.Definition))):
            level = self._level_of(node)
            if level < len(self.loops):
                moved: Code = yield from self._moved(node, self.loops[level])
                return moved
        result: Code = yield expressions.write(self, node)
        return self.keep(result) if result.depth > code.MAX_DEPTH else result

    def test(self, node: ir.Node) -> Deep[Code]:
        """Return a Python condition that is true exactly when the node is True."""
        return conditions.holds(self, node)

    def constant(self, value: Any) -> Code:
        """Return the code of a constant."""
        if value is None or value is True or value is False:
            return Code(str(value), 0, simple=True, never_null=value is not None)
        if type(value) is int or (type(value) is str and len(value) < 80):
            return Code(repr(value), 0, simple=True, never_null=True)
        return code.name(self.module.constant(value), never_null=True)

    def local(self, name: str) -> Code:
        """Return the code of a local."""
        try:
            return self.names[name]
        except KeyError:
            message = f"{self.definition}: the local {name} is not bound here"
            raise EngineError(message) from None

    def declare(self, name: str, *, never_null: bool = False) -> Code:
        """Bind a local to a Python name of its own."""
        result = code.name(f"_{name}", never_null=never_null)  # no generated global or temporary starts so
        self.alias(name, result)
        return result

    def alias(self, name: str, value: Code) -> None:
        """Bind a local to code that is already there."""
        if name in self.bound_once:
            message = f"{self.definition}: the local {name} is bound twice"
            raise EngineError(message)
        self.bound_once.add(name)
        self.names[name] = value
        if self.loops:
            self.loops[-1].bound.add(name)

    def temporary(self) -> str:
        """Return a new Python name."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    def line(self, text: str, at: str | None = None) -> None:
        """Write one line at the current indentation."""
        self.lines.append(Line(self.indent, text, self.definition, at or self.at))

    def keep(self, value: Code, at: str | None = None) -> Code:
        """Put a value into a temporary, unless it is a name or literal already."""
        if value.simple:
            return value
        name = self.temporary()
        self.line(f"{name} = {value.text}", at)
        return code.name(name, never_null=value.never_null)

    def named(self, value: Code) -> Code:
        """Put a value into a temporary unless it is a name: `is` wants no literal beside it."""
        return value if value.text.isidentifier() else self.keep(value._replace(simple=False))

    def local_for(self, text: str, hint: str) -> str:
        """Return a name for a lookup that is done once, at the start of the function."""
        self.prologue.setdefault(hint, text)
        return hint

    @contextmanager
    def inner(self) -> Iterator[Block]:
        """Collect the lines written inside, one level deeper, into the block given."""
        outer, block = self.lines, []  # type: Block, Block
        self.lines = block
        self.indent += 1
        try:
            yield block
        finally:
            self.lines = outer
            self.indent -= 1

    def put(self, block: Block) -> None:
        """Write collected lines here."""
        self.lines.extend(block)

    def open_loop(self) -> Loop:
        """Start a loop at this point: what is moved out of it lands here."""
        header: Block = []
        self.lines.append(header)
        loop = Loop(header, self.indent)
        self.loops.append(loop)
        return loop

    @contextmanager
    def no_loops(self) -> Iterator[None]:
        """Hide the open loops: code inside a nested function cannot be moved out of it."""
        outer, self.loops = self.loops, []
        try:
            yield
        finally:
            self.loops = outer

    def _level_of(self, node: ir.Node) -> int:
        free = self.module.free.of(node)
        for level in range(len(self.loops), 0, -1):
            if not free.isdisjoint(self.loops[level - 1].bound):
                return level
        return 0

    def _moved(self, node: ir.Node, loop: Loop) -> Deep[Code]:
        """Evaluate in the first pass that needs it, then remember: a loop that is never entered evaluates nothing."""
        name = self.temporary()
        pending = self.module.constant(PENDING)
        loop.header.append(Line(loop.header_indent, f"{name} = {pending}", self.definition, None))
        self.line(f"if {name} is {pending}:")
        with self.inner() as block:
            with self.no_loops():
                result = yield expressions.write(self, node)
            self.line(f"{name} = {result.text}")
        self.put(block)
        return code.name(name, never_null=result.never_null)

    def _outlined(self, node: ir.Node) -> Code:
        free = sorted(self.module.free.of(node))
        name = self.module.add_function(f"{self.definition}_part", tuple(free), node, definition=self.definition)
        arguments = ", ".join(["s", *(self.local(local).text for local in free)])
        return self.keep(Code(f"{name}({arguments})", 1))


def is_worth_outlining(node: ir.Node) -> bool:
    """Say whether a node can open further levels."""
    return not isinstance(node, ir.Const | ir.Local | ir.Definition | ir.Parameter | ir.Field)
