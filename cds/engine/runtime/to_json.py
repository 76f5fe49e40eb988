"""Engine values → plain FHIR JSON."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cds.engine.runtime import interval
from cds.engine.runtime.fhir_values import Element
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import Code, CodeSystem, Concept, Long, Quantity, Ratio, Tuple, ValueSet

UCUM = "http://unitsofmeasure.org"
_UCUM_OF_CALENDAR = {
    "year": "a",
    "month": "mo",
    "week": "wk",
    "day": "d",
    "hour": "h",
    "minute": "min",
    "second": "s",
    "millisecond": "ms",
}


def to_json(value: Any) -> Any:
    """Return plain JSON for any value of the engine.

    Quantity, Code, Concept and Ratio become the FHIR element of the same content; an Interval of dates a Period, of
    quantities a Range, of others {"low", "high"}; a Decimal a number (a float: FHIR's JSON has no other). Lists and
    tuples are converted throughout; resources and elements are their own JSON.
    """
    if value is None or type(value) in (str, bool, int):
        return value
    write = _WRITERS.get(type(value))
    return value if write is None else write(value)


def _quantity(value: Quantity) -> dict[str, Any]:
    singular = value.unit.removesuffix("s")
    code = _UCUM_OF_CALENDAR.get(value.unit) or _UCUM_OF_CALENDAR.get(singular) or value.unit
    return {"value": _decimal(value.value), "unit": value.unit, "system": UCUM, "code": code}


def _decimal(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)


def _code(value: Code) -> dict[str, Any]:
    members = {"system": value.system, "version": value.version, "code": value.code, "display": value.display}
    return {name: member for name, member in members.items() if member is not None}


def _concept(value: Concept) -> dict[str, Any]:
    written: dict[str, Any] = {"coding": [_code(code) for code in value.codes]} if value.codes else {}
    if value.display is not None:
        written["text"] = value.display
    return written


def _ratio(value: Ratio) -> dict[str, Any]:
    return {"numerator": _quantity(value.numerator), "denominator": _quantity(value.denominator)}


def _interval(value: Interval) -> dict[str, Any]:
    """Write the ends that are stated; a Period holds both of its ends, so that an open one is told by its last day."""
    if isinstance(value.low, Date | DateTime) or isinstance(value.high, Date | DateTime):
        ends = {
            "start": None if value.low is None else interval.start(value),
            "end": None if value.high is None else interval.end(value),
        }
    else:
        ends = {"low": value.low, "high": value.high}
    return {name: to_json(end) for name, end in ends.items() if end is not None}


def _date_time(value: DateTime) -> str:
    text = str(value)
    return text.replace("+00:00", "Z") if text.endswith("+00:00") else text


def _element(value: Element) -> Any:
    return value.value


def _members(value: Tuple) -> dict[str, Any]:
    return {name: to_json(member) for name, member in value.items()}


_WRITERS: dict[type, Callable[[Any], Any]] = {
    Decimal: _decimal,
    Long: int,
    Quantity: _quantity,
    Code: _code,
    Concept: _concept,
    Ratio: _ratio,
    Interval: _interval,
    Date: str,
    DateTime: _date_time,
    Time: str,
    Element: _element,
    ValueSet: lambda value: value.id,
    CodeSystem: lambda value: value.id,
    Uncertainty: lambda value: {"low": to_json(value.low), "high": to_json(value.high)},
    list: lambda value: [to_json(item) for item in value],
    Tuple: _members,
}
