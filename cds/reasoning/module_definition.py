"""$data-requirements: a Library of type module-definition: what a guideline reads and stands on (PD-014, PD-184)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from cds.content.canonical import Canonical
from cds.content.guideline import Guideline
from cds.content.walk import actions
from cds.engine import Retrieve
from cds.expressions.logic import Logic
from cds.reasoning.requirements import reads

_REQUIRED = "dataRequirement"
_LIBRARY_TYPE = "http://terminology.hl7.org/CodeSystem/library-type"
_RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"


def module_definition(logic: Logic, guideline: Guideline, hook: str | None = None) -> dict[str, Any]:
    """Return the module-definition Library of a guideline, for one hook or for all; equal requirements stand once.

    Also of an ActivityDefinition or a Library. What libraries, triggers and actions declare counts like what the logic
    reads (PD-184); of equal requirements the `mustSupport` elements are put together (PD-186).
    """
    found = reads(logic, guideline, hook)
    declared = (one for each in guideline.dependencies.of_type("Library") for one in each.resource.get(_REQUIRED, ()))
    triggered = (
        one
        for plan in guideline.dependencies.of_type("PlanDefinition")
        for _, action in actions(plan.resource)
        for trigger in action.get("trigger", ())
        for one in trigger.get("data", ())
    )
    requirements = [{"type": "Patient"}, *(_element(retrieve) for retrieve in found.retrieves), *found.inputs]
    requirements += [*declared, *triggered]
    library: dict[str, Any] = {
        "resourceType": "Library",
        "status": "active",
        "type": {"coding": [{"system": _LIBRARY_TYPE, "code": "module-definition"}]},
        "subjectCodeableConcept": {"coding": [{"system": _RESOURCE_TYPES, "code": "Patient"}]},
        "relatedArtifact": [
            {"type": "depends-on", "resource": str(Canonical(artifact.url, artifact.version))}
            for artifact in guideline.dependencies.artifacts[1:]
            if artifact.url is not None
        ],
        "parameter": [
            {"name": one.name, "use": "in", "min": 0, "max": _most(one.type), "type": _fhir_type(one.type)}
            for one in logic.parameters
        ],
        _REQUIRED: _collapsed(requirements),
    }
    return {name: value for name, value in library.items() if value}


def _collapsed(requirements: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put requirements that differ in `mustSupport` or in their id alone into one."""
    by_content: dict[bytes, dict[str, Any]] = {}
    for one in requirements:
        content = {name: value for name, value in one.items() if name not in ("id", "mustSupport")}
        kept = by_content.setdefault(orjson.dumps(content, option=orjson.OPT_SORT_KEYS, default=str), content)
        elements = dict.fromkeys((*kept.get("mustSupport", ()), *one.get("mustSupport", ())))
        if elements:
            kept["mustSupport"] = list(elements)
    return list(by_content.values())


def _element(retrieve: Retrieve) -> dict[str, Any]:
    """Return a retrieve as a FHIR DataRequirement."""
    requirement: dict[str, Any] = {"type": retrieve.type}
    if retrieve.template_id:
        requirement["profile"] = [retrieve.template_id]
    code_filter: dict[str, Any] = {"path": retrieve.code_path}
    if retrieve.value_set is not None:
        code_filter["valueSet"] = retrieve.value_set
    if retrieve.codes:
        code_filter["code"] = [
            {"code": one.code} | ({"system": one.system} if one.system else {}) for one in retrieve.codes
        ]
    return requirement | ({"codeFilter": [code_filter]} if len(code_filter) > 1 else {})


def _most(declared: str) -> str:
    return "*" if declared.startswith("List<") else "1"


def _fhir_type(declared: str) -> str:
    """Return the FHIR type of a CQL parameter's type: "List<FHIR.MedicationRequest>" → "MedicationRequest"."""
    element = declared.rpartition("<")[2].rstrip(">")
    name = element.rpartition(".")[2]
    return name[0].lower() + name[1:] if element.startswith("System.") else name
