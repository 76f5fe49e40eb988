"""ValueSet/$expand, ValueSet/$validate-code and ConceptMap/$translate on the resources that are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cds.errors import CDSError
from cds.terminology.concept_maps import ConceptMaps
from cds.terminology.value_sets import ValueSets, entries


class CannotExpand(CDSError):
    """The value set cannot be written as a list; the message says why."""


@dataclass(frozen=True, slots=True)
class Validation:
    """The answer of $validate-code: `result` None when it cannot be known."""

    result: bool | None
    message: str | None = None
    display: str | None = None


def expand(value_sets: ValueSets, url: str, version: str | None = None, *, now: datetime) -> dict[str, Any]:
    """Return the ValueSet with a complete expansion, codes in order of system and code.

    Raises `CannotExpand` when the value set is not loaded or is defined by a pattern. R4 ValueSet-operation-expand.
    """
    resource = value_sets.find(url, version)
    codes = value_sets.codes(url, version)
    if resource is None or codes is None:
        reason = value_sets.undecidable(url, version) or "it is defined by a pattern over its codes"
        msg = f"the value set cannot be expanded: {reason}"
        raise CannotExpand(msg)
    displays = _displays(resource)
    contains = []
    for system in sorted(codes):
        for code in sorted(codes[system]):
            display = displays.get((system, code)) or value_sets.code_systems.display(system, code)
            contains.append({"system": system, "code": code} | ({"display": display} if display else {}))
    expansion = {"timestamp": now.isoformat(timespec="seconds"), "total": len(contains), "contains": contains}
    return {name: value for name, value in resource.items() if name != "compose"} | {"expansion": expansion}


def validate_code(
    value_sets: ValueSets, url: str, code: str, system: str | None, *, version: str | None = None
) -> Validation:
    """Tell whether the code is in the value set, and how it is displayed. R4 ValueSet-operation-validate-code."""
    result = value_sets.contains(url, version, system, code)
    if result is None:
        return Validation(None, f"membership cannot be decided: {value_sets.undecidable(url, version)}")
    resource = value_sets.find(url, version) or {}
    if not result:
        return Validation(result=False, message="the code is not in the value set")
    display = _displays(resource).get((system or "", code))
    return Validation(result=True, display=display or value_sets.code_systems.display(system or "", code))


def translate(maps: ConceptMaps, system: str, code: str, *, target: str | None = None) -> dict[str, Any]:
    """Return the Parameters of ConceptMap/$translate: result, and one match per target."""
    found = maps.translate(system, code, target=target)
    matches = [
        {
            "name": "match",
            "part": [
                {"name": "equivalence", "valueCode": one.equivalence},
                {"name": "concept", "valueCoding": one.as_coding()},
                {"name": "source", "valueUri": one.concept_map},
            ],
        }
        for one in found
    ]
    result: dict[str, Any] = {"name": "result", "valueBoolean": bool(found)}
    return {"resourceType": "Parameters", "parameter": [result, *matches]}


def _displays(resource: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    displays = {
        (include.get("system", ""), concept["code"]): concept["display"]
        for include in resource.get("compose", {}).get("include", ())
        for concept in include.get("concept", ())
        if "display" in concept
    }
    listed = entries(resource.get("expansion", {}).get("contains", ()))
    return displays | {
        (entry.get("system", ""), entry["code"]): entry["display"]
        for entry in listed
        if "code" in entry and "display" in entry
    }
