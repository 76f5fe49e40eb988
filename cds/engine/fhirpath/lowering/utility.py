"""Utility functions: conditions, variables, clock, trace, types, the tree.

https://hl7.org/fhirpath/#utility-functions
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cds.engine import build, ir
from cds.engine.fhirpath import syntax, types
from cds.engine.fhirpath.functions import dates
from cds.engine.fhirpath.lowering.coercion import carrying, criterion, item, items, listed, one, same_type
from cds.engine.fhirpath.lowering.expr import EMPTY, Expr, bound, is_empty
from cds.engine.fhirpath.lowering.registry import Invocation, function
from cds.engine.fhirpath.run import FHIRPathRun
from cds.engine.fhirpath.types import Type
from cds.engine.fhirpath.values.elements import TypeInfo, type_of
from cds.engine.fhirpath.values.steps import children, descendants

_SYSTEM_VARIABLES = frozenset(("context", "resource", "rootResource", "ucum", "sct", "loinc"))


@function("iif", 2, 3)
def iif(call: Invocation) -> Expr:
    """Choose between two expressions; only the chosen one is evaluated."""
    source = one(call.source, call.at)
    bind: tuple[str, ir.Node] | None = None
    if call.call.source is None:
        scope = call.scope
    elif isinstance(source.node, ir.Const):
        scope = call.scope.inner(source)
    else:
        name = call.lowering.names.fresh("this")
        scope = call.scope.inner(Expr(ir.Local(name), source.type, many=False, bare=source.bare))
        bind = (name, source.node)
    condition = criterion(call.argument(0, scope, value=True), "iif", call.at)
    then = call.argument(1, scope, value=call.value)
    otherwise = call.argument(2, scope, value=call.value) if call.count == 3 else EMPTY
    then, otherwise, type_ = same_type(then, otherwise)
    many = then.many or otherwise.many
    first, second = (listed(then), listed(otherwise)) if many else (then.node, otherwise.node)
    node = build.choose(condition, first, second)
    if bind is not None:
        node = bound(bind[0], bind[1], node)
    return Expr(node, type_, many, then.bare and otherwise.bare)


@function("defineVariable", 1, 2)
def define_variable(call: Invocation) -> Expr:
    """Name a collection for the rest of the path; the path itself goes on unchanged."""
    name = _literal_name(call)
    known = call.scope.variables.keys() | call.lowering.inputs.keys() | _SYSTEM_VARIABLES
    if name in known:
        message = f"the variable %{name} exists already"
        raise call.lowering.refusal(message, call.call)
    source = _bound(call, name, call.source)
    value = source
    if call.count == 2:  # the projection is evaluated once, on the whole collection
        value = _bound(call, name, call.argument(1, call.scope.inner(source)))
    call.scope.variables[name] = value
    return source


def _bound(call: Invocation, name: str, expr: Expr) -> Expr:
    """Give a value a local that the whole rest of the path can use."""
    if isinstance(expr.node, ir.Const):
        return expr
    local = call.lowering.names.fresh(name)
    call.scope.pending.append((local, expr.node))
    return Expr(ir.Local(local), expr.type, expr.many, expr.bare)


def _literal_name(call: Invocation) -> str:
    argument = call.call.arguments[0]
    if isinstance(argument, syntax.Literal) and isinstance(argument.value, str):
        return argument.value
    raise call.lowering.refusal("the name of a variable must be a string literal", call.call)


@function("trace", 1, 2)
def trace(call: Invocation) -> Expr:
    """Report the items, or a projection of them, to whoever listens; the path goes on unchanged."""
    source = call.source
    name = item(one(call.argument(0, value=True), call.at))
    project: ir.Node = build.NULL
    if call.count == 2:
        local = call.lowering.names.fresh("this")
        scope = call.scope.inner(Expr(ir.Local(local), source.type, many=False, bare=source.bare))
        project = ir.Lambda((local,), listed(carrying(call.argument(1, scope))))
    node = build.call(_trace, listed(source), name, project, with_run=True, foldable=False, at=call.at)
    traced = Expr(node, source.type, many=True, bare=source.bare)
    return traced if source.many else one(traced, call.at)


def _trace(
    run: FHIRPathRun, found: list[Any] | None, name: Any, project: Callable[[Any], list[Any] | None] | None
) -> list[Any]:
    collection = found or []
    if run.trace is not None:
        run.trace(str(name), collection if project is None else [r for i in collection for r in project(i) or ()])
    return collection


def _clock(name: str, read: Callable[..., Any], type_: Type) -> None:
    @function(name)
    def lower(_call: Invocation) -> Expr:
        return Expr(build.call(read, with_run=True, never_null=True), type_)


_clock("now", dates.now, types.DATETIME)
_clock("today", dates.today, types.DATE)
_clock("timeOfDay", dates.time_of_day, types.TIME)


@function("type")
def type_(call: Invocation) -> Expr:
    """Name the type of every item."""
    source = carrying(call.source)
    if is_empty(source):
        return EMPTY
    if source.many:
        return Expr(build.call(_type_infos, source.node), None, many=True)
    return Expr(build.call(_type_info, source.node), None)


def _type_info(value: Any) -> TypeInfo | None:
    if value is None:
        return None
    found = type_of(value)
    return TypeInfo(found.namespace, types.reported_name(found))


def _type_infos(values: list[Any] | None) -> list[TypeInfo]:
    return [info for value in values or () if (info := _type_info(value)) is not None]


@function("children")
def children_(call: Invocation) -> Expr:
    """Take all children."""
    return Expr(build.call(children, items(_elements(call.source))), None, many=True)


@function("descendants")
def descendants_(call: Invocation) -> Expr:
    """Take all children, their children and so on."""
    node = build.call(descendants, items(_elements(call.source)), with_run=True, at=call.at)
    return Expr(node, None, many=True)


def _elements(source: Expr) -> Expr:
    return Expr(listed(carrying(source)), None, many=True)
