"""Queries: sources, let, with, without, where, return, aggregate, sort.

https://cql.hl7.org/elm.html#query
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cds.engine import build, ir
from cds.engine.elm import sorting, types
from cds.engine.elm.lowering import Lowering, lowers
from cds.engine.elm.retrieves import code_member
from cds.engine.elm.types import ListOf
from cds.engine.elm.value import NULL, Origin, Value, convert
from cds.engine.runtime import lists, query_sources
from cds.engine.trampoline import Deep


@dataclass
class Plan:
    """A query up to its sink: the loops, and what one pass yields.

    `preludes` are sources that may be null: they are evaluated before, and null makes the query null.
    """

    clauses: list[ir.Clause] = field(default_factory=list)
    witnesses: list[ir.Clause] = field(default_factory=list)
    preludes: list[tuple[str, ir.Node]] = field(default_factory=list)
    rows: dict[str, Value] = field(default_factory=dict)
    result: Value = NULL
    plural: bool = False
    undecided: ir.Node | None = None
    unchanged: ir.Node | None = None
    items_never_null: bool = False
    distinct: bool = False

    def comprehension(self, sink: ir.Sink) -> ir.Node:
        """End the loops with a sink; a null source counts as an empty one."""
        body: ir.Node = ir.Comprehension((*self.clauses, *self.witnesses), sink)
        for name, source in reversed(self.preludes):
            body = ir.Let(name, source, body)
        return body

    def null_for_null(self, body: ir.Node) -> ir.Node:
        """Make the query null where a source is null."""
        for name, source in reversed(self.preludes):
            body = ir.Let(name, source, build.choose(build.is_null(ir.Local(name)), build.NULL, body))
        return body


def lower_plan(lowering: Lowering, node: Any) -> Deep[Plan | Value]:
    """Lower an expression whose items are looped over: a query or a retrieve as a plan, anything else as a value."""
    elm_type = node.get("type") if isinstance(node, dict) else None
    if elm_type == "Retrieve":
        plan = Plan()
        alias = yield _source(lowering, plan, {"alias": "item", "expression": node})
        plan.result = alias
        return plan
    if elm_type == "Query" and "sort" not in node and "aggregate" not in node:
        query: Plan
        with lowering.scope() as names:
            query = yield _plan(lowering, node, names)
        return query
    value: Value = yield lowering.lower(node)
    return value


def _plan(lowering: Lowering, node: Any, names: dict[str, Value]) -> Deep[Plan]:
    plan = Plan()
    for source in node["source"]:
        # A source does not see the other sources; they become visible together below.
        plan.rows[source["alias"]] = yield _source(lowering, plan, source)
    names.update(plan.rows)
    for let in node.get("let", []):
        value: Value = yield lowering.lower(let["expression"])
        local = lowering.names.fresh(let["identifier"])
        plan.clauses.append(ir.Bind(local, value.node))
        names[let["identifier"]] = Value(ir.Local(local), value.type, value.origin)
    for relationship in node.get("relationship", []):
        plan.clauses.append(ir.Where((yield _relationship(lowering, relationship))))
    if node.get("where") is not None:
        where: Value = yield lowering.lower(node["where"])
        plan.clauses.append(ir.Where(where.node))
    if len(plan.clauses) > 1 or len(plan.rows) > 1:
        plan.unchanged = None
    yield _return(lowering, plan, node.get("return"))
    return plan


def _source(lowering: Lowering, plan: Plan, source: Any) -> Deep[Value]:
    value: Value = yield lowering.lower(source["expression"])
    local = lowering.names.fresh(source["alias"])
    node = value.node
    if isinstance(value.type, ListOf) or (value.type == types.ANY and not build.is_constant(node, None)):
        if not build.never_null(node):
            name = lowering.names.fresh(f"{source['alias']}_source")
            plan.preludes.append((name, node))
            node = ir.Local(name)
        if value.type == types.ANY:
            plan.undecided = node
            node = build.call(query_sources.items_of, node)
        plan.plural = True
        plan.unchanged = node
        element = types.element_of(value.type)
        is_retrieve = source["expression"].get("type") == "Retrieve"
        plan.items_never_null = is_retrieve
        plan.clauses.append(ir.Each(local, node, items_never_null=is_retrieve))
    else:
        element = value.type
        plan.clauses += [ir.Bind(local, node), ir.Where(build.negation(build.is_null(ir.Local(local))))]
    origin = value.origin
    if origin is None and types.is_resource(element):
        origin = Origin(ir.Reads())
        code = code_member(source["expression"])
        if code is not None:
            origin.member(code)
        plan.witnesses.append(ir.Witness(local, origin.reads))
    return Value(ir.Local(local), element, origin)


def _relationship(lowering: Lowering, node: Any) -> Deep[ir.Node]:
    plan = Plan()
    with lowering.scope() as names:
        names[node["alias"]] = yield _source(lowering, plan, node)
        such_that: Value = yield lowering.lower(node["suchThat"])
    plan.clauses.append(ir.Where(such_that.node))
    found = plan.comprehension(ir.Exists())
    return build.negation(found) if node["type"] == "Without" else found


def _return(lowering: Lowering, plan: Plan, node: Any) -> Deep[None]:
    if node is not None:
        plan.result = yield lowering.lower(node["expression"])
        plan.distinct = node.get("distinct", True)
        plan.items_never_null = False
        plan.unchanged = None
    elif len(plan.rows) == 1:
        plan.result = next(iter(plan.rows.values()))
    else:
        plan.items_never_null = True
        plan.result = _row(plan)


def _row(plan: Plan) -> Value:
    """Make the tuple of all sources."""
    members = tuple((alias, row.node) for alias, row in plan.rows.items())
    return Value(ir.MakeTuple(members), types.TupleOf(tuple((alias, row.type) for alias, row in plan.rows.items())))


@lowers("Query")
def _query(lowering: Lowering, node: Any) -> Deep[Value]:
    with lowering.scope() as names:
        plan: Plan = yield _plan(lowering, node, names)
        if node.get("aggregate") is not None:
            folded: Value = yield _aggregate(lowering, plan, node["aggregate"])
            return folded
    value = finish(plan)
    if node.get("sort") is not None and isinstance(value.type, ListOf):
        value = yield sorting.sort(lowering, value, node["sort"])
    return value


def finish(plan: Plan) -> Value:
    """Make the list a plan yields, or the single value where all its sources are single."""
    result = plan.result
    if not plan.plural:
        return Value(plan.comprehension(ir.First(result.node)), result.type, result.origin)
    if plan.unchanged is not None:
        body = plan.unchanged
    else:
        body = ir.Comprehension((*plan.clauses, *plan.witnesses), ir.Collect(result.node))
    if plan.distinct:
        body = build.call(lists.distinct, body, never_null=True)
    if plan.undecided is not None:
        body = build.call(query_sources.as_source, body, plan.undecided)
    type_ = types.ANY if plan.undecided is not None else ListOf(result.type)
    return Value(plan.null_for_null(body), type_, result.origin)


def _aggregate(lowering: Lowering, plan: Plan, node: Any) -> Deep[Value]:
    start = (yield lowering.optional(node.get("starting"))) or NULL
    total = lowering.names.fresh(node["identifier"])
    clauses = [*plan.clauses, *plan.witnesses]
    rows = {}
    if node.get("distinct"):
        row = _row(plan)
        collected = build.call(lists.distinct, ir.Comprehension(tuple(clauses), ir.Collect(row.node)))
        local = lowering.names.fresh("row")
        clauses = [ir.Each(local, collected)]
        rows = {alias: Value(build.field(ir.Local(local), alias), value.type) for alias, value in plan.rows.items()}
    with lowering.scope({**rows, node["identifier"]: Value(ir.Local(total), start.type)}):
        step: Value = yield lowering.lower(node["expression"])
    type_ = start.type if start.type != types.ANY else step.type
    fold = ir.Fold(total, start.node, convert(step, type_).node)
    return Value(plan.null_for_null(ir.Comprehension(tuple(clauses), fold)), type_)
