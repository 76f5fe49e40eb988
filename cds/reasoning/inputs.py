"""Data that an action names itself: `input` as FHIRPath variables, `output` as supporting information (PD-053, 108)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cds.engine.model import r4
from cds.reasoning.element_types import json_member
from cds.terminology.value_sets import ValueSets

_SUPPORTING = ("supportingInfo", "supportingInformation", "supportingInformationReference")


def matching(
    requirement: Mapping[str, Any], resources: Iterable[Mapping[str, Any]], value_sets: ValueSets | None
) -> list[Mapping[str, Any]]:
    """Return the resources that a DataRequirement asks for: of its type, and with a code for each codeFilter (PD-187).

    A resource of which it cannot be known counts as matching: what is too much can be seen, what is missing cannot.
    """
    return [
        resource
        for resource in resources
        if requirement.get("type") in ("Resource", resource.get("resourceType"))
        and all(_passes(resource, one, value_sets) for one in requirement.get("codeFilter", ()))
    ]


def supporting_path(kind: str) -> str | None:
    """Return the element of a request that refers to supporting information, None when its kind has none."""
    return next((name for name in _SUPPORTING if r4.element(kind, name)), None)


def _passes(resource: Mapping[str, Any], code_filter: Mapping[str, Any], value_sets: ValueSets | None) -> bool:
    wanted = {(coding.get("system"), coding.get("code")) for coding in code_filter.get("code", ())}
    canonical = code_filter.get("valueSet")
    if not wanted and canonical is None:
        return True
    for system, code in _codes(resource, code_filter.get("path", "")):
        if (system, code) in wanted:
            return True
        if canonical is not None:
            url, _, version = canonical.partition("|")
            if value_sets is None or value_sets.contains(url, version or None, system, code) is not False:
                return True
    return False


def _codes(resource: Mapping[str, Any], path: str) -> Iterator[tuple[str | None, str]]:
    """Yield (system, code) at an element of the resource: of a CodeableConcept, a Coding, a code, or a list of them."""
    element = r4.element(str(resource["resourceType"]), path)
    members = [json_member(element, one) for one in element.types] if element is not None else [path]
    waiting = [resource.get(member) for member in dict.fromkeys(members)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            yield None, value
        elif isinstance(value, Mapping):
            waiting += value.get("coding", ())
            if "code" in value:
                yield value.get("system"), value["code"]
