"""Arithmetic over Integer, Long, Decimal and Quantity, over uncertain numbers, and of dates with durations.

Null in, null out; a result that the type cannot hold is null too. Of an uncertain number the result is uncertain, or
null where its range would say nothing.
https://cql.hl7.org/09-b-cqlreference.html#arithmetic-operators-4
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal, InvalidOperation, Overflow
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.runtime import decimals, quantities, strings, temporal_arithmetic
from cds.engine.runtime.decimals import WIDE, limited
from cds.engine.runtime.numeric import RANK, NumericOperator, promoted, whole_number
from cds.engine.runtime.numeric import integer as integer
from cds.engine.runtime.numeric import long as long
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.uncertainty import Uncertainty, bounds, combined, mapped, negated
from cds.engine.runtime.values import DECIMAL_MAX, DECIMAL_MIN, Long, Quantity, type_name

_TEMPORAL = frozenset({Date, DateTime, Time})
_CERTAIN_NUMBERS = frozenset({int, Long, Decimal})
_LARGEST_WHOLE_EXPONENT = 63

_ADD = NumericOperator("+", operator.add, WIDE.add, quantities.add)
_SUBTRACT = NumericOperator("-", operator.sub, WIDE.subtract, quantities.subtract)
_MULTIPLY = NumericOperator("*", operator.mul, WIDE.multiply, quantities.multiply)


def add(left: Any, right: Any) -> Any:
    """Return the sum; a date or time moved by a duration; two strings joined."""
    if type(left) is int and type(right) is int:
        return integer(left + right)
    if type(left) is Decimal and type(right) is Decimal:
        total = left + right
        return total if DECIMAL_MIN <= total <= DECIMAL_MAX else None
    if type(left) in _TEMPORAL and type(right) in (Quantity, type(None)):
        return temporal_arithmetic.add(left, right)
    if type(left) is str and type(right) is str:
        return strings.concatenate(left, right)
    if type(left) is Uncertainty or type(right) is Uncertainty:
        return _uncertain(add, left, right)
    return _ADD(left, right)


def subtract(left: Any, right: Any) -> Any:
    """Return the difference; a date or time moved back by a duration."""
    if type(left) is int and type(right) is int:
        return integer(left - right)
    if type(left) is Decimal and type(right) is Decimal:
        difference = left - right
        return difference if DECIMAL_MIN <= difference <= DECIMAL_MAX else None
    if type(left) in _TEMPORAL and type(right) in (Quantity, type(None)):
        return temporal_arithmetic.subtract(left, right)
    if type(left) is Uncertainty or type(right) is Uncertainty:
        return _uncertain(subtract, left, right)
    return _SUBTRACT(left, right)


def _uncertain(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Calculate at the bounds of uncertain numbers; of anything else that is uncertain the result is not known."""
    if left is None or right is None or not _are_numbers(left, right):
        return None
    return combined(operation, left, right)


def _are_numbers(left: Any, right: Any) -> bool:
    return all(type(bound) in _CERTAIN_NUMBERS for bound in (*bounds(left), *bounds(right)))


def multiply(left: Any, right: Any) -> Any:
    """Return the product; that of quantities carries the product of their units."""
    if type(left) is Uncertainty or type(right) is Uncertainty:
        return _uncertain(multiply, left, right)
    return _MULTIPLY(left, right)


def divide(left: Any, right: Any) -> Any:
    """Return the quotient as a Decimal or a Quantity; null when dividing by zero."""
    if type(left) is Uncertainty or type(right) is Uncertainty:
        return _uncertain_quotient(divide, left, right)
    if left is None or right is None:
        return None
    left, right = promoted(left, right, "/")
    if type(left) is Quantity:
        return quantities.divide(left, right)
    return limited(WIDE.divide(Decimal(left), Decimal(right))) if right else None


def _truncated_whole(left: int, right: int) -> int | None:
    if not right:
        return None
    size = builtins.abs(left) // builtins.abs(right)
    return size if (left < 0) is (right < 0) else -size


def _remainder_whole(left: int, right: int) -> int | None:
    if not right:
        return None
    size = builtins.abs(left) % builtins.abs(right)
    return -size if left < 0 else size


_TRUNCATED_DIVIDE = NumericOperator("div", _truncated_whole, decimals.truncated_quotient, quantities.truncated_divide)
_MODULO = NumericOperator("mod", _remainder_whole, decimals.remainder, quantities.modulo)


