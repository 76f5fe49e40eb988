"""Read the `context` of a call by the definition of its hook: lenient in the form, strict in what is relied upon.

Lenient, because real clients and the hook pages' own samples differ from the tables:
- names of earlier versions and of samples stand for those of the table (`HookDefinition.aliases`);
- a resource may be wrapped as `{"resource": {...}}` or in a Bundle of one, and one may stand for a list of one;
- one reference may stand for a list of one, and references may be bare ids;
- an optional field that is empty counts as not sent;
- `patientId` and `encounterId` may carry their type, `Patient/1`;
- drafts need not be valid resources: they are drafts (CH-038). Members that are not in the table are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cds.errors import BadRequest
from cds.hooks.contexts import ContextField, HookDefinition, Kind

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_REFERENCE = re.compile(r"(?:[A-Za-z]+/)?[A-Za-z0-9\-.]{1,64}")
_PREFIX = {"patientId": "Patient/", "encounterId": "Encounter/"}
# Resource types of DSTU2 and STU3 that FHIR R4 does not have any more (CH-037).
_NOT_IN_R4 = frozenset(
    {
        "DeviceUseRequest",
        "DiagnosticOrder",
        "MedicationOrder",
        "Order",
        "ProcedureRequest",
        "ProcessRequest",
        "ReferralRequest",
    }
)


def read_context(hook: HookDefinition, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the context with the table's names and types; raise `BadRequest` that names the field at fault."""
    read = {hook.aliases.get(name, name): value for name, value in context.items()} | {
        name: value for name, value in context.items() if name not in hook.aliases
    }
    for field in hook.fields:
        value = read.get(field.name)
        expression = f"context.{field.name}"
        if value in (None, "", [], {}):
            if field.required:
                fault = "missing" if value is None else "empty"
                msg = f"{expression} is {fault}: this hook requires {field.kind.value}"
                raise BadRequest(msg, expression=expression)
            read.pop(field.name, None)
        else:
            read[field.name] = _read(field, value, expression)
    return read


def bare_id(field: str, value: str) -> str:
    """Take the type off an id: `Patient/1` is sent where `1` is asked for (CH-184)."""
    prefix = _PREFIX.get(field)
    return value.removeprefix(prefix) if prefix else value


def _read(field: ContextField, value: Any, expression: str) -> Any:
    match field.kind:
        case Kind.ID:
            fits = isinstance(value, str) and _ID.fullmatch(bare_id(field.name, value))
            return _checked(bool(fits), field, value, expression)
        case Kind.REFERENCE:
            return _checked(_is_reference(value), field, value, expression)
        case Kind.REFERENCES:
            listed = value if isinstance(value, list) else [value]
            return _checked(all(_is_reference(one) for one in listed), field, listed, expression)
        case Kind.BUNDLE:
            return _bundle(field, value, expression)
        case Kind.RESOURCE:
            return _resource(field, value, expression)
        case Kind.RESOURCES:
            listed = value if isinstance(value, list) else [value]
            return [_unwrapped(one, f"{expression}[{index}]") for index, one in enumerate(listed)]


def _checked(fits: bool, field: ContextField, value: Any, expression: str) -> Any:
    if not fits:
        msg = f"{expression} must be {field.kind.value}"
        raise BadRequest(msg, expression=expression)
    return value


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None


def _bundle(field: ContextField, value: Any, expression: str) -> dict[str, Any]:
    _checked(_is_bundle(value), field, value, expression)
    entries = value.get("entry", [])
    if not isinstance(entries, list):
        msg = f"{expression}.entry must be a list"
        raise BadRequest(msg, expression=f"{expression}.entry")
    for index, entry in enumerate(entries):
        here = f"{expression}.entry[{index}].resource"
        _unwrapped(entry.get("resource") if isinstance(entry, Mapping) else None, here)
    return dict(value)


def _resource(field: ContextField, value: Any, expression: str) -> dict[str, Any]:
    resources = resources_in(_bundle(field, value, expression)) if _is_bundle(value) else [value]
    if len(resources) != 1:
        msg = f"{expression} must be one resource"
        raise BadRequest(msg, expression=expression)
    return _unwrapped(resources[0], expression)


def _is_bundle(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("resourceType") == "Bundle"


def _unwrapped(value: Any, expression: str) -> dict[str, Any]:
    if isinstance(value, Mapping) and "resourceType" not in value and isinstance(value.get("resource"), Mapping):
        value = value["resource"]
    if not isinstance(value, Mapping) or not isinstance(value.get("resourceType"), str):
        msg = f"{expression} must be a FHIR resource with its resourceType"
        raise BadRequest(msg, expression=expression)
    if value["resourceType"] in _NOT_IN_R4:
        msg = f"{expression} is a resource type that FHIR R4 does not have: this server reads R4"
        raise BadRequest(msg, expression=expression)
    return dict(value)


def resources_in(value: Any) -> list[dict[str, Any]]:
    """Return the resources that a checked context field holds: those of a Bundle, of a list, or the one."""
    if isinstance(value, list):
        return value
    if _is_bundle(value):
        return [entry["resource"] for entry in value.get("entry", []) if "resource" in entry]
    return [dict(value)] if isinstance(value, Mapping) else []
