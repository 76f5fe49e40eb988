"""Is a made resource valid R4? Asked of its skeleton, once for all resources that differ only in what any value may be.

A text, a moment, a decimal number, an id and the id in a reference are valid by themselves, whatever else the resource
holds. They differ from patient to patient; what is left when a constant stands for each is the content's own, and the
costly check of it is the same in every call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from cds.content.artifact import Artifact
from cds.content.validation import validate
from cds.engine.model import r4
from cds.errors import BadRequest
from cds.fhir.json import dumps, loads
from cds.fhir.references import is_id
from cds.reasoning.element_types import json_member

_REMEMBERED = 2_048
_MAX_TEXT = 100_000
_MOMENT = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-3]):[0-5]\d)", re.ASCII)
_REFERENCE = re.compile(r"([A-Z][A-Za-z]+/)[A-Za-z0-9\-.]{1,64}", re.ASCII)


def is_surely_valid(resource: Mapping[str, Any]) -> bool:
    """Tell whether a resource is certainly valid by `validate`; False means that `validate` must be asked."""
    try:
        return _is_valid(dumps(_skeleton(resource, str(resource["resourceType"]))))
    except (KeyError, TypeError, ValueError, RecursionError, BadRequest):  # no R4 resource, or not even JSON
        return False


@lru_cache(maxsize=_REMEMBERED)
def _is_valid(skeleton: bytes) -> bool:
    return next(validate(Artifact(loads(skeleton), file="", root="")), None) is None


def _skeleton(element: Mapping[str, Any], type_name: str) -> dict[str, Any]:
    types = _member_types(type_name)
    return {
        name: value
        if (member_type := types.get(name)) is None
        else [_reduced(item, member_type, name) for item in value]
        if type(value) is list
        else _reduced(value, member_type, name)
        for name, value in element.items()
    }


def _reduced(value: Any, type_name: str, name: str) -> Any:
    if type(value) is dict:
        return _skeleton(value, str(value["resourceType"]) if type_name == "Resource" else type_name)
    if type_name == "string" and name == "reference":
        return _REFERENCE.sub(r"\1i", value) if type(value) is str and _REFERENCE.fullmatch(value) else value
    stands_for = _CONSTANTS.get(type_name)
    if stands_for is None:
        return value
    fits, constant = stands_for
    return constant if fits(value) else value


@cache
def _member_types(type_name: str) -> Mapping[str, str]:
    """Return the type of each JSON member of an R4 type; what is not in it stays as it is."""
    return {
        json_member(element, choice): r4.fhir_type(choice)
        for element in r4.elements(type_name).values()
        for choice in element.types
    }


def _is_text(value: Any) -> bool:
    return type(value) is str and len(value) <= _MAX_TEXT and bool(value.strip())


def _is_number(value: Any) -> bool:
    return type(value) is int or (type(value) is Decimal and value.is_finite())


def _is_moment(value: Any) -> bool:
    if type(value) is not str or _MOMENT.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:  # the 30th of February
        return False
    return True


_CONSTANTS: Mapping[str, tuple[Callable[[Any], bool], Any]] = MappingProxyType(
    {
        "string": (_is_text, "text"),
        "markdown": (_is_text, "text"),
        "decimal": (_is_number, 1),
        "id": (is_id, "i"),
        "dateTime": (_is_moment, "2000-01-01T00:00:00Z"),
    }
)
