"""What the hook's context tells the logic: its fields bound to CQL parameters, by name and then by type (PD-211)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

_LIST = re.compile(r"List<(?P<element>.+)>")
_FHIR = re.compile(r"(?:FHIR\.)(?P<type>[A-Za-z]+)")
_REMEMBERED = 256  # types; a guideline declares a few


class Parameter(Protocol):
    """A CQL parameter, as the engine lists them: `type` as CQL writes it, such as "List<FHIR.MedicationRequest>"."""

    @property
    def name(self) -> str:
        """The parameter's name."""

    @property
    def type(self) -> str:
        """The declared type."""


def bind_hook_context(parameters: Iterable[Parameter], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every parameter that the context gives one.

    A field of the same name, case aside, gives its value: resources of the declared type out of a list or a Bundle, or
    the Bundle. A parameter of another name that asks for resources takes them from the one field that holds resources,
    if there is exactly one. Others stay unbound and take their default.
    """
    by_name = {name.lower(): value for name, value in context.items() if value is not None}
    holders = [value for value in by_name.values() if _resources(value) is not None]
    values = {}
    for parameter in parameters:
        given = by_name.get(parameter.name.lower())
        declared = _declared(parameter.type)
        if given is None and len(holders) == 1 and declared.is_list and declared.fhir_type is not None:
            given = holders[0]
        if given is not None:
            values[parameter.name] = _shaped(given, declared)
    return values


class _Declared(NamedTuple):
    """A declared type: whether it is a list, and the FHIR type of its elements, None for another type."""

    is_list: bool
    fhir_type: str | None


@lru_cache(_REMEMBERED)
def _declared(text: str) -> _Declared:
    listed = _LIST.fullmatch(text)
    found = _FHIR.fullmatch(listed["element"] if listed else text)
    return _Declared(listed is not None, found["type"] if found else None)


_BUNDLE = _Declared(is_list=False, fhir_type="Bundle")


def _shaped(value: Any, declared: _Declared) -> Any:
    """Return the value in the declared shape: a list (one value makes a list of one), a Bundle, or as it is."""
    resources = _resources(value)
    if resources is None:
        return [value] if declared.is_list and not isinstance(value, list) else value
    if declared == _BUNDLE:
        return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}
    if declared.fhir_type is None:
        return value
    kept = [one for one in resources if declared.fhir_type in ("Resource", one.get("resourceType"))]
    return kept if declared.is_list else next(iter(kept), None)


def _resources(value: Any) -> list[Mapping[str, Any]] | None:
    """Return the resources that a context field holds, None for a field that holds something else."""
    if isinstance(value, Mapping):
        if value.get("resourceType") == "Bundle":
            return [entry["resource"] for entry in value.get("entry", ()) if "resource" in entry]
        return [value] if "resourceType" in value else None
    if isinstance(value, list) and all(isinstance(one, Mapping) and "resourceType" in one for one in value):
        return value
    return None
