"""FHIR elements as values.

A resource is its JSON object. An element whose type is known when the library is compiled is its bare JSON too: an
object, or the bare value of a primitive. Two cases need more and are carried as an `Element`:

- the type is known only at run time (choice elements, `Any`): the element says what it is;
- a primitive has an `_name` sibling with an id or extensions: both halves stay together.

https://hl7.org/fhir/R4/json.html#primitive
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.model import r4
from cds.engine.run import Run
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.temporal_text import parse_date, parse_date_time, parse_time

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Element:
    """A FHIR element that knows its type: "dateTime", "Quantity", "Observation.Component".

    `value` is its JSON; for a primitive the bare value (None when only extensions are given) and `extra` its sibling.
    """

    type: str
    value: Any
    extra: Json | None = None


def element(type_name: str, value: Any) -> Element | None:
    """Let a bare element say its type."""
    if value is None or isinstance(value, Element):
        return value
    return Element(type_name, value)


def elements(type_name: str, values: Iterable[Any] | None) -> list[Any] | None:
    """Let every element of a list say its type."""
    return None if values is None else [element(type_name, value) for value in values]


def bare(value: Any) -> Any:
    """Take the type off an element; a primitive with a sibling stays whole."""
    if isinstance(value, Element) and value.extra is None:
        return value.value
    return value


def bare_items(values: Iterable[Any] | None) -> list[Any] | None:
    """Take the type off every element of a list."""
    return None if values is None else [bare(value) for value in values]


def json_of(value: Any) -> Any:
    """Return the JSON of an element, for functions that read only its content."""
    return value.value if isinstance(value, Element) else value


def json_object(target: Any) -> Json | None:
    """Return the object itself. Raises EvaluationError where the data has no object in a place that must be one."""
    if target is None or type(target) is dict or isinstance(target, Mapping):
        return target
    message = f"the data holds a {type(target).__name__} where FHIR has an object"
    raise EvaluationError(message)


def primitive(target: Json | None, name: str, type_name: str) -> Any:
    """Read a primitive member: its bare value, or an Element when it has a sibling."""
    if target is None:
        return None
    extra = target.get(f"_{name}")
    return target.get(name) if extra is None else Element(type_name, target.get(name), extra)


def primitives(target: Json | None, name: str, type_name: str) -> list[Any] | None:
    """Read a repeated primitive member."""
    if target is None:
        return None
    values, extras = target.get(name), target.get(f"_{name}")
    if extras is None:
        return listed(values)
    values = values or []
    return [
        value if extra is None else Element(type_name, value, extra)
        for value, extra in zip(_padded(values, len(extras)), _padded(extras, len(values)), strict=True)
    ]


def _padded(values: list[Any], length: int) -> list[Any]:
    return values + [None] * (length - len(values))


def listed(values: Any) -> list[Any] | None:
    """Return the list itself. Raises EvaluationError where the data has no list in a place that must be one."""
    if values is None or isinstance(values, list):
        return values
    message = f"the data holds a {type(values).__name__} where FHIR has a list"
    raise EvaluationError(message)


def choice(target: Json | None, names: tuple[tuple[str, str], ...]) -> Element | None:
    """Read a choice element; `names` are pairs of JSON member and type."""
    if target is None:
        return None
    for name, type_name in names:
        value = target.get(name)
        extra = target.get(f"_{name}")
        if value is not None or extra is not None:
            return Element(type_name, value, extra)
    return None


def sibling(value: Any, name: str) -> Any:
    """Read `id` or `extension` of a primitive that was read before."""
    return value.extra.get(name) if isinstance(value, Element) and value.extra is not None else None


def text_value(value: Any) -> str | None:
    """Return the System.String of a primitive that is text in JSON."""
    if type(value) is str or value is None:
        return value
    value = _content(value)
    return value if value is None or type(value) is str else _unexpected(value, "text")


def boolean_value(value: Any) -> bool | None:
    """Return the System.Boolean of a FHIR boolean."""
    value = _content(value)
    return value if value is None or type(value) is bool else _unexpected(value, "a boolean")


def integer_value(value: Any) -> int | None:
    """Return the System.Integer of a FHIR integer, positiveInt or unsignedInt."""
    value = _content(value)
    return value if value is None or type(value) is int else _unexpected(value, "a whole number")


def decimal_value(value: Any) -> Decimal | None:
    """Return the System.Decimal of a FHIR decimal, with the digits the JSON showed."""
    value = _content(value)
    if value is None or type(value) is Decimal:
        return value
    if type(value) is int or type(value) is float:
        return Decimal(repr(value))
    number: Decimal | None = _unexpected(value, "a number")
    return number


def date_value(value: Any) -> Date | None:
    """Return the System.Date of a FHIR date; None for text that is no date."""
    text = text_value(value)
    return None if text is None else parse_date(text)


def date_time_value(run: Run, value: Any) -> DateTime | None:
    """Return the System.DateTime of a FHIR dateTime or instant; None for text that is none."""
    text = text_value(value)
    return None if text is None else parse_date_time(text, run.now.offset)


def time_value(value: Any) -> Time | None:
    """Return the System.Time of a FHIR time; None for text that is none."""
    text = text_value(value)
    return None if text is None else parse_time(text)


def _content(value: Any) -> Any:
    return value.value if isinstance(value, Element) else value


def _unexpected(value: Any, wanted: str) -> Any:
    message = f"the data holds a {type(value).__name__} where FHIR has {wanted}"
    raise EvaluationError(message)


VALUE_READERS: dict[str, Callable[..., Any]] = {
    "Boolean": boolean_value,
    "Integer": integer_value,
    "Decimal": decimal_value,
    "String": text_value,
    "Date": date_value,
    "DateTime": date_time_value,
    "Time": time_value,
}
"""System type → the function that reads it from a FHIR primitive; date_time_value takes the run first."""


def system_value(run: Run, value: Element) -> Any:
    """Return the System value of a primitive that says its type."""
    system_type = r4.system_type(value.type) or "String"
    if system_type == "DateTime":
        return date_time_value(run, value.value)
    reader: Any = VALUE_READERS[system_type]
    return reader(value.value)
