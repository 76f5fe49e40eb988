"""What FHIR 4.0.1 says about its own types, read once from a table generated from the CQL model information.

Type names are FHIR's without a namespace ("Observation", "Observation.Component", "dateTime"); CQL's own types carry
theirs ("System.String"). A code with a required binding has a type of its own in the model information
("ObservationStatus"); `fhir_type` gives the name FHIR uses on the wire ("code").
The table is r4.json beside this module, written by tools/model/generate_r4.py. cds_hooks.json adds the logical
models of CDS Hooks messages ("CDSHooksResponse.Card"), so that FHIRPath can be asked about them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

SearchKind = Literal["token", "date", "reference"]


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type; `is_choice` marks a choice element ("value[x]"), whose `types` are its alternatives."""

    name: str
    types: tuple[str, ...]
    is_list: bool
    is_choice: bool


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    table: dict[str, dict[str, Any]] = {}
    for name in ("r4.json", "cds_hooks.json"):
        table |= json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return table


@cache
def types() -> frozenset[str]:
    """Give every type name of the model."""
    return frozenset(_table())


@cache
def resource_types() -> frozenset[str]:
    """List the concrete resource types, "Account" to "VisionPrescription"."""
    return frozenset(name for name, row in _table().items() if row.get("resource") and name != "Resource")


def base_type(type_name: str) -> str | None:
    """Name the type that this one specialises; None for Element, Resource and names that are no FHIR type."""
    base: str | None = _table().get(type_name, {}).get("base")
    return base


@cache
def ancestors(type_name: str) -> tuple[str, ...]:
    """List the type itself, then its bases, nearest first; empty for a name that is no FHIR type."""
    chain = []
    current: str | None = type_name if type_name in _table() else None
    while current is not None:
        chain.append(current)
        current = base_type(current)
    return tuple(chain)


def is_subtype(type_name: str, of: str) -> bool:
    """Whether the first type is the second or specialises it; a code with a required binding counts as `code`."""
    if of in ancestors(type_name):
        return True
    return is_enumeration(type_name) and of in ancestors("code")


def is_primitive(type_name: str) -> bool:
    """Whether the type is a FHIR primitive, so that its JSON form is a bare value with an optional `_name` sibling."""
    return "value" in _table().get(type_name, {})


def is_enumeration(type_name: str) -> bool:
    """Whether the type is a `code` with a required binding that the model information names by its value set."""
    return bool(_table().get(type_name, {}).get("enum"))


def fhir_type(type_name: str) -> str:
    """Give the name of the type in FHIR: "code" for "ObservationStatus", "Quantity" for its profiles, else the same."""
    if type_name in ("SimpleQuantity", "MoneyQuantity"):
        return "Quantity"
    return "code" if is_enumeration(type_name) else type_name


def system_type(type_name: str) -> str | None:
    """Name the System type of a primitive's value, without namespace: dateTime → "DateTime"; else None."""
    value: str | None = _table().get(type_name, {}).get("value")
    return value


@cache
def elements(type_name: str) -> Mapping[str, Element]:
    """Map all elements of a type, inherited ones included (nearest definition wins), by name."""
    found: dict[str, Element] = {}
    for owner in reversed(ancestors(type_name)):
        row = _table()[owner]
        if "value" in row:
            found["value"] = Element("value", (f"System.{row['value']}",), is_list=False, is_choice=False)
        for name, text in row.get("elements", {}).items():
            found[name] = _element(name, text)
    return MappingProxyType(found)


def _element(name: str, text: str) -> Element:
    """Decode one cell of the table: "Quantity", "Quantity*" (list) or "?Quantity|string" (choice)."""
    is_choice, is_list = text.startswith("?"), text.endswith("*")
    return Element(name, tuple(text.strip("?*").split("|")), is_list=is_list, is_choice=is_choice)


@cache
def element(type_name: str, path: str) -> Element | None:
    """Find the element at a dotted path, or None; a step through a choice tries each of its types."""
    name, _, rest = path.partition(".")
    found = elements(type_name).get(name)
    if found is None or not rest:
        return found
    nested = (element(candidate, rest) for candidate in found.types)
    return next((inner for inner in nested if inner is not None), None)


def json_name(name: str, type_name: str) -> str:
    """Name the JSON member of a choice element for one type: ("effective", "dateTime") → "effectiveDateTime"."""
    wire = fhir_type(type_name)
    return name + wire[0].upper() + wire[1:]


@cache
def choice_names(type_name: str, name: str) -> Mapping[str, str]:
    """Map the types of a choice element to JSON members: {"dateTime": "effectiveDateTime"}; empty if no choice."""
    found = element(type_name, name)
    if found is None or not found.is_choice:
        return MappingProxyType({})
    return MappingProxyType({choice: json_name(found.name, choice) for choice in found.types})


def primary_code_path(type_name: str) -> str | None:
    """Name the element that a retrieve filters by when it names only codes: Observation → "code"."""
    path: str | None = _table().get(type_name, {}).get("code")
    return path


def patient_path(type_name: str) -> str | None:
    """Name the element that refers to the patient ("subject", "patient", "beneficiary" …); None if there is none."""
    path: str | None = _table().get(type_name, {}).get("patient")
    return path


@cache
def search_parameter(type_name: str, path: str, kind: SearchKind) -> str | None:
    """Name the R4 search parameter over an element: ("Observation", "effective", "date") → "date"; else None."""
    searches: dict[str, list[str]] = _table().get(type_name, {}).get("search", {})
    candidates = [name for name, found in searches.items() if found == [kind, path]]
    if candidates:
        return min(candidates, key=lambda name: (name != path, len(name), name))
    return None


@cache
def date_paths(type_name: str) -> tuple[str, ...]:
    """List the elements of a resource type that a `date` search parameter covers."""
    searches: dict[str, list[str]] = _table().get(type_name, {}).get("search", {})
    return tuple(sorted({path for kind, path in searches.values() if kind == "date"}))
