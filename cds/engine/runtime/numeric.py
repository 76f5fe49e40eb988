"""The numeric types: their ranges, which of two is the wider, and what an operator over all of them is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.runtime.decimals import limited
from cds.engine.runtime.values import INTEGER_MAX, INTEGER_MIN, LONG_MAX, LONG_MIN, Long, Quantity, type_name

RANK = {int: 0, Long: 1, Decimal: 2, Quantity: 3}


def integer(value: int) -> int | None:
    """Return the value if it is an Integer (32 bits), else None."""
    return value if INTEGER_MIN <= value <= INTEGER_MAX else None


def long(value: int) -> Long | None:
    """Return the value as a Long (64 bits) if it fits, else None."""
    return Long(value) if LONG_MIN <= value <= LONG_MAX else None


def whole_number(kind: type, value: int) -> int | None:
    """Return the value as an Integer or a Long, whichever the kind says; None if it does not fit."""
    return integer(value) if kind is int else long(value)


def promoted(left: Any, right: Any, symbol: str) -> tuple[Any, Any]:
    """Bring two numbers to the wider of their types: Integer, Long, Decimal, Quantity in unit '1'."""
    kind, other = type(left), type(right)
    if kind is other and kind in RANK:
        return left, right
    if kind not in RANK or other not in RANK:
        message = f"{symbol} is not defined for {type_name(left)} and {type_name(right)}"
        raise EvaluationError(message)
    if RANK[kind] > RANK[other]:
        return left, _as(kind, right)
    return _as(other, left), right


def _as(kind: type, value: Any) -> Any:
    if kind is Quantity:
        return Quantity(Decimal(value), "1")
    return Decimal(value) if kind is Decimal else Long(value)


@dataclass(frozen=True, slots=True)
class NumericOperator:
    """One operator over the numeric types; called with two operands of any of them."""

    symbol: str
    whole: Callable[[int, int], int | None]
    decimal: Callable[[Decimal, Decimal], Decimal | None]
    quantity: Callable[[Quantity, Quantity], Quantity | None]

    def __call__(self, left: Any, right: Any) -> Any:
        """Return the result in the wider of the operands' types; null for a null operand or what does not fit."""
        if left is None or right is None:
            return None
        left, right = promoted(left, right, self.symbol)
        kind = type(left)
        if kind is Quantity:
            return self.quantity(left, right)
        if kind is Decimal:
            result = self.decimal(left, right)
            return None if result is None else limited(result)
        number = self.whole(int(left), int(right))
        return None if number is None else whole_number(kind, number)
