"""From one form of an expression to another: one item or a list, with its type or without, element or value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cds.engine import build, ir
from cds.engine.errors import EvaluationError
from cds.engine.fhirpath import types
from cds.engine.fhirpath.lowering.expr import Expr, is_empty
from cds.engine.fhirpath.types import Type
from cds.engine.fhirpath.values.elements import type_of, value_of, with_type, with_types
from cds.engine.fhirpath.values.system import reader, system_value
from cds.engine.runtime.fhir_values import Element, boolean_value


def single_item(items: list[Any] | None) -> Any:
    """Take the one item; `EvaluationError` where there are more.

    https://hl7.org/fhirpath/#singleton-evaluation-of-collections
    """
    if not items:
        return None
    if len(items) > 1:
        message = f"one item is expected here, but there are {len(items)}"
        raise EvaluationError(message)
    return items[0]


def one(expr: Expr, at: str) -> Expr:
    """Make it one item; more than one is an error when it runs."""
    if not expr.many:
        return expr
    return replace(expr, node=build.call(single_item, expr.node, at=at), many=False)


def listed(expr: Expr) -> ir.Node:
    """Give a node for a list (or None)."""
    if expr.many or is_empty(expr):
        return expr.node
    if isinstance(expr.node, ir.Const):
        return ir.Const([expr.node.value])
    return build.native("([] if {0} is None else [{0}])", expr.node, null_in_null_out=False, never_null=True)


def carrying(expr: Expr) -> Expr:
    """Let every item carry its type."""
    if expr.type is None or expr.type.namespace == "System" or is_empty(expr):
        return Expr(expr.node, None, expr.many)
    function = with_types if expr.many else with_type
    return Expr(build.call(function, expr.node, ir.Const(expr.type.name)), None, expr.many)


def same_type(left: Expr, right: Expr) -> tuple[Expr, Expr, Type | None]:
    """Bring two expressions to a common type: their own if it is the same, else items that carry theirs."""
    if is_empty(left):
        return left, right, right.type
    if is_empty(right) or left.type == right.type:
        return left, right, left.type
    return carrying(left), carrying(right), None


def item(expr: Expr) -> ir.Node:
    """Give a node for one item that an operator can take: a System value, or an element that carries its type."""
    if expr.type is None or expr.type.namespace == "System":
        return expr.node
    read = reader(expr.type)
    if read is None or types.is_quantity(expr.type):  # a quantity that cannot be read must stay visible
        return carrying(expr).node
    if expr.bare and types.system_value(expr.type) == types.STRING:
        return expr.node
    return build.call(read, expr.node)


def items(expr: Expr) -> ir.Node:
    """Give a node for a list of such items."""
    if expr.many and expr.bare and expr.type is not None and types.system_value(expr.type) == types.STRING:
        return expr.node
    return listed(carrying(expr))


def value_type(expr: Expr) -> Type | None:
    """Name the System type an operator will see; None where that is known only later."""
    return None if expr.type is None else types.system_value(expr.type)


def bare_value(expr: Expr) -> Expr:
    """Drop ids and extensions of a primitive of known type, so that its JSON value is at hand."""
    if expr.bare or expr.type is None or not types.is_primitive(expr.type) or expr.many:
        return expr
    return replace(expr, node=build.call(value_of, expr.node), bare=True)


def truth(expr: Expr, at: str) -> ir.Node:
    """Give the Boolean of an expression: a single item that is no Boolean counts as true."""
    expr = one(expr, at)
    kind = value_type(expr)
    if expr.type is None:
        return expr.node if is_empty(expr) else build.call(_truth_of, expr.node)
    if expr.type == types.BOOLEAN:
        return expr.node
    if kind == types.BOOLEAN:
        return build.call(boolean_value, expr.node)
    return build.native("True", expr.node) if not isinstance(expr.node, ir.Const) else build.TRUE


def criterion(expr: Expr, function: str, at: str) -> ir.Node:
    """Give the Boolean of a criterion: as `truth`, but a computed value that is no Boolean is an error."""
    if expr.type is not None and expr.type.namespace == "System" and expr.type != types.BOOLEAN and not is_empty(expr):
        return build.call(_decision_of, one(expr, at).node, ir.Const(function), at=at)
    if expr.type is None and not is_empty(expr):
        return build.call(_decision_of, one(expr, at).node, ir.Const(function), at=at)
    return truth(expr, at)


def _truth_of(value: Any) -> bool | None:
    value = system_value(value)
    return value if value is None or isinstance(value, bool) else True


def _decision_of(value: Any, function: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Element | dict):
        return _truth_of(value)
    message = f"{function}() asks for a Boolean, not {type_of(value)}"
    raise EvaluationError(message)
