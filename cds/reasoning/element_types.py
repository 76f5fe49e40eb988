"""Fitting a value to the R4 type of the element it is meant for (PD-176, PD-177)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from cds.engine.model import r4
from cds.errors import CDSError

_WHOLE_NUMBERS = {"integer": None, "unsignedInt": 0, "positiveInt": 1}
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_DATE_TIME = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?")
_PATTERNS = {
    "date": _DATE,
    "dateTime": _DATE_TIME,
    "instant": _INSTANT,
    "time": _TIME,
    "code": re.compile(r"\S+( \S+)*"),
    "id": re.compile(r"[A-Za-z0-9\-.]{1,64}"),
    "uri": re.compile(r"\S*"),
    "url": re.compile(r"\S*"),
    "canonical": re.compile(r"\S*"),
}
# How the JSON of a complex value shows its type, where a choice element leaves it open; the first match counts.
_SHAPES = (
    ("CodeableConcept", {"coding"}),
    ("Reference", {"reference"}),
    ("Timing", {"repeat", "event"}),
    ("Period", {"start", "end"}),
    ("Range", {"low", "high"}),
    ("Ratio", {"numerator", "denominator"}),
    ("Quantity", {"value", "unit"}),
    ("Coding", {"system", "code"}),
    ("Attachment", {"contentType", "data"}),
    ("CodeableConcept", {"text"}),
)
_TEXTS = ("dateTime", "time", "string", "markdown", "uri", "canonical", "code")
_RELATED = {
    "Coding": ("CodeableConcept",),
    "CodeableConcept": ("Coding",),
    "integer": ("positiveInt", "unsignedInt", "decimal"),
}


class DoesNotFit(CDSError):
    """A value that the element cannot hold; the message names the element, the expected and the found type."""


def fit(value: Any, type_name: str, where: str) -> Any:
    """Return the JSON of `value` as the R4 type `type_name`; `where` names the element in an error.

    A Coding becomes a CodeableConcept and a CodeableConcept with one coding a Coding where the element asks for it, a
    resource becomes a Reference. Nothing else changes its kind. What fits as it is comes back itself, not as a copy.
    Raises `DoesNotFit`.
    """
    wire_type, is_primitive = _wire(type_name)
    if is_primitive:
        fitted = _fit_primitive(value, wire_type)
    else:
        fitted = _fit_complex(value, wire_type) if isinstance(value, Mapping) else None
    if fitted is None:
        msg = f"{where} is a {wire_type}, but the value is {kind_of(value)}"
        raise DoesNotFit(msg)
    return fitted


def fit_choice(value: Any, choices: tuple[str, ...], where: str) -> tuple[str, Any]:
    """Return the type of a choice element that this value takes, its own, else the first that it fits; and its JSON.

    Raises `DoesNotFit`.
    """
    kind = kind_of(value)
    own = [one for one in choices if one == kind or r4.is_subtype(one, kind)]
    if isinstance(value, str):
        # A text that reads as a moment is one; before "string", because "string" fits every text.
        own = [one for one in _TEXTS if one in choices and (one != "dateTime" or len(value) >= len("2026-01-01"))]
    elif kind in r4.resource_types():
        own = [one for one in ("Reference",) if one in choices]
    related = [one for one in _RELATED.get(kind, ()) if one in choices]
    for candidate in (*own, *related):
        try:
            return candidate, fit(value, candidate, where)
        except DoesNotFit:
            continue
    msg = f"{where} may be {', '.join(choices)}, but the value is {kind}"
    raise DoesNotFit(msg)


def kind_of(value: Any) -> str:
    """Name the R4 type that a JSON value looks like."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, Decimal | float):
        return "decimal"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Mapping):
        if "resourceType" in value:
            return str(value["resourceType"])
        present = {name.removeprefix("_") for name in value}
        return next((name for name, members in _SHAPES if members & present), "object")
    return "null" if value is None else type(value).__name__


@cache
def _wire(type_name: str) -> tuple[str, bool]:
    """Return the type's name in FHIR's JSON, and whether its values are bare."""
    wire_type = r4.fhir_type(type_name)
    return wire_type, wire_type.startswith("System.") or r4.is_primitive(wire_type)


def _fit_primitive(value: Any, wire_type: str) -> Any:
    if wire_type in ("boolean", "System.Boolean"):
        return value if isinstance(value, bool) else None
    if wire_type in _WHOLE_NUMBERS:
        lowest = _WHOLE_NUMBERS[wire_type]
        whole = isinstance(value, int) and not isinstance(value, bool)
        return int(value) if whole and (lowest is None or value >= lowest) else None
    if wire_type == "decimal":
        return value if isinstance(value, int | Decimal | float) and not isinstance(value, bool) else None
    if isinstance(value, str):
        pattern = _PATTERNS.get(wire_type)
        return value if value and (pattern is None or pattern.fullmatch(value)) else None
    return value.get("code") if wire_type == "code" and kind_of(value) == "Coding" else None


def _fit_complex(value: Mapping[str, Any], wire_type: str) -> Any:
    if wire_type == "Reference" and "resourceType" in value and "id" in value:
        return {"reference": f"{value['resourceType']}/{value['id']}"}
    if wire_type == "CodeableConcept" and kind_of(value) == "Coding":
        return {"coding": [value]}
    if wire_type == "Coding" and kind_of(value) == "CodeableConcept":
        codings = value.get("coding", ())
        return codings[0] if len(codings) == 1 else None
    if "resourceType" in value:
        return value if r4.is_subtype(kind_of(value), wire_type) else None
    return _stated(value) if value.keys() <= _members(wire_type) else None


def _stated(value: Any) -> Any:
    """Leave out members that are null or empty, at any depth: FHIR JSON has neither."""
    if _is_stated(value):
        return value
    if isinstance(value, dict):
        stated = ((name, _stated(member)) for name, member in value.items())
        return {name: member for name, member in stated if member not in (None, [], {})}
    return [_stated(item) for item in value]


def _is_stated(value: Any) -> bool:
    """Tell whether no object, at any depth, has a member that is null or empty."""
    if isinstance(value, dict):
        for member in value.values():
            if member is None or (isinstance(member, dict | list) and not (member and _is_stated(member))):
                return False
        return True
    return not isinstance(value, list) or all(map(_is_stated, value))


@cache
def _members(type_name: str) -> frozenset[str]:
    """Return the names that an object of this type may have in JSON, with those of what stands beside primitives."""
    names = {json_member(element, choice) for element in r4.elements(type_name).values() for choice in element.types}
    return frozenset(names | {f"_{name}" for name in names})


def json_member(element: r4.Element, type_name: str) -> str:
    """Return the JSON member that holds the element when it has this type; SimpleQuantity is written as Quantity."""
    if not element.is_choice:
        return element.name
    return r4.json_name(element.name, "Quantity" if type_name in ("SimpleQuantity", "MoneyQuantity") else type_name)
