"""Math functions over a single number or quantity.

https://hl7.org/fhirpath/#math
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath.functions.arguments import empty_in_empty_out, number, whole
from cds.engine.runtime import arithmetic
from cds.engine.runtime.decimals import WIDE, limited
from cds.engine.runtime.values import Quantity


@empty_in_empty_out
def absolute(value: Any) -> Any:
    """Drop the sign; the type stays."""
    if not isinstance(value, Quantity):
        number(value, "abs")
    return arithmetic.abs(value)


@empty_in_empty_out
def ceiling(value: Any) -> Any:
    """Give the first whole number that is not less."""
    return _whole(value, "ceiling")


@empty_in_empty_out
def floor(value: Any) -> Any:
    """Give the first whole number that is not greater."""
    return _whole(value, "floor")


@empty_in_empty_out
def truncate(value: Any) -> Any:
    """Give the whole part."""
    return _whole(value, "truncate")


_ROUND_TO_WHOLE = {"ceiling": arithmetic.ceiling, "floor": arithmetic.floor, "truncate": arithmetic.truncate}


def _whole(value: Any, function: str) -> Any:
    if isinstance(value, Quantity):
        result = _ROUND_TO_WHOLE[function](value.value)
        return None if result is None else Quantity(Decimal(result), value.unit)
    return _ROUND_TO_WHOLE[function](number(value, function))


def round_(value: Any, precision: Any = 0) -> Any:
    """Round half away from zero to a number of decimal places."""
    return _round(value, precision)


@empty_in_empty_out
def _round(value: Any, precision: Any) -> Any:
    places = whole(precision, "round")
    if places < 0:
        raise EvaluationError("round() takes a precision of 0 or more")
    if not isinstance(value, Quantity):
        value = number(value, "round")
    return arithmetic.round(value, places)


@empty_in_empty_out
def exp(value: Any) -> Decimal | None:
    """Raise e to the power of a number."""
    return arithmetic.exp(number(value, "exp"))


@empty_in_empty_out
def ln(value: Any) -> Decimal | None:
    """Take the natural logarithm; empty for negative numbers."""
    return arithmetic.ln(number(value, "ln"))


@empty_in_empty_out
def log(value: Any, base: Any) -> Decimal | None:
    """Take the logarithm to a base; numbers of 0 and less have none, which is an error."""
    argument, radix = number(value, "log"), number(base, "log")
    if argument <= 0 or radix <= 0:
        raise EvaluationError("log() takes a number and a base above 0")
    return arithmetic.log(argument, radix)


@empty_in_empty_out
def power(value: Any, exponent: Any) -> Any:
    """Raise to a power; empty where there is no real result."""
    number(value, "power")
    number(exponent, "power")
    return arithmetic.power(value, exponent)


@empty_in_empty_out
def sqrt(value: Any) -> Decimal | None:
    """Take the square root; empty for negative numbers."""
    radicand = number(value, "sqrt")
    return limited(WIDE.sqrt(radicand)) if radicand >= 0 else None
