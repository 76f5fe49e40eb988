"""Interval operators, and those that take points, intervals or lists.

https://cql.hl7.org/09-b-cqlreference.html#interval-operators-3
"""

from __future__ import annotations

from typing import Any

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.lowering import HANDLERS, Lowering, lowers
from cds.engine.elm.operators import (
    Operator,
    all_alike,
    element_then_list,
    first_known,
    is_plain,
    list_then_element,
    operands,
    operator,
    point_of_first,
)
from cds.engine.elm.types import IntervalOf
from cds.engine.elm.value import NULL, Value
from cds.engine.runtime import collapse, expand, interval, interval_algebra, membership
from cds.engine.trampoline import Deep

for _elm_type, _function in {
    "Before": interval_algebra.before,
    "After": interval_algebra.after,
    "Meets": interval_algebra.meets,
    "MeetsBefore": interval_algebra.meets_before,
    "MeetsAfter": interval_algebra.meets_after,
    "Overlaps": interval_algebra.overlaps,
    "OverlapsBefore": interval_algebra.overlaps_before,
    "OverlapsAfter": interval_algebra.overlaps_after,
    "Starts": interval_algebra.starts,
    "Ends": interval_algebra.ends,
}.items():
    operator(_elm_type, _function, types.BOOLEAN, has_precision=True)

operator("Contains", membership.contains, types.BOOLEAN, has_precision=True, meet=list_then_element)
operator("ProperContains", membership.proper_contains, types.BOOLEAN, has_precision=True, meet=list_then_element)
operator("ProperIn", membership.proper_in, types.BOOLEAN, has_precision=True, meet=element_then_list)
for _elm_type, _function in {
    "Includes": membership.includes,
    "IncludedIn": membership.included_in,
    "ProperIncludes": membership.proper_includes,
    "ProperIncludedIn": membership.proper_included_in,
}.items():
    operator(_elm_type, _function, types.BOOLEAN, has_precision=True, meet=all_alike)


def _of_either(of: list[types.Type]) -> types.Type:
    """Lists of different types make a list of the choice of them; intervals keep their type."""
    if all(isinstance(type_, types.ListOf) for type_ in of):
        return types.ListOf(types.common(types.element_of(type_) for type_ in of))
    return first_known(of)


operator("Union", membership.union, _of_either, meet=all_alike)
operator("Intersect", membership.intersect, _of_either, meet=all_alike)
operator("Except", membership.except_, first_known, meet=all_alike)
operator("Start", interval.start, point_of_first)
operator("End", interval.end, point_of_first)
operator("Width", interval.width, point_of_first)
operator("Size", interval.size, point_of_first)
operator("PointFrom", interval.point_from, point_of_first)
operator("Collapse", collapse.collapse, first_known, foldable=False)


@lowers("Expand")
def _expand(lowering: Lowering, node: Any) -> Deep[Value]:
    values: list[Value] = yield lowering.lower_all(node["operand"])
    source = values[0].type
    result = source if isinstance(source, types.ListOf) else types.ListOf(types.point_of(source))
    call = build.call(
        expand.expand, *(value.node for value in values), foldable=False, at=lowering.locator, charges=(-1,)
    )
    return Value(call, result)


_in = Operator(membership.in_, types.BOOLEAN, has_precision=True, meet=element_then_list)


def _lower_in(lowering: Lowering, node: Any) -> Deep[Value]:
    values: list[Value] = yield operands(lowering, node, ("operand",))
    element, container = values
    if element.type == types.STRING and is_plain(element) and isinstance(container.node, ir.Const):
        listed = container.node.value
        if isinstance(listed, list) and all(isinstance(item, str) for item in listed):
            members = ir.Const(frozenset(listed))
            test = build.native("{0} in {1}", element.node, members, null_in_null_out=False, never_null=True)
            return Value(test, types.BOOLEAN)
    return _in.apply(lowering, node, values)


HANDLERS["In"] = _lower_in


@lowers("Interval")
def _interval(lowering: Lowering, node: Any) -> Deep[Value]:
    low = (yield lowering.optional(node.get("low"))) or NULL
    high = (yield lowering.optional(node.get("high"))) or NULL
    low_closed = (yield lowering.optional(node.get("lowClosedExpression"))) or Value(
        ir.Const(node.get("lowClosed", True))
    )
    high_closed = (yield lowering.optional(node.get("highClosedExpression"))) or Value(
        ir.Const(node.get("highClosed", True))
    )
    point = types.common((low.type, high.type))
    known = isinstance(point, types.Named) and point.is_system and point != types.ANY
    point_type = point.name.removeprefix("System.") if known and isinstance(point, types.Named) else None
    made = build.call(
        interval.interval,
        low.node,
        high.node,
        low_closed.node,
        high_closed.node,
        at=lowering.locator,
        point_type=point_type,
    )
    return Value(made, IntervalOf(point))