def _uncertain_quotient(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Divide uncertain numbers; null when the divisor may be zero, because the quotient may then be anything."""
    if left is None or right is None or not _are_numbers(left, right):
        return None
    least, greatest = bounds(right)
    return combined(operation, left, right) if least > 0 or greatest < 0 else None


def truncated_divide(left: Any, right: Any) -> Any:
    """Return the quotient without its fraction (`div`): -10 div 3 is -3."""
    if type(left) is Uncertainty or type(right) is Uncertainty:
        return _uncertain_quotient(truncated_divide, left, right)
    return _TRUNCATED_DIVIDE(left, right)


def modulo(left: Any, right: Any) -> Any:
    """Return the remainder of the truncated division, with the sign of the dividend (`mod`)."""
    if type(left) is Uncertainty or type(right) is Uncertainty:
        return None
    return _MODULO(left, right)


def _unary(symbol: str, operand: Any, function: Callable[[Any], Any]) -> Any:
    kind = type(operand)
    if operand is None:
        return None
    if kind is Quantity:
        return Quantity(function(operand.value), operand.unit)
    if kind is Decimal:
        return function(operand)
    if kind in RANK:
        return whole_number(kind, function(int(operand)))
    message = f"{symbol} is not defined for {type_name(operand)}"
    raise EvaluationError(message)


def negate(operand: Any) -> Any:
    """Return the number with the opposite sign."""
    if type(operand) is Uncertainty:
        return negated(operand)
    return _unary("-", operand, operator.neg)


def abs(operand: Any) -> Any:
    """Return the number without its sign; null for the smallest Integer and Long, which have no opposite."""
    if type(operand) is Uncertainty:
        low, high = bounds(operand)
        return operand if low >= 0 else negated(operand) if high <= 0 else Uncertainty(0 * low, max(-low, high))
    return _unary("Abs", operand, builtins.abs)


def _to_integer(operand: Any, rounding: str) -> Any:
    if type(operand) is Uncertainty:
        return mapped(lambda value: _to_integer(value, rounding), operand)
    return None if operand is None else integer(int(Decimal(operand).to_integral_value(rounding)))


def ceiling(operand: Any) -> Any:
    """Return the first Integer that is not less than the operand."""
    return _to_integer(operand, ROUND_CEILING)


def floor(operand: Any) -> Any:
    """Return the first Integer that is not greater than the operand."""
    return _to_integer(operand, ROUND_FLOOR)


def truncate(operand: Any) -> Any:
    """Return the whole part of the operand as an Integer."""
    return _to_integer(operand, ROUND_DOWN)


def round(operand: Any, precision: int | None = None) -> Any:
    """Round half away from zero, to `precision` places (0 when null); a Quantity keeps its unit."""
    if operand is None:
        return None
    if type(operand) is Uncertainty:
        return mapped(lambda value: round(value, precision), operand)
    if isinstance(operand, Quantity):
        return Quantity(decimals.rounded(operand.value, precision or 0), operand.unit)
    return decimals.rounded(Decimal(operand), precision or 0)


def power(left: Any, right: Any) -> Any:
    """Return left to the power of right: whole for whole numbers with an exponent of 0 or more, else Decimal."""
    if left is None or right is None or type(left) is Uncertainty or type(right) is Uncertainty:
        return None
    left, right = promoted(left, right, "^")
    kind = type(left)
    if kind is Quantity:
        raise EvaluationError("^ is not defined for Quantity and Quantity")
    if kind is not Decimal and right >= 0:
        if right > _LARGEST_WHOLE_EXPONENT and builtins.abs(left) > 1:
            return None
        return whole_number(kind, int(left) ** int(right))
    try:
        return limited(WIDE.power(Decimal(left), Decimal(right))) if left or right else Decimal(1)
    except (InvalidOperation, Overflow):
        return None  # no real result, or none that fits


def exp(operand: Any) -> Decimal | None:
    """Return e to the power of the operand.

    Raises EvaluationError when the result is out of range, as HL7's CQL tests ask.
    """
    if operand is None or type(operand) is Uncertainty:
        return None
    try:
        result = limited(WIDE.exp(Decimal(operand)))
    except Overflow:
        result = None
    if result is None:
        raise EvaluationError("Exp: the result is greater than any Decimal")
    return result


def ln(operand: Any) -> Decimal | None:
    """Return the natural logarithm; null for a negative number.

    Raises EvaluationError for 0, whose logarithm is infinite, as HL7's CQL tests ask.
    """
    if operand is None or type(operand) is Uncertainty:
        return None
    value = Decimal(operand)
    if not value:
        raise EvaluationError("Ln: the logarithm of 0 is infinite")
    return limited(WIDE.ln(value)) if value > 0 else None


def log(argument: Any, base: Any) -> Decimal | None:
    """Return the logarithm to a base; null when there is none (base 1, numbers of 0 and less)."""
    if argument is None or base is None or type(argument) is Uncertainty or type(base) is Uncertainty:
        return None
    number, radix = Decimal(argument), Decimal(base)
    if number <= 0 or radix <= 0 or radix == 1:
        return None
    return limited(WIDE.divide(WIDE.ln(number), WIDE.ln(radix)))
