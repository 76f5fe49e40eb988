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
from functools import cache, lru_cache, partial
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from cds.content.artifact import Artifact
from cds.content.validation import validate
from cds.engine.model import r4
from cds.errors import BadRequest
from cds.fhir.json import dumps, loads
from cds.fhir.references import is_id
from cds.reasoning.element_types import json_member

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_REMEMBERED = 2_048
_MAX_TEXT = 100_000
_MOMENT = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-3]):[0-5]\d)", re.ASCII)
_REFERENCE = re.compile(r"([A-Z][A-Za-z]+/)[A-Za-z0-9\-.]{1,64}", re.ASCII)


class SharedMember(NamedTuple):
    """A member that many resources share, and its skeleton as JSON."""

    value: Any
    skeleton: orjson.Fragment


def shared_members(resource: Mapping[str, Any]) -> dict[str, SharedMember]:
    """Return the members of a resource by name, made ready for `is_surely_valid` of the resources that share them."""
    skeleton = _skeleton(str(resource["resourceType"]), resource)
    return {name: SharedMember(value, orjson.Fragment(dumps(skeleton[name]))) for name, value in resource.items()}


def is_surely_valid(resource: Mapping[str, Any], shared: Mapping[str, SharedMember] = _NOTHING) -> bool:
    """Tell whether a resource is certainly valid by `validate`; False means that `validate` must be asked.

    Members of `shared` that are the very same in the resource need not be looked through again.
    """
    own: dict[str, Any] = {}
    judged: dict[str, Any] = {}
    for name, value in resource.items():
        member = shared.get(name)
        if member is not None and member.value is value:
            judged[name] = member.skeleton
        else:
            own[name] = value
    try:
        return _is_valid(dumps(judged | _skeleton(str(resource["resourceType"]), own)))
    except (KeyError, TypeError, ValueError, RecursionError, BadRequest):  # no R4 resource, or not even JSON
        return False


@lru_cache(maxsize=_REMEMBERED)
def _is_valid(skeleton: bytes) -> bool:
    return next(validate(Artifact(loads(skeleton), file="", root="")), None) is None


def _skeleton(type_name: str, element: Any) -> Any:
    if type(element) is not dict:
        return element
    reductions = _reductions(str(element["resourceType"]) if type_name == "Resource" else type_name)
    if reductions.keys().isdisjoint(element):
        return element
    skeleton = {}
    for name, value in element.items():
        reduced = reductions.get(name)
        if reduced is None:
            skeleton[name] = value
        elif type(value) is list:
            skeleton[name] = [reduced(item) for item in value]
        else:
            skeleton[name] = reduced(value)
    return skeleton


@cache
def _reductions(type_name: str) -> Mapping[str, Callable[[Any], Any]]:
    """Return by JSON member of an R4 type what is left of its values; what is not named stays as it is."""
    reductions: dict[str, Callable[[Any], Any]] = {}
    for element in r4.elements(type_name).values():
        for choice in element.types:
            member, member_type = json_member(element, choice), r4.fhir_type(choice)
            if (type_name, member) == ("Reference", "reference"):
                reductions[member] = _without_id
            elif member_type in _CONSTANTS:
                reductions[member] = partial(_constant, *_CONSTANTS[member_type])
            elif not r4.is_primitive(member_type):
                reductions[member] = partial(_skeleton, member_type)
    return reductions


def _constant(fits: Callable[[Any], bool], constant: Any, value: Any) -> Any:
    return constant if fits(value) else value


def _without_id(reference: Any) -> Any:
    literal = _REFERENCE.fullmatch(reference) if type(reference) is str else None
    return reference if literal is None else f"{literal[1]}i"


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
