"""The least and greatest value of each ordered type, and the next value before and after one.

A Decimal steps by 0.00000001, a Quantity likewise in its own unit, a date or time by its own precision.
https://cql.hl7.org/09-b-cqlreference.html#predecessor
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from cds.engine.errors import EvaluationError
from cds.engine.runtime.calendar_units import DAY_MS, UNIT_MS, OutOfRange
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.temporal_arithmetic import add_units
from cds.engine.runtime.uncertainty import Uncertainty, uncertain
from cds.engine.runtime.values import (
    DECIMAL_MAX,
    DECIMAL_MIN,
    DECIMAL_STEP,
    INTEGER_MAX,
    INTEGER_MIN,
    LONG_MAX,
    LONG_MIN,
    Long,
    Quantity,
)

_UTC: Final = Decimal(0)
_MINIMA: Final[dict[str, Any]] = {
    "Integer": INTEGER_MIN,
    "Long": Long(LONG_MIN),
    "Decimal": DECIMAL_MIN,
    "Quantity": Quantity(DECIMAL_MIN),
    "Date": Date(1, 1, 1),
    "DateTime": DateTime(1, 1, 1, 0, 0, 0, 0, _UTC),
    "Time": Time(0, 0, 0, 0),
}
_MAXIMA: Final[dict[str, Any]] = {
    "Integer": INTEGER_MAX,
    "Long": Long(LONG_MAX),
    "Decimal": DECIMAL_MAX,
    "Quantity": Quantity(DECIMAL_MAX),
    "Date": Date(9999, 12, 31),
    "DateTime": DateTime(9999, 12, 31, 23, 59, 59, 999, _UTC),
    "Time": Time(23, 59, 59, 999),
}
_TYPE_NAMES: Final[dict[type, str]] = {int: "Integer", Long: "Long", Decimal: "Decimal"} | {
    python_type: python_type.__name__ for python_type in (Quantity, Date, DateTime, Time)
}
_BEYOND: Final = "the value has no successor or predecessor: it is the last of its type"


def min_value(type_name: str) -> Any:
    """ELM MinValue of a System type, "Integer" or "{urn:hl7-org:elm-types:r1}Integer"; EvaluationError without one."""
    return _limit(_MINIMA, type_name)


def max_value(type_name: str) -> Any:
    """ELM MaxValue; as `min_value`."""
    return _limit(_MAXIMA, type_name)


def _limit(limits: dict[str, Any], type_name: str) -> Any:
    name = type_name.rpartition("}")[2].removeprefix("System.")
    if name not in limits:
        message = f"the type {name} has no least or greatest value"
        raise EvaluationError(message)
    return limits[name]


def least_like(value: Any) -> Any:
    """Return the least value of the type of `value`, in its unit if it is a Quantity; None if the type has none."""
    return _like(_MINIMA, value)


def greatest_like(value: Any) -> Any:
    """Return the greatest value of the type of `value`; as `least_like`."""
    return _like(_MAXIMA, value)


def _like(limits: dict[str, Any], value: Any) -> Any:
    if isinstance(value, Quantity):
        return Quantity(limits["Decimal"], value.unit)
    return limits.get(_TYPE_NAMES.get(type(value), ""))


def successor(value: Any) -> Any:
    """ELM Successor. Raises EvaluationError at the greatest value and for a type without steps."""
    return _stepped(value, 1)


def predecessor(value: Any) -> Any:
    """ELM Predecessor. Raises EvaluationError at the least value and for a type without steps."""
    return _stepped(value, -1)


def _stepped(value: Any, direction: int) -> Any:
    if value is None:
        return None
    if isinstance(value, Uncertainty):
        return uncertain(*(_stepped_or_last(bound, direction) for bound in (value.low, value.high)))
    if isinstance(value, Quantity):
        return Quantity(_stepped(value.value, direction), value.unit)
    if isinstance(value, Time):
        if not 0 <= value.first + direction * UNIT_MS[value.rank] < DAY_MS:
            raise OutOfRange(_BEYOND)
        return add_units(value, direction, value.rank)
    if isinstance(value, Date | DateTime):
        return add_units(value, direction, value.rank)
    type_name = _TYPE_NAMES.get(type(value))
    if type_name is None:
        message = f"a {type(value).__name__} has no successor or predecessor"
        raise EvaluationError(message)
    if value == (_MAXIMA if direction > 0 else _MINIMA)[type_name]:
        raise OutOfRange(_BEYOND)
    step = DECIMAL_STEP if type_name == "Decimal" else 1
    return type(value)(value + direction * step)


def _stepped_or_last(bound: Any, direction: int) -> Any:
    """Return the next value, or the last of its type itself: an uncertain value may lie before it."""
    try:
        return _stepped(bound, direction)
    except OutOfRange:
        return bound
