"""The value of a CQL definition as parameters of a Parameters resource.

As the CQL guide maps them: a list is the parameter repeated, a tuple its parts, null a value that is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cds.engine import to_json
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.values import Code, Concept, Long, Quantity, Ratio, Tuple
from cds.reasoning.element_types import kind_of

_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_EMPTY = "http://hl7.org/fhir/StructureDefinition/cqf-isEmptyList"
_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "valueBoolean"),
    (Long, "valueDecimal"),
    (int, "valueInteger"),
    (Decimal, "valueDecimal"),
    (float, "valueDecimal"),
    (str, "valueString"),
    (Date, "valueDate"),
    (DateTime, "valueDateTime"),
    (Time, "valueTime"),
    (Quantity, "valueQuantity"),
    (Ratio, "valueRatio"),
    (Code, "valueCoding"),
    (Concept, "valueCodeableConcept"),
)


def result_parameters(name: str, value: Any) -> list[dict[str, Any]]:
    """Return the parameters called `name` that hold an engine value."""
    if isinstance(value, list | tuple):
        if not value:
            return [_absent(name, _EMPTY, {"valueBoolean": True})]
        return [one for item in value for one in result_parameters(name, item)]
    return [_parameter(name, value)]


def _parameter(name: str, value: Any) -> dict[str, Any]:
    if value is None:
        return _absent(name, _ABSENT, {"valueCode": "unknown"})
    if isinstance(value, Tuple):
        parts = [part for member, inner in value.items() for part in result_parameters(member, inner)]
        return {"name": name, "part": parts} if parts else _absent(name, _ABSENT, {"valueCode": "unknown"})
    if isinstance(value, Interval):
        return {"name": name, **_interval(value)}
    for kind, member in _TYPES:
        if isinstance(value, kind):
            return {"name": name, member: _fhir_text(to_json(value), member)}
    plain = to_json(value)
    if isinstance(plain, Mapping) and "resourceType" in plain:
        return {"name": name, "resource": plain}
    kind_name = kind_of(plain)
    if isinstance(plain, Mapping) and kind_name == "object":
        return {"name": name, "valueString": str(plain)}
    return {"name": name, f"value{kind_name[0].upper()}{kind_name[1:]}": plain}


def _interval(value: Interval) -> dict[str, Any]:
    """Return a Period or Range where FHIR has one, else the ends as parts."""
    plain = to_json(value)
    ends = [end for end in (value.low, value.high) if end is not None]
    if ends and all(isinstance(end, Date | DateTime) for end in ends):
        return {"valuePeriod": {end: _fhir_text(text, "valueDateTime") for end, text in plain.items()}}
    if ends and all(isinstance(end, Quantity) for end in ends):
        return {"valueRange": plain}
    parts = [one for end in ("low", "high") for one in result_parameters(end, getattr(value, end))]
    return {"part": parts}


def _fhir_text(value: Any, member: str) -> Any:
    """Return a dateTime as FHIR has it: with minutes and seconds once it has an hour."""
    if member != "valueDateTime" or "T" not in value:
        return value
    moment, _, rest = value.partition("T")
    zone_at = next((index for index, sign in enumerate(rest) if sign in "Z+-"), len(rest))
    clock, zone = rest[:zone_at], rest[zone_at:]
    clock += ":00" * (2 - clock.count(":"))
    return f"{moment}T{clock}{zone or 'Z'}"


def _absent(name: str, url: str, reason: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "_valueBoolean": {"extension": [{"url": url, **reason}]}}
