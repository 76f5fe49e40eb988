"""Arithmetic operators.

https://cql.hl7.org/09-b-cqlreference.html#arithmetic-operators-4
"""

from __future__ import annotations

from typing import Any

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.literals import negative
from cds.engine.elm.lowering import Lowering, Refused, lowers
from cds.engine.elm.operators import first_known, operator
from cds.engine.elm.value import Value
from cds.engine.runtime import arithmetic, boundaries, boundary_digits
from cds.engine.trampoline import Deep


def _quotient(of: list[types.Type]) -> types.Type:
    return types.QUANTITY if first_known(of) == types.QUANTITY else types.DECIMAL


operator("Add", arithmetic.add, first_known)
operator("Subtract", arithmetic.subtract, first_known)
operator("Multiply", arithmetic.multiply, first_known)
operator("Divide", arithmetic.divide, _quotient)
operator("TruncatedDivide", arithmetic.truncated_divide, first_known)
operator("Modulo", arithmetic.modulo, first_known)
operator("Abs", arithmetic.abs, first_known)
operator("Ceiling", arithmetic.ceiling, types.INTEGER)
operator("Floor", arithmetic.floor, types.INTEGER)
operator("Truncate", arithmetic.truncate, types.INTEGER)
operator("Round", arithmetic.round, types.DECIMAL, operands=("operand", "precision"))
operator("Power", arithmetic.power, first_known)
operator("Exp", arithmetic.exp, types.DECIMAL)
operator("Ln", arithmetic.ln, types.DECIMAL)
operator("Log", arithmetic.log, types.DECIMAL)
operator("Successor", boundaries.successor, first_known)
operator("Predecessor", boundaries.predecessor, first_known)
operator("LowBoundary", boundary_digits.low_boundary, first_known)
operator("HighBoundary", boundary_digits.high_boundary, first_known)
operator("Precision", boundary_digits.precision, types.INTEGER)


@lowers("Negate")
def _negate(lowering: Lowering, node: Any) -> Deep[Value]:
    literal = negative(node)
    operand: Value = yield lowering.lower(literal or node["operand"])
    if literal is not None:
        return operand
    return Value(build.call(arithmetic.negate, operand.node, at=lowering.locator), operand.type)


@lowers("MinValue", "MaxValue")
def _limit(lowering: Lowering, node: Any) -> Deep[Value]:  # noqa: ARG001 - every handler takes both
    yield from ()
    type_ = types.named(node["valueType"])
    limit = boundaries.min_value if node["type"] == "MinValue" else boundaries.max_value
    if type_.name.removeprefix("System.") not in (
        "Integer", "Long", "Decimal", "Quantity", "Date", "DateTime", "Time",
    ):  # fmt: skip
        message = f"{type_} has no least or greatest value"
        raise Refused(message)
    return Value(ir.Const(limit(type_.name.removeprefix("System."))), type_)
