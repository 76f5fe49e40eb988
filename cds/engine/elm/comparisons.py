"""Comparison operators.

https://cql.hl7.org/09-b-cqlreference.html#comparison-operators-4
"""

from __future__ import annotations

from typing import Any

from cds.engine import build
from cds.engine.elm import types
from cds.engine.elm.lowering import HANDLERS, Handler, Lowering
from cds.engine.elm.operators import Operator, all_alike, is_plain, operands, operator
from cds.engine.elm.value import Value
from cds.engine.runtime import comparison
from cds.engine.trampoline import Deep

_EQUALITY = {"System.String", "System.Boolean", "System.Integer", "System.Decimal"}
_ORDER = {"System.String", "System.Integer", "System.Decimal"}

operator("Equivalent", comparison.equivalent, types.BOOLEAN, meet=all_alike, never_null=True)


def _native(symbol: str, function: Any, inlined: set[str]) -> Handler:
    """Compare plain values of one type in place, everything else by the function."""
    general = Operator(function, types.BOOLEAN, meet=all_alike)

    def lower(lowering: Lowering, node: Any) -> Deep[Value]:
        values: list[Value] = yield operands(lowering, node, ("operand",))
        left, right = values
        name = str(left.type) if left.type == right.type else ""
        if name in inlined and is_plain(left) and is_plain(right):
            return Value(build.native(f"{{0}} {symbol} {{1}}", left.node, right.node), types.BOOLEAN)
        return general.apply(lowering, node, values)

    return lower


HANDLERS["Equal"] = _native("==", comparison.equal, _EQUALITY)
HANDLERS["NotEqual"] = _native("!=", comparison.not_equal, _EQUALITY)
HANDLERS["Less"] = _native("<", comparison.less, _ORDER)
HANDLERS["LessOrEqual"] = _native("<=", comparison.less_or_equal, _ORDER)
HANDLERS["Greater"] = _native(">", comparison.greater, _ORDER)
HANDLERS["GreaterOrEqual"] = _native(">=", comparison.greater_or_equal, _ORDER)
