"""Constructors of intermediate nodes that fold constants while the tree grows (see `ir`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cds.engine import ir
from cds.engine.errors import EngineError

NULL = ir.Const(None)
TRUE = ir.Const(True)
FALSE = ir.Const(False)


def is_constant(node: ir.Node, value: object) -> bool:
    """Say whether the node is exactly this constant (None, True or False)."""
    return isinstance(node, ir.Const) and node.value is value


def never_null(node: ir.Node) -> bool:
    """Say whether the node is known to give a value other than null."""
    if isinstance(node, ir.Const):
        return node.value is not None
    if isinstance(node, ir.Call | ir.Native | ir.And | ir.Or | ir.Not):
        return node.never_null
    if isinstance(node, ir.Comprehension):
        return isinstance(node.sink, ir.Collect | ir.Exists | ir.Count)
    return isinstance(node, ir.IsNull | ir.MakeList | ir.MakeTuple | ir.Lambda)


def call(
    function: Callable[..., Any],
    *arguments: ir.Node,
    with_run: bool = False,
    foldable: bool = True,
    never_null: bool = False,
    at: str | None = None,
    charges: tuple[int, ...] = (),
    says: bool = False,
    **options: Any,
) -> ir.Node:
    """Apply a runtime function; evaluated now when everything is constant and it does not fail."""
    node = ir.Call(function, arguments, tuple(options.items()), with_run, foldable, never_null, at, charges, says)
    if with_run or not foldable:
        return node
    values = [a.value for a in arguments if isinstance(a, ir.Const)]
    if len(values) != len(arguments):
        return node
    try:
        return ir.Const(function(*values, **options))
    except (EngineError, ArithmeticError, ValueError, TypeError, AttributeError):
        return node  # it fails at run time, where the error has a place and a patient


def native(template: str, *arguments: ir.Node, null_in_null_out: bool = True, never_null: bool = False) -> ir.Node:
    """Make an inline Python expression; null at once when an argument that propagates null is the constant null."""
    if null_in_null_out and any(is_constant(a, None) for a in arguments):
        return NULL
    return ir.Native(template, arguments, null_in_null_out, never_null)


def field(target: ir.Node, key: str) -> ir.Node:
    """Read a member of a JSON object."""
    if isinstance(target, ir.Const):
        return ir.Const(None if target.value is None else target.value.get(key))
    return ir.Field(target, key)


def is_null(node: ir.Node) -> ir.Node:
    """Test for null; the answer is never null."""
    if isinstance(node, ir.Const):
        return ir.Const(node.value is None)
    if never_null(node):
        return FALSE
    return ir.IsNull(node)


def conjunction(operands: Iterable[ir.Node]) -> ir.Node:
    """Three-valued and: nested ones are merged, constant True is dropped, anything after constant False too."""
    kept: list[ir.Node] = []
    for operand in operands:
        for part in operand.operands if isinstance(operand, ir.And) else (operand,):
            if is_constant(part, True):
                continue
            kept.append(part)
            if is_constant(part, False):
                break
    if any(is_constant(part, False) for part in kept):
        return FALSE
    if not kept:
        return TRUE
    return kept[0] if len(kept) == 1 else ir.And(tuple(kept), all(map(never_null, kept)))


def disjunction(operands: Iterable[ir.Node]) -> ir.Node:
    """Three-valued or: nested ones are merged, constant False is dropped, constant True decides."""
    kept: list[ir.Node] = []
    for operand in operands:
        parts = operand.operands if isinstance(operand, ir.Or) else (operand,)
        kept.extend(part for part in parts if not is_constant(part, False))
    if any(is_constant(part, True) for part in kept):
        return TRUE
    if not kept:
        return FALSE
    return kept[0] if len(kept) == 1 else ir.Or(tuple(kept), all(map(never_null, kept)))


def negation(operand: ir.Node) -> ir.Node:
    """Three-valued not."""
    if isinstance(operand, ir.Const):
        return ir.Const(None if operand.value is None else not operand.value)
    if isinstance(operand, ir.Not):
        return operand.operand
    return ir.Not(operand, never_null(operand))


def choose(condition: ir.Node, then: ir.Node, otherwise: ir.Node) -> ir.Node:
    """Conditional; a constant condition leaves one branch."""
    if isinstance(condition, ir.Const):
        return then if condition.value is True else otherwise
    return ir.If(condition, then, otherwise)


def coalesce(operands: Iterable[ir.Node]) -> ir.Node:
    """Return the first that is not null; what follows an operand that is never null is dropped."""
    kept: list[ir.Node] = []
    for operand in operands:
        if is_constant(operand, None):
            continue
        kept.append(operand)
        if never_null(operand):
            break
    if not kept:
        return NULL
    return kept[0] if len(kept) == 1 else ir.Coalesce(tuple(kept))


def make_list(items: Iterable[ir.Node]) -> ir.Node:
    """Make a list; of constants only, a constant."""
    kept = tuple(items)
    values = [item.value for item in kept if isinstance(item, ir.Const)]
    return ir.Const(values) if len(values) == len(kept) else ir.MakeList(kept)
