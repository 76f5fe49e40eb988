"""What callers hand in: plain Python and JSON values, in the forms the compiled code works on, with their type."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath import types
from cds.engine.fhirpath.types import Type
from cds.engine.fhirpath.values.elements import type_of
from cds.engine.model import r4
from cds.engine.runtime.fhir_values import Element
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.values import Code, Concept


class Input(NamedTuple):
    """A value, the type that all its items have (None: each carries its own), and whether it is a list."""

    value: Any
    type: Type | None
    many: bool


def prepared(value: Any) -> Input:
    """Prepare a focus or a variable. Resources and elements stay the objects they are."""
    if isinstance(value, list | tuple):
        kinds = _resource_types(value)
        if len(kinds) == 1 and (name := kinds.pop()) in r4.resource_types():
            return Input(value, types.fhir(name), True)
        return Input([_item(item) for item in value if item is not None], None, True)
    if value is None:
        return Input(None, None, False)
    item = _item(value)
    known = None if type(item) is Element else type_of(item)
    return Input(item, known, False)


def _resource_types(values: list[Any] | tuple[Any, ...]) -> set[str]:
    """Name the resource types in a list; empty when something else is in it."""
    try:
        return {value["resourceType"] for value in values}
    except (TypeError, KeyError):
        return set()


def _item(value: Any) -> Any:
    match value:
        case dict() | bool() | int() | str() | Decimal() | Element() | Date() | DateTime() | Time():
            return value
        case float():
            return Decimal(str(value))
        case dt.datetime():
            return moment(value)
        case dt.date():
            return Date(value.year, value.month, value.day)
        case Code():
            return Element("Coding", _coding(value))
        case Concept():
            concept = {"coding": [_coding(code) for code in value.codes], "text": value.display}
            return Element("CodeableConcept", {name: part for name, part in concept.items() if part})
        case Mapping():
            return dict(value)
    type_of(value)
    return value


def _coding(code: Code) -> dict[str, str]:
    parts = {"system": code.system, "version": code.version, "code": code.code, "display": code.display}
    return {name: part for name, part in parts.items() if part is not None}


def moment(now: dt.datetime) -> DateTime:
    """Turn an aware datetime into a DateTime to the millisecond."""
    shift = now.utcoffset()
    if shift is None:
        raise EvaluationError("the moment of evaluation needs a time zone")
    return _moment(now, shift)


@lru_cache(maxsize=64)  # by the offset, too: equal moments of different zones are equal to Python
def _moment(now: dt.datetime, shift: dt.timedelta) -> DateTime:
    offset = Decimal(int(shift.total_seconds())) / 3600
    clock = (now.hour, now.minute, now.second, now.microsecond // 1000)
    return DateTime(now.year, now.month, now.day, *clock, offset)
