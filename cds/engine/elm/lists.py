"""List operators and aggregate functions.

https://cql.hl7.org/09-b-cqlreference.html#list-operators-2
"""

from __future__ import annotations

from typing import Any

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.lowering import HANDLERS, Lowering, lowers
from cds.engine.elm.members import member, noted
from cds.engine.elm.operators import element_of_first, first_known, list_then_element, operator
from cds.engine.elm.queries import Plan, finish, lower_plan
from cds.engine.elm.types import ListOf
from cds.engine.elm.value import Value, convert
from cds.engine.runtime import aggregates, fhir_members, lists
from cds.engine.trampoline import Deep


def _flattened(of: list[types.Type]) -> types.Type:
    inner = element_of_first(of)
    return ListOf(types.element_of(inner)) if isinstance(inner, ListOf) else ListOf(types.ANY)


operator("Distinct", lists.distinct, first_known)
operator("SingletonFrom", lists.singleton_from, element_of_first, constant_time=True)
operator("Slice", lists.slice, first_known, operands=("source", "startIndex", "endIndex"))
operator("IndexOf", lists.index_of, types.INTEGER, operands=("source", "element"), meet=list_then_element)
operator("Flatten", lists.flatten, _flattened, grows=True)
operator("Last", lists.last, element_of_first, operands=("source",), constant_time=True)


@lowers("Exists")
def _exists(lowering: Lowering, node: Any) -> Deep[Value]:
    """Over a query or a retrieve the loop stops at the first element that is not null."""
    source: Plan | Value = yield lower_plan(lowering, node["operand"])
    if isinstance(source, Plan) and source.plural:
        item = source.result.node
        if not source.items_never_null and not build.never_null(item):
            source.clauses.append(ir.Where(build.negation(build.is_null(item))))
        return Value(source.comprehension(ir.Exists()), types.BOOLEAN)
    value = finish(source) if isinstance(source, Plan) else source
    return Value(build.call(lists.exists, value.node, never_null=True, at=lowering.locator), types.BOOLEAN)


@lowers("First")
def _first(lowering: Lowering, node: Any) -> Deep[Value]:
    source: Plan | Value = yield lower_plan(lowering, node["source"])
    if isinstance(source, Plan) and source.plural and source.undecided is None:
        result = source.result
        return Value(source.comprehension(ir.First(result.node)), result.type)
    value = finish(source) if isinstance(source, Plan) else source
    return Value(build.call(lists.first, value.node, at=lowering.locator), types.element_of(value.type))


@lowers("Count")
def _count(lowering: Lowering, node: Any) -> Deep[Value]:
    source: Value = yield _source(lowering, node)
    return Value(build.call(aggregates.count, source.node, never_null=True, at=lowering.locator), types.INTEGER)


def _source(lowering: Lowering, node: Any) -> Deep[Value]:
    source: Value = yield lowering.lower(node["source"])
    for step in filter(None, (node.get("path") or "").split(".")):
        source = member(lowering, source, step)
    return source


def _aggregate(elm_type: str, function: Any, result: types.Type | None = None) -> None:
    def lower(lowering: Lowering, node: Any) -> Deep[Value]:
        source: Value = yield _source(lowering, node)
        type_ = result or types.element_of(source.type)
        return Value(build.call(function, source.node, at=lowering.locator, charges=(0,)), type_)

    HANDLERS[elm_type] = lower


def _mean(elm_type: str, function: Any) -> None:
    def lower(lowering: Lowering, node: Any) -> Deep[Value]:
        source: Value = yield _source(lowering, node)
        of = types.element_of(source.type)
        type_ = types.QUANTITY if of == types.QUANTITY else types.DECIMAL
        return Value(build.call(function, source.node, at=lowering.locator, charges=(0,)), type_)

    HANDLERS[elm_type] = lower


_aggregate("AllTrue", aggregates.all_true, types.BOOLEAN)
_aggregate("AnyTrue", aggregates.any_true, types.BOOLEAN)
for _elm_type in ("Sum", "Min", "Max", "Mode", "Product"):
    _aggregate(_elm_type, getattr(aggregates, _elm_type.lower()))
_mean("Avg", aggregates.avg)
_mean("Median", aggregates.median)
_mean("GeometricMean", aggregates.geometric_mean)
_mean("Variance", aggregates.variance)
_mean("PopulationVariance", aggregates.population_variance)
_mean("StdDev", aggregates.std_dev)
_mean("PopulationStdDev", aggregates.population_std_dev)


@lowers("Aggregate")
def _fold(lowering: Lowering, node: Any) -> Deep[Value]:
    source: Value = yield lowering.lower(node["source"])
    start = (yield lowering.optional(node.get("initialValue"))) or Value(build.NULL)
    item, total = lowering.names.fresh("this"), lowering.names.fresh("total")
    names = {
        "$this": Value(ir.Local(item), types.element_of(source.type)),
        "$total": Value(ir.Local(total), start.type),
    }
    with lowering.scope(names):
        step: Value = yield lowering.lower(node["iteration"])
    fold = ir.Fold(total, start.node, convert(step, start.type).node)
    return Value(ir.Comprehension((ir.Each(item, source.node),), fold), start.type)


@lowers("ForEach", "Filter")
def _for_each(lowering: Lowering, node: Any) -> Deep[Value]:
    source: Value = yield lowering.lower(node["source"])
    item = lowering.names.fresh(node.get("scope") or "this")
    this = Value(ir.Local(item), types.element_of(source.type))
    with lowering.scope({node.get("scope") or "$this": this, "$this": this}):
        inner: Value = yield lowering.lower(node["condition" if node["type"] == "Filter" else "element"])
    each = ir.Each(item, source.node)
    if node["type"] == "Filter":
        return Value(ir.Comprehension((each, ir.Where(inner.node)), ir.Collect(this.node)), source.type)
    return Value(ir.Comprehension((each,), ir.Collect(inner.node)), ListOf(inner.type))


@lowers("Children", "Descendents")
def _children(lowering: Lowering, node: Any) -> Deep[Value]:
    source: Value = yield lowering.lower(node["source"])
    function = fhir_members.children if node["type"] == "Children" else fhir_members.descendents
    open_ = types.ListOf(types.ANY) if isinstance(source.type, ListOf) else types.ANY
    found = build.call(function, convert(noted(source), open_).node, with_run=True, at=lowering.locator)
    return Value(found, ListOf(types.ANY))
