"""Engine values in the plain form in which the reference engines' values are written, and when two such forms agree."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cds.engine.runtime.fhir_values import Element
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import Code, Concept, Quantity, Ratio, Tuple

ORDERED = frozenset({"quantity", "interval", "code", "ratio", "uncertainty"})
WITH_MINUTES = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)$")


def tagged(value: Any) -> Any:
    """Write an engine value as tools/oracles/cql_execution.mjs writes those of cql-execution."""
    match value:
        case None | bool() | str():
            return value
        case int() | Decimal() | float():
            return float(value)
        case Tuple():
            return {"tuple": {name: tagged(member) for name, member in value.items()}}
        case Mapping() if "resourceType" in value:
            return {"resource": f"{value['resourceType']}/{value.get('id')}"}
        case Mapping():
            return {"element": dict(value)}
        case list() | tuple():
            return [tagged(item) for item in value]
        case _:
            return _tagged_object(value)


def _tagged_object(value: Any) -> Any:
    match value:
        case Element():
            return tagged(value.value)
        case Uncertainty():
            return {"uncertainty": [tagged(value.low), tagged(value.high)]}
        case Interval():
            return {"interval": [value.low_closed, tagged(value.low), tagged(value.high), value.high_closed]}
        case DateTime():
            return {"dateTime": str(value)}
        case Date():
            return {"date": str(value)}
        case Time():
            return {"time": str(value)}
        case Quantity():
            return {"quantity": [float(value.value), value.unit]}
        case Ratio():
            return {"ratio": [tagged(value.numerator), tagged(value.denominator)]}
        case Code():
            return {"code": [value.code, value.system]}
        case Concept():
            return {"concept": [tagged(code) for code in value.codes]}
    message = f"no plain form for {type(value).__name__}"
    raise TypeError(message)


def normal(value: Any) -> Any:
    """Bring a plain form to the one in which equal answers are equal JSON.

    Numbers are rounded to eight places; instants are written in UTC; the order of lists does not count, because
    retrieves have none.
    """
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return round(float(value), 8) + 0.0
    if isinstance(value, str):
        return _in_utc(value)
    if isinstance(value, list):
        return sorted((normal(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, dict) and len(value) == 1:
        [(name, content)] = value.items()
        if name == "tuple" and _is_fhir(content):
            return normal({"element": _fhir_json(content)})
        if name in ORDERED and isinstance(content, list):
            return {name: [normal(member) for member in content]}
    return {name: normal(member) for name, member in value.items()}


def _is_fhir(members: Mapping[str, Any]) -> bool:
    """Whether a tuple of cql-execution is a FHIR element that the logic made: all primitives in it are objects."""
    given = [member for member in members.values() if member is not None]
    return bool(given) and all(map(_primitives, given))


def _primitives(member: Any) -> bool:
    if isinstance(member, list):
        return all(map(_primitives, member))
    if not (isinstance(member, dict) and member.keys() == {"tuple"}):
        return False
    return member["tuple"].keys() == {"value"} or _is_fhir(member["tuple"])


def _fhir_json(value: Any) -> Any:
    """Write such an element as FHIR JSON: primitives bare, empty lists left out."""
    if isinstance(value, list):
        return [_fhir_json(item) for item in value]
    if isinstance(value, dict) and value.keys() == {"tuple"}:
        members = value["tuple"]
        return members["value"] if members.keys() == {"value"} else _fhir_json(members)
    if isinstance(value, dict):
        return {name: _fhir_json(member) for name, member in value.items() if member not in (None, [])}
    return value


def _in_utc(text: str) -> str:
    found = WITH_MINUTES.match(text)
    if not found:
        return text
    _, seconds, fraction, _ = found.groups()
    instant = datetime.fromisoformat(text).astimezone(UTC)
    shown = instant.strftime("%Y-%m-%dT%H:%M")
    if seconds:
        shown += instant.strftime(":%S")
    if fraction:
        shown += f".{instant.microsecond // 1000:03d}"
    return shown + "Z"
