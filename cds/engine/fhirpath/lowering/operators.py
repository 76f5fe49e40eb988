"""Operators. Where both types are known and simple, an operator is the Python operator; else a call of the run time.

https://hl7.org/fhirpath/#operations
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cds.engine import build, ir
from cds.engine.fhirpath import syntax, types
from cds.engine.fhirpath.functions import comparison, operators, sets
from cds.engine.fhirpath.lowering.coercion import item, items, listed, one, same_type, truth, value_type
from cds.engine.fhirpath.lowering.expr import Expr, boolean, is_empty
from cds.engine.fhirpath.types import Type
from cds.engine.run import Run
from cds.engine.runtime import logic

_SIMPLE = frozenset((types.STRING, types.BOOLEAN, types.INTEGER))
_NUMBERS = frozenset((types.INTEGER, types.LONG, types.DECIMAL))
_ORDER: dict[str, Callable[[Any, Any], bool | None]] = {
    "<": comparison.less,
    "<=": comparison.less_or_equal,
    ">": comparison.greater,
    ">=": comparison.greater_or_equal,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operators.add,
    "-": operators.subtract,
    "*": operators.multiply,
    "/": operators.divide,
    "div": operators.truncated_divide,
    "mod": operators.modulo,
}


def binary(left: Expr, right: Expr, node: syntax.Binary) -> Expr:
    """Lower an operator between two lowered operands."""
    at = str(node.start)
    match node.operator:
        case "and":
            return boolean(build.conjunction([truth(left, at), truth(right, at)]))
        case "or":
            return boolean(build.disjunction([truth(left, at), truth(right, at)]))
        case "xor":
            return boolean(build.call(logic.xor, truth(left, at), truth(right, at)))
        case "implies":
            return boolean(build.disjunction([build.negation(truth(left, at)), truth(right, at)]))
        case "=":
            return boolean(_equal(left, right))
        case "!=":
            return boolean(build.negation(_equal(left, right)))
        case "~":
            return boolean(_equivalent(left, right))
        case "!~":
            return boolean(build.negation(_equivalent(left, right)))
        case "|":
            return union(left, right)
        case "in":
            return boolean(_contains(right, one(left, at)))
        case "contains":
            return boolean(_contains(left, one(right, at)))
        case "&":
            return Expr(build.call(operators.concatenate, _one(left, at), _one(right, at), at=at), types.STRING)
        case operator if operator in _ORDER:
            return boolean(_order(one(left, at), one(right, at), operator, at))
    return _arithmetic(one(left, at), one(right, at), node.operator, at)


def unary(operand: Expr, node: syntax.Unary) -> Expr:
    """Lower a sign."""
    at = str(node.start)
    operand = one(operand, at)
    function = operators.negate if node.operator == "-" else operators.positive
    kind = value_type(operand)
    return Expr(build.call(function, item(operand), at=at), kind if kind in _NUMBERS else None)


def _one(expr: Expr, at: str) -> ir.Node:
    return item(one(expr, at))


def _equal(left: Expr, right: Expr) -> ir.Node:
    if is_empty(left) or is_empty(right):
        return build.NULL
    if left.many or right.many:
        return build.call(sets.equal_collections, items(left), items(right))
    kind = value_type(left)
    if kind == value_type(right) and kind in _SIMPLE:
        return build.native("{0} == {1}", item(left), item(right))
    if (numbers := _plain_numbers(left, right)) is not None:
        return build.native("{0} == {1}", *numbers)
    return build.call(comparison.equal, item(left), item(right))


def _equivalent(left: Expr, right: Expr) -> ir.Node:
    if left.many or right.many:
        return build.call(sets.equivalent_collections, items(left), items(right), with_run=True)
    return build.call(comparison.equivalent, item(left), item(right))


def _order(left: Expr, right: Expr, operator: str, at: str) -> ir.Node:
    if value_type(left) == value_type(right) == types.STRING:
        return build.native(f"{{0}} {operator} {{1}}", item(left), item(right))
    if (numbers := _plain_numbers(left, right)) is not None:
        return build.native(f"{{0}} {operator} {{1}}", *numbers)
    return build.call(_ORDER[operator], item(left), item(right), at=at)


def _plain_numbers(left: Expr, right: Expr) -> tuple[ir.Node, ir.Node] | None:
    """Give both as Python numbers that may be compared as they are.

    A JSON number and a whole literal: no conversion to Decimal is needed, because a float and an int compare exactly.
    """
    if not {value_type(left), value_type(right)} <= _NUMBERS:
        return None
    if _is_whole_literal(right) and left.bare:
        return left.node, right.node
    if _is_whole_literal(left) and right.bare:
        return left.node, right.node
    if left.type == right.type == types.INTEGER:
        return left.node, right.node
    return None


def _is_whole_literal(expr: Expr) -> bool:
    return isinstance(expr.node, ir.Const) and type(expr.node.value) is int


def _arithmetic(left: Expr, right: Expr, operator: str, at: str) -> Expr:
    node = build.call(_ARITHMETIC[operator], item(left), item(right), at=at)
    return Expr(node, _result_type(value_type(left), value_type(right), operator))


def _result_type(left: Type | None, right: Type | None, operator: str) -> Type | None:
    """Name the type of a sum, product …; None where it depends on the values."""
    if left == right == types.STRING and operator == "+":
        return types.STRING
    if left in (types.DATE, types.DATETIME, types.TIME) and right == types.QUANTITY:
        return left
    if left in _NUMBERS and right in _NUMBERS:
        if operator == "/" or types.DECIMAL in (left, right):
            return types.DECIMAL if operator != "div" else types.INTEGER
        return types.INTEGER if left == right == types.INTEGER else None
    return None


def union(left: Expr, right: Expr) -> Expr:
    """Lower `|`; of constants, now."""
    left, right, type_ = same_type(left, right)
    first, second = listed(left), listed(right)
    if isinstance(first, ir.Const) and isinstance(second, ir.Const):
        run = Run(now=datetime.now(UTC))
        return Expr(ir.Const(sets.union(run, first.value, second.value)), type_, many=True)
    if type_ is not None and type_.namespace == "FHIR":
        if not (left.bare and right.bare and types.system_value(type_) == types.STRING):
            return union(Expr(items(left), None, many=True), Expr(items(right), None, many=True))
        return Expr(build.call(sets.union, first, second, with_run=True), type_, many=True, bare=True)
    return Expr(build.call(sets.union, first, second, with_run=True), type_, many=True)


def _contains(collection: Expr, element: Expr) -> ir.Node:
    if is_empty(element):
        return build.NULL
    if is_empty(collection):
        return build.native("False", item(element))
    node = items(collection)
    if value_type(collection) == value_type(element) == types.STRING:
        if isinstance(node, ir.Const):
            return build.native("{0} in {1}", item(element), ir.Const(frozenset(node.value)))
        if collection.bare and isinstance(node, ir.Comprehension) and _is_text_literal(element):
            assert isinstance(node.sink, ir.Collect)
            same = build.native("{0} == {1}", node.sink.value, element.node)
            return ir.Comprehension((*node.clauses, ir.Where(same)), ir.Exists())
    return build.call(sets.contains, node, item(element), with_run=True)


def _is_text_literal(expr: Expr) -> bool:
    return isinstance(expr.node, ir.Const) and isinstance(expr.node.value, str)
