"""Functions of whole collections: counting, subsets by position, duplicates, unions.

https://hl7.org/fhirpath/#subsetting
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cds.engine import build, ir
from cds.engine.fhirpath import types
from cds.engine.fhirpath.functions import sets, strings, walking
from cds.engine.fhirpath.lowering import operators
from cds.engine.fhirpath.lowering.coercion import item, items, listed, one, same_type, truth
from cds.engine.fhirpath.lowering.expr import EMPTY, Expr, boolean, is_empty
from cds.engine.fhirpath.lowering.iteration import present
from cds.engine.fhirpath.lowering.registry import Invocation, function


@function("empty")
def empty(call: Invocation) -> Expr:
    """Say whether there is no item."""
    return boolean(build.negation(present(call.source)))


@function("count")
def count(call: Invocation) -> Expr:
    """Count the items."""
    source = call.source
    if isinstance(source.node, ir.Comprehension) and isinstance(source.node.sink, ir.Collect):
        return Expr(ir.Comprehension(source.node.clauses, ir.Count()), types.INTEGER)
    template = "(len({0}) if {0} else 0)" if source.many else "(0 if {0} is None else 1)"
    return Expr(build.native(template, source.node, null_in_null_out=False, never_null=True), types.INTEGER)


@function("not", value_source=True)
def not_(call: Invocation) -> Expr:
    """Negate; unknown stays unknown."""
    return boolean(build.negation(truth(call.source, call.at)))


# One item, or some of them, by position


@function("single")
def single(call: Invocation) -> Expr:
    """Take the one item; more than one is an error."""
    return one(call.source, call.at)


@function("first")
def first(call: Invocation) -> Expr:
    """Take the first item."""
    source = call.source
    if not source.many:
        return source
    node = source.node
    if isinstance(node, ir.Comprehension) and isinstance(node.sink, ir.Collect):
        taken: ir.Node = ir.Comprehension(node.clauses, ir.First(node.sink.value))
    else:
        taken = build.native("({0}[0] if {0} else None)", node, null_in_null_out=False)
    return replace(source, node=taken, many=False)


@function("last")
def last(call: Invocation) -> Expr:
    """Take the last item."""
    source = call.source
    if not source.many:
        return source
    node = build.native("({0}[-1] if {0} else None)", source.node, null_in_null_out=False)
    return replace(source, node=node, many=False)


@function("tail")
def tail(call: Invocation) -> Expr:
    """Take all but the first item."""
    return _part(call.source, walking.skip, ir.Const(1))


@function("skip", 1)
def skip(call: Invocation) -> Expr:
    """Drop the first items."""
    return _part(call.source, walking.skip, item(one(call.argument(0, value=True), call.at)))


@function("take", 1)
def take(call: Invocation) -> Expr:
    """Keep the first items."""
    return _part(call.source, walking.take, item(one(call.argument(0, value=True), call.at)))


def _part(source: Expr, choose: Callable[..., Any], number: ir.Node) -> Expr:
    return replace(source, node=build.call(choose, listed(source), number), many=True)


def item_at(source: Expr, index: Expr, at: str) -> Expr:
    """Lower `source[index]`."""
    node = build.call(walking.item_at, listed(source), item(index), at=at)
    return replace(source, node=node, many=False)


# Truth of many


def _truths(name: str, decide: Callable[..., bool]) -> None:
    @function(name, value_source=True)
    def lower(call: Invocation) -> Expr:
        return boolean(build.call(decide, items(call.source), at=call.at))


for _name, _decide in (
    ("allTrue", walking.all_true),
    ("anyTrue", walking.any_true),
    ("allFalse", walking.all_false),
    ("anyFalse", walking.any_false),
):
    _truths(_name, _decide)


# Sets


def _on_two_sets(name: str, decide: Callable[..., bool]) -> None:
    @function(name, 1)
    def lower(call: Invocation) -> Expr:
        return boolean(build.call(decide, items(call.source), items(call.argument(0)), with_run=True))


_on_two_sets("subsetOf", sets.subset_of)
_on_two_sets("supersetOf", sets.superset_of)


@function("isDistinct")
def is_distinct(call: Invocation) -> Expr:
    """Say whether no two items are equal."""
    return boolean(build.call(sets.is_distinct, items(call.source), with_run=True))


@function("distinct")
def distinct(call: Invocation) -> Expr:
    """Keep the first of equal items."""
    source = _comparable(call.source)
    return Expr(build.call(sets.distinct, source.node, with_run=True), source.type, many=True, bare=source.bare)


@function("union", 1)
def union(call: Invocation) -> Expr:
    """Join and keep the first of equal items."""
    return operators.union(call.source, call.argument(0))


@function("combine", 1, 2)
def combine(call: Invocation) -> Expr:
    """Join and keep everything, in order whether asked for or not."""
    left, right, type_ = same_type(call.source, call.argument(0))
    node = build.call(sets.combine, listed(left), listed(right), with_run=True)
    return Expr(node, type_, many=True, bare=left.bare and right.bare)


@function("intersect", 1)
def intersect(call: Invocation) -> Expr:
    """Keep what is in both."""
    return _against(call, sets.intersect)


@function("exclude", 1)
def exclude(call: Invocation) -> Expr:
    """Drop what is in the other."""
    return _against(call, sets.exclude)


def _against(call: Invocation, choose: Callable[..., Any]) -> Expr:
    source = _comparable(call.source)
    node = build.call(choose, source.node, items(call.argument(0)), with_run=True)
    return Expr(node, source.type, many=True, bare=source.bare)


def _comparable(source: Expr) -> Expr:
    """Give a list whose items can be compared: they carry their types, or are bare text."""
    node = items(source)
    same = source.type is None or source.type.namespace == "System" or node is source.node
    return Expr(node, source.type if same else None, many=True, bare=source.bare and same)


@function("coalesce", 1, None)
def coalesce(call: Invocation) -> Expr:
    """Take the first argument that is not empty."""
    result = EMPTY
    for index in reversed(range(call.count)):
        left, right, type_ = same_type(call.argument(index, value=call.value), result)
        if is_empty(right):
            result = left
            continue
        first = listed(left)
        node = build.coalesce([build.native("({0} or None)", first, null_in_null_out=False), listed(right)])
        result = Expr(node, type_, many=True, bare=left.bare and right.bare)
    return result


@function("join", 0, 1, value_source=True)
def join(call: Invocation) -> Expr:
    """Join strings."""
    separator = [item(one(call.argument(0, value=True), call.at))] if call.count else []
    return Expr(build.call(strings.join, items(call.source), *separator, at=call.at), types.STRING)
