"""Functions that evaluate an argument for every item: `where`, `select`, `exists`, `all`, `sort` and others.

Where the types are known they become plain loops. https://hl7.org/fhirpath/#filtering-and-projection
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cds.engine import build, ir
from cds.engine.fhirpath import syntax, types
from cds.engine.fhirpath.functions import ordering, walking
from cds.engine.fhirpath.lowering.coercion import carrying, criterion, item, listed, one
from cds.engine.fhirpath.lowering.expr import EMPTY, Expr, Scope, boolean, each_of, is_empty, noted
from cds.engine.fhirpath.lowering.navigation import not_null
from cds.engine.fhirpath.lowering.registry import Invocation, function


@dataclass(frozen=True, slots=True)
class _Walk:
    """The clauses that walk over a source, the item in them, its scope, and the clause that makes it evidence."""

    clauses: tuple[ir.Clause, ...]
    this: Expr
    scope: Scope
    witness: tuple[ir.Clause, ...] = ()

    def where(self, condition: ir.Node) -> tuple[ir.Clause, ...]:
        """Go on only where a condition is true; what passes is evidence."""
        return (*self.clauses, ir.Where(condition), *self.witness)


def _walk(call: Invocation, total: Expr | None = None) -> _Walk:
    source, names = call.source, call.lowering.names
    zero = Expr(ir.Const(0), types.INTEGER)
    if isinstance(source.node, ir.Const) and not source.many:
        return _Walk((), source, call.scope.inner(source, zero, total))
    name = names.fresh("this")
    if not source.many:
        source = noted(source)
        this = replace(source, node=ir.Local(name))
        clauses: tuple[ir.Clause, ...] = (ir.Bind(name, source.node), ir.Where(not_null(ir.Local(name))))
        return _Walk(clauses, this, call.scope.inner(this, zero, total))
    this, witness = each_of(source, name)
    if not any(_uses_index(argument) for argument in call.call.arguments):
        clauses = (ir.Each(name, source.node, items_never_null=True),)
        return _Walk(clauses, this, call.scope.inner(this, None, total), witness)
    pair, index = names.fresh("pair"), names.fresh("index")
    clauses = (
        ir.Each(pair, build.call(walking.numbered, source.node), items_never_null=True),
        ir.Bind(index, build.native("{0}[0]", ir.Local(pair), null_in_null_out=False, never_null=True)),
        ir.Bind(name, build.native("{0}[1]", ir.Local(pair), null_in_null_out=False, never_null=True)),
    )
    return _Walk(clauses, this, call.scope.inner(this, Expr(ir.Local(index), types.INTEGER), total), witness)


def _uses_index(node: syntax.Node) -> bool:
    """Say whether `$index` is written in an argument, or in one inside it."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, syntax.Index):
            return True
        pending.extend(syntax.children(current))
    return False


@function("where", 1)
def where(call: Invocation) -> Expr:
    """Keep the items for which the criterion is true."""
    if is_empty(call.source):
        return EMPTY
    walk = _walk(call)
    clauses = walk.where(criterion(call.argument(0, walk.scope, value=True), "where", call.at))
    sink = ir.Collect(walk.this.node) if call.source.many else ir.First(walk.this.node)
    return replace(call.source, node=ir.Comprehension(clauses, sink))


@function("select", 1)
def select(call: Invocation) -> Expr:
    """Evaluate the projection for every item and join the results."""
    if is_empty(call.source):
        return EMPTY
    walk = _walk(call)
    taken = call.argument(0, walk.scope, value=call.value)
    name = call.lowering.names.fresh("selected")
    result: ir.Node = ir.Local(name)
    clauses: tuple[ir.Clause, ...]
    if taken.many:
        clauses = (*walk.clauses, ir.Each(name, taken.node, items_never_null=True), *walk.witness)
    elif isinstance(taken.node, ir.Const):
        result = taken.node
        clauses = (*walk.clauses, ir.Where(not_null(result)))
    else:
        clauses = (*walk.clauses, ir.Bind(name, taken.node), ir.Where(not_null(result)), *walk.witness)
    sink = ir.Collect(result) if call.source.many or taken.many else ir.First(result)
    return replace(taken, node=ir.Comprehension(clauses, sink), many=isinstance(sink, ir.Collect))


