"""An expression on its way to the intermediate form: a node, and what is known about the values it will give."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from cds.engine import build, ir
from cds.engine.fhirpath import types
from cds.engine.fhirpath.types import Type


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value is read: `reads` gathers the JSON paths read from one resource, `path` leads to this value."""

    reads: ir.Reads
    path: str = ""

    def member(self, *names: str) -> Origin:
        """Give the origin of a member, and note that it is read; of a choice, whichever alternative is there."""
        paths = [f"{self.path}.{name}" if self.path else name for name in names]
        self.reads.found.update(paths)
        return Origin(self.reads, paths[0] if len(paths) == 1 else self.path)


@dataclass(frozen=True, slots=True)
class Expr:
    """A node and its static type.

    `many`: the node gives a list (or None), else one item or None. `type` None: every item carries its type. `bare`:
    FHIR primitives are their JSON value, never an Element with extensions. `origin`: the resource it is read from.
    """

    node: ir.Node
    type: Type | None
    many: bool = False
    bare: bool = False
    origin: Origin | None = None


EMPTY = Expr(build.NULL, None)


def constant(value: Any, type_: Type) -> Expr:
    """Make an expression of a constant System value."""
    return Expr(ir.Const(value), type_)


def boolean(node: ir.Node) -> Expr:
    """Make an expression of a node that gives true, false or None."""
    return Expr(node, types.BOOLEAN)


def bound(name: str, value: ir.Node, body: ir.Node) -> ir.Node:
    """Bind a local around a node; a constant needs none, but the value may still fail."""
    return build.call(_after, value, body) if isinstance(body, ir.Const) else ir.Let(name, value, body)


def _after(_value: Any, result: Any) -> Any:
    return result


def noted(expr: Expr) -> Expr:
    """Take one resource as evidence for what will be read from it."""
    if expr.many or expr.origin is not None or expr.type is None or not types.is_resource(expr.type):
        return expr
    reads = ir.Reads()
    return replace(expr, node=ir.Noted(expr.node, reads), origin=Origin(reads))


def each_of(expr: Expr, local: str) -> tuple[Expr, tuple[ir.Clause, ...]]:
    """Give the item that stands for each of a list, and the clause that takes resources among them as evidence."""
    if expr.origin is None and expr.type is not None and types.is_resource(expr.type):
        reads = ir.Reads()
        return Expr(ir.Local(local), expr.type, bare=expr.bare, origin=Origin(reads)), (ir.Witness(local, reads),)
    return Expr(ir.Local(local), expr.type, bare=expr.bare, origin=expr.origin), ()


def is_empty(expr: Expr) -> bool:
    """Say whether the expression is the empty collection already now."""
    return build.is_constant(expr.node, None)


@dataclass(slots=True)
class Scope:
    """What names mean at a place: `$this`, `$index`, `$total` and the variables defined on the way.

    `pending` are variables defined at this place whose values the finished expression has to bind.
    """

    this: Expr
    index: Expr | None = None
    total: Expr | None = None
    variables: dict[str, Expr] = field(default_factory=dict)
    pending: list[tuple[str, ir.Node]] = field(default_factory=list)

    def inner(self, this: Expr | None = None, index: Expr | None = None, total: Expr | None = None) -> Scope:
        """Open a scope within this one; what is defined in it ends with it."""
        return Scope(this or self.this, index or self.index, total or self.total, dict(self.variables))

    def closed(self, expr: Expr) -> Expr:
        """End the scope: bind the variables defined in it around the expression."""
        node = expr.node
        for name, value in reversed(self.pending):
            node = bound(name, value, node)
        return replace(expr, node=node)
