"""`+ - * / div mod &` and unary minus over single values.

Numbers and quantities are computed by the shared run time; what FHIRPath adds is the dispatch by type and its errors.
https://hl7.org/fhirpath/#math-1
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath.functions.arguments import text
from cds.engine.fhirpath.values.elements import type_of
from cds.engine.fhirpath.values.system import in_calendar_units, system_value
from cds.engine.runtime import arithmetic, temporal_arithmetic
from cds.engine.runtime.fhir_values import Element
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.values import Quantity


def add(left: Any, right: Any) -> Any:
    """Add numbers or quantities, join strings, move a date or time by a duration."""
    first, second = system_value(left), system_value(right)
    if first is None or second is None:
        return None
    if isinstance(first, str) and isinstance(second, str):
        return text(first, "+") + text(second, "+")
    if isinstance(first, Date | DateTime | Time) and isinstance(second, Quantity):
        return _later(first, in_calendar_units(second) if type(right) is Element else second)
    return arithmetic.add(*_numbers(first, second, "+"))


def subtract(left: Any, right: Any) -> Any:
    """Subtract numbers or quantities, move a date or time back by a duration."""
    first, second = system_value(left), system_value(right)
    if first is None or second is None:
        return None
    if isinstance(first, Date | DateTime | Time) and isinstance(second, Quantity):
        return _earlier(first, in_calendar_units(second) if type(right) is Element else second)
    return arithmetic.subtract(*_numbers(first, second, "-"))


_later = lru_cache(maxsize=1024)(temporal_arithmetic.add)
_earlier = lru_cache(maxsize=1024)(temporal_arithmetic.subtract)  # `today() - 90 days` is the same all day


def multiply(left: Any, right: Any) -> Any:
    """Multiply; units are multiplied, too."""
    left, right = system_value(left), system_value(right)
    return None if left is None or right is None else arithmetic.multiply(*_numbers(left, right, "*"))


def divide(left: Any, right: Any) -> Any:
    """Divide: always a Decimal or a Quantity; empty when dividing by zero."""
    left, right = system_value(left), system_value(right)
    return None if left is None or right is None else arithmetic.divide(*_numbers(left, right, "/"))


def truncated_divide(left: Any, right: Any) -> Any:
    """Divide without the fraction (`div`); empty when dividing by zero."""
    left, right = system_value(left), system_value(right)
    if left is None or right is None:
        return None
    result = arithmetic.truncated_divide(*_numbers(left, right, "div"))
    return result if result is None or isinstance(result, Quantity) else arithmetic.integer(int(result))


def modulo(left: Any, right: Any) -> Any:
    """Give the remainder of `div`; empty when dividing by zero."""
    left, right = system_value(left), system_value(right)
    return None if left is None or right is None else arithmetic.modulo(*_numbers(left, right, "mod"))


def concatenate(left: Any, right: Any) -> str:
    """Join two strings (`&`); an empty one counts as ''."""
    first, second = system_value(left), system_value(right)
    return ("" if first is None else text(first, "&")) + ("" if second is None else text(second, "&"))


def negate(operand: Any) -> Any:
    """Give the number or quantity with the opposite sign."""
    value = system_value(operand)
    return None if value is None else arithmetic.negate(_number(value, "-"))


def positive(operand: Any) -> Any:
    """Give the number or quantity as it is (unary plus)."""
    value = system_value(operand)
    return None if value is None else _number(value, "+")


def _numbers(left: Any, right: Any, symbol: str) -> tuple[Any, Any]:
    return _number(left, symbol), _number(right, symbol)


def _number(value: Any, symbol: str) -> Any:
    if isinstance(value, bool | str | dict):
        message = f"{symbol} is not defined for {type_of(value)}"
        raise EvaluationError(message)
    return value