@function("exists", 0, 1)
def exists(call: Invocation) -> Expr:
    """Say whether there is an item, or one for which the criterion is true."""
    if call.count == 0:
        return boolean(present(call.source))
    if is_empty(call.source):
        return boolean(build.FALSE)
    walk = _walk(call)
    wanted = criterion(call.argument(0, walk.scope, value=True), "exists", call.at)
    return boolean(ir.Comprehension(walk.where(wanted), ir.Exists()))


def present(source: Expr) -> ir.Node:
    """Test that a collection is not empty; a filter is left at its first item."""
    node = source.node
    if isinstance(node, ir.Comprehension) and isinstance(node.sink, ir.Collect):
        return ir.Comprehension(node.clauses, ir.Exists())
    if isinstance(node, ir.Const):
        return ir.Const(bool(node.value) if source.many else node.value is not None)
    if source.many:
        return build.native("(True if {0} else False)", node, null_in_null_out=False, never_null=True)
    return build.negation(build.is_null(node))


@function("all", 1)
def all_(call: Invocation) -> Expr:
    """Say whether the criterion is true for every item."""
    if is_empty(call.source):
        return boolean(build.TRUE)
    walk = _walk(call)
    wanted = criterion(call.argument(0, walk.scope, value=True), "all", call.at)
    failed = build.native("{0} is not True", wanted, null_in_null_out=False, never_null=True)
    clauses = (*walk.clauses, *walk.witness, ir.Where(failed))
    return boolean(build.negation(ir.Comprehension(clauses, ir.Exists())))


@function("aggregate", 1, 2)
def aggregate(call: Invocation) -> Expr:
    """Carry `$total` from item to item."""
    start = carrying(call.argument(1)) if call.count == 2 else EMPTY
    if is_empty(call.source):
        return start
    name = call.lowering.names.fresh("total")
    walk = _walk(call, Expr(ir.Local(name), None, many=True))
    step = listed(carrying(call.argument(0, walk.scope, value=True)))
    return Expr(ir.Comprehension((*walk.clauses, *walk.witness), ir.Fold(name, listed(start), step)), None, many=True)


@function("repeat", 1)
def repeat(call: Invocation) -> Expr:
    """Apply the projection to its own results until nothing new comes."""
    return _repeat(call, distinct=True)


@function("repeatAll", 1)
def repeat_all(call: Invocation) -> Expr:
    """Apply the projection to its own results until nothing comes; duplicates stay."""
    return _repeat(call, distinct=False)


def _repeat(call: Invocation, *, distinct: bool) -> Expr:
    if is_empty(call.source):
        return EMPTY
    name = call.lowering.names.fresh("this")
    scope = call.scope.inner(Expr(ir.Local(name), None))
    project = ir.Lambda((name,), listed(carrying(call.argument(0, scope))))
    source = listed(carrying(call.source))
    node = build.call(walking.repeat, source, project, ir.Const(distinct), with_run=True, at=call.at)
    return Expr(node, None, many=True)


@function("sort", 0, None)
def sort(call: Invocation) -> Expr:
    """Sort by keys; `-key` is the older spelling of `key desc`."""
    source = call.source
    if is_empty(source):
        return EMPTY
    keys: list[ir.Node] = []
    directions: list[ordering.Direction] = []
    for argument in call.call.arguments or (syntax.SortKey(call.call.start, syntax.This(call.call.start), False),):
        assert isinstance(argument, syntax.SortKey)
        expression: syntax.Node = argument.key
        direction: ordering.Direction = "desc" if argument.descending else "asc"
        if isinstance(expression, syntax.Unary) and expression.operator == "-" and not argument.descending:
            expression, direction = expression.operand, "minus"
        name = call.lowering.names.fresh("this")
        scope = call.scope.inner(Expr(ir.Local(name), source.type, many=False, bare=source.bare))
        key = item(one(call.lowering.closed(expression, scope, value=True), call.at))
        keys.append(ir.Lambda((name,), key))
        directions.append(direction)
    node = build.call(
        ordering.sort, listed(source), ir.Const(tuple(directions)), *keys, with_run=True, never_null=True, at=call.at
    )
    return replace(source, node=node, many=True)
