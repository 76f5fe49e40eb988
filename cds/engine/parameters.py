"""Parameters: from the caller's JSON or engine values to values of the declared type."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cds.engine.elm import types
from cds.engine.elm.type_tests import Cast, matches
from cds.engine.elm.types import IntervalOf, ListOf, Named, Type
from cds.engine.errors import EvaluationError
from cds.engine.run import Run
from cds.engine.runtime import conversion, evaluation, fhir_helpers, interval
from cds.engine.runtime.values import Long, Tuple, type_name

if TYPE_CHECKING:
    from cds.engine.program import Slot

_FROM_TEXT: dict[str, Any] = {
    "System.Date": conversion.to_date,
    "System.Time": conversion.to_time,
    "System.Decimal": conversion.to_decimal,
    "System.Long": conversion.to_long,
    "System.Quantity": conversion.to_quantity,
}
_FROM_OBJECT: dict[str, Any] = {
    "System.Quantity": fhir_helpers.to_quantity,
    "System.Code": fhir_helpers.to_code,
    "System.Concept": fhir_helpers.to_concept,
    "System.Ratio": fhir_helpers.to_ratio,
}


def bind(run: Run, given: Mapping[str, Any], slot: Slot) -> Any:
    """Return the value of a parameter: what the caller gave, or the default, or null.

    Raises EvaluationError for a value that is not of the declared type.
    """
    if slot.name not in given:
        return None if slot.evaluate is None else slot.evaluate(run)
    return _converted(run, given[slot.name], slot.type, slot.name)


def _converted(run: Run, value: Any, of: Type, name: str) -> Any:
    found = None if value is None else _read(run, value, of, name)
    if found is None and value is not None:
        message = f"the parameter {name!r} is a {type_name(value)}, which is no {of}"
        raise EvaluationError(message)
    return found


def _read(run: Run, value: Any, of: Type, name: str) -> Any:
    """Return the value as the type wants it, None when it is not of the type."""
    if of == types.ANY or types.is_element(of):
        return value
    if isinstance(of, ListOf):
        if not isinstance(value, list | tuple):
            return None
        return [_converted(run, item, of.element, name) for item in value]
    if isinstance(of, IntervalOf):
        return _interval(run, value, of, name)
    if isinstance(of, types.TupleOf):
        if not isinstance(value, dict):
            return None
        return Tuple({part: _converted(run, value.get(part), type_, name) for part, type_ in of.elements})
    if isinstance(of, Named) and of.is_system:
        return _system(run, value, of.name)
    return value if matches(of)(value) else None


def _system(run: Run, value: Any, name: str) -> Any:
    if isinstance(value, str):
        if name == "System.DateTime":
            return evaluation.to_date_time(run, value)
        value = _FROM_TEXT[name](value) if name in _FROM_TEXT else value
    elif isinstance(value, dict) and name in _FROM_OBJECT:
        value = _FROM_OBJECT[name](value)
    elif name == "System.Decimal" and type(value) in (int, float):
        value = Decimal(repr(value))
    elif name == "System.Long" and type(value) is int:
        value = Long(value)
    return Cast(Named(name))(value)


def _interval(run: Run, value: Any, of: IntervalOf, name: str) -> Any:
    if not isinstance(value, dict):
        return Cast(of)(value)
    low = _converted(run, value.get("start", value.get("low")), of.point, name)
    high = _converted(run, value.get("end", value.get("high")), of.point, name)
    point_type = of.point.name.removeprefix("System.") if isinstance(of.point, Named) else None
    closed = value.get("lowClosed", True), value.get("highClosed", True)
    return interval.interval(low, high, *closed, point_type=point_type)
