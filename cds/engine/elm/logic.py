"""Logical, nullological and conditional operators: evaluated only as far as needed.

https://cql.hl7.org/09-b-cqlreference.html#logical-operators-3
"""

from __future__ import annotations

from typing import Any

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.lowering import Lowering, lowers
from cds.engine.elm.operators import operator
from cds.engine.elm.value import NULL, Value, convert, unify
from cds.engine.runtime import comparison, logic
from cds.engine.trampoline import Deep

operator("Xor", logic.xor, types.BOOLEAN)


@lowers("And", "Or", "Implies")
def _junction(lowering: Lowering, node: Any) -> Deep[Value]:
    left, right = yield lowering.lower_all(node["operand"])
    if node["type"] == "And":
        return Value(build.conjunction((left.node, right.node)), types.BOOLEAN)
    first = build.negation(left.node) if node["type"] == "Implies" else left.node
    return Value(build.disjunction((first, right.node)), types.BOOLEAN)


@lowers("Not")
def _not(lowering: Lowering, node: Any) -> Deep[Value]:
    operand: Value = yield lowering.lower(node["operand"])
    return Value(build.negation(operand.node), types.BOOLEAN)


@lowers("IsNull")
def _is_null(lowering: Lowering, node: Any) -> Deep[Value]:
    operand: Value = yield lowering.lower(node["operand"])
    return Value(build.is_null(operand.node), types.BOOLEAN)


@lowers("IsTrue", "IsFalse")
def _is_known(lowering: Lowering, node: Any) -> Deep[Value]:
    operand: Value = yield lowering.lower(node["operand"])
    wanted = node["type"] == "IsTrue"
    if isinstance(operand.node, ir.Const):
        return Value(ir.Const(operand.node.value is wanted), types.BOOLEAN)
    test = build.native(f"{{0}} is {wanted}", operand.node, null_in_null_out=False, never_null=True)
    return Value(test, types.BOOLEAN)


@lowers("Coalesce")
def _coalesce(lowering: Lowering, node: Any) -> Deep[Value]:
    values: list[Value] = yield lowering.lower_all(node["operand"])
    if len(values) == 1 and isinstance(values[0].type, types.ListOf):
        return Value(build.call(logic.coalesce, values[0].node), values[0].type.element)
    values, type_ = unify(values)
    return Value(build.coalesce(value.node for value in values), type_)


@lowers("If")
def _if(lowering: Lowering, node: Any) -> Deep[Value]:
    condition, then, otherwise = yield lowering.lower_all([node["condition"], node["then"], node["else"]])
    (then, otherwise), type_ = unify([then, otherwise])
    return Value(build.choose(condition.node, then.node, otherwise.node), type_)


@lowers("Case")
def _case(lowering: Lowering, node: Any) -> Deep[Value]:
    comparand: Value | None = yield lowering.optional(node.get("comparand"))
    branches: list[tuple[Value, Value]] = []
    for item in node["caseItem"]:
        when, then = yield lowering.lower_all([item["when"], item["then"]])
        branches.append((when, then))
    otherwise = (yield lowering.optional(node.get("else"))) or NULL
    results, type_ = unify([*(then for _, then in branches), otherwise])
    name = lowering.names.fresh("comparand")
    result = results[-1].node
    for (when, _), then in zip(reversed(branches), reversed(results[:-1]), strict=True):
        test = when.node
        if comparand is not None:
            wanted = convert(when, comparand.type) if types.is_open(comparand.type) else when
            test = build.call(comparison.equal, ir.Local(name), wanted.node, at=lowering.locator)
        result = build.choose(test, then.node, result)
    if comparand is not None:
        result = ir.Let(name, comparand.node, result)
    return Value(result, type_)
