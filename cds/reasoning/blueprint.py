"""What a request has of its ActivityDefinition, whoever the patient is: prepared once for each activity (PD-147 …)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cds.content.artifact import Artifact
from cds.content.canonical import Canonical
from cds.content.elm import CompiledLibrary
from cds.content.prepared import prepared_once
from cds.engine.model import r4
from cds.reasoning.dynamic_values import DynamicValue, dynamic_values
from cds.reasoning.element_types import DoesNotFit
from cds.reasoning.request_elements import has_priority, put, put_timing
from cds.reasoning.request_kinds import KINDS, RequestKind, kind_of_request, kind_refusal, product_of
from cds.reasoning.validity import SharedMember, shared_members

_NO_INTENT = frozenset({"CommunicationRequest", "SupplyRequest", "ImmunizationRecommendation", "Appointment"})
_DO_NOT_PERFORM = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
_INSTANTIATES = "http://hl7.org/fhir/StructureDefinition/workflow-instantiatesCanonical"
_COLLECT_WITH = "/cpg-collectWith"
_COLLECT = {"system": "http://hl7.org/fhir/uv/cpg/CodeSystem/cpg-activity-type-cs", "code": "collect-information"}


class ActivityValues:
    """The dynamicValues of an activity, whose names resolve in its own libraries, else in those of a plan (PD-159).

    Shared by threads. They are made ready for the libraries that were in scope last.
    """

    def __init__(self, activity: Mapping[str, Any]) -> None:
        self._activity = activity
        self._ready: tuple[tuple[CompiledLibrary, ...], tuple[DynamicValue, ...]] | None = None

    def resolved_in(self, libraries: tuple[CompiledLibrary, ...]) -> tuple[DynamicValue, ...]:
        """Return the values with their names resolved in these libraries."""
        ready = self._ready
        if ready is None or ready[0] != libraries:
            ready = self._ready = libraries, dynamic_values(self._activity, "ActivityDefinition", libraries)
        return ready[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """An activity made ready: `name` is the kind of request, `kind` says where its elements go.

    `standing`, `content` and `closing` are elements of every such request; who performs it comes before `closing`.
    `shared` are all these, judged beforehand. `values` are the activity's dynamicValues. `remarks` say what is left out
    because the kind has no place for it, `refusal` and `misfit` why there can be no request: none of its kind is made,
    or it cannot hold what the activity says.
    """

    activity: Mapping[str, Any]
    name: str | None
    values: ActivityValues
    kind: RequestKind = field(default_factory=RequestKind)
    refusal: str | None = None
    misfit: str | None = None
    standing: Mapping[str, Any] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)
    closing: Mapping[str, Any] = field(default_factory=dict)
    shared: Mapping[str, SharedMember] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@prepared_once
def blueprint(definition: Artifact) -> Blueprint:
    """Return what is the same in all requests of an ActivityDefinition."""
    activity = definition.resource
    name, refusal, values = kind_of_request(activity), kind_refusal(activity), ActivityValues(activity)
    if name is None or refusal is not None:
        return Blueprint(activity=activity, name=name, values=values, refusal=refusal)
    remarks: list[str] = []
    try:
        content = _content(activity, name, remarks)
        standing = _standing(activity, name)
    except DoesNotFit as error:
        return Blueprint(activity=activity, name=name, values=values, misfit=str(error), remarks=tuple(remarks))
    closing = _closing(activity, name)
    return Blueprint(
        activity=activity,
        name=name,
        values=values,
        kind=KINDS[name],
        standing=standing,
        content=content,
        closing=closing,
        shared=shared_members(standing | content | closing),
        remarks=tuple(remarks),
    )


def _standing(activity: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return status, intent and origin (PD-146, PD-155)."""
    elements: dict[str, Any] = {"resourceType": name}
    put(elements, "status" if KINDS[name].status else None, KINDS[name].status)
    if name not in _NO_INTENT:
        elements["intent"] = activity.get("intent", "proposal")
    if "url" in activity:
        canonical = str(Canonical(activity["url"], activity.get("version")))
        if r4.element(name, "instantiatesCanonical"):
            put(elements, "instantiatesCanonical", canonical)
        else:
            elements["extension"] = [{"url": _INSTANTIATES, "valueCanonical": canonical}]
    return elements


def _content(activity: Mapping[str, Any], name: str, remarks: list[str]) -> dict[str, Any]:
    """Return what the activity itself says (PD-147 … PD-154)."""
    kind, product = KINDS[name], product_of(activity)
    text = activity.get("description") or activity.get("title")
    elements: dict[str, Any] = {"resourceType": name}

    def copy(member: str, path: str | None) -> None:
        put(elements, path if member in activity else None, activity.get(member))

    copy("code", kind.code if kind.code != kind.product or not product else None)
    put(elements, kind.product if product else None, product)
    copy("quantity", kind.quantity)
    copy("dosage", kind.dosage)
    copy("bodySite", kind.body_site)
    copy("title", kind.title)
    put(elements, kind.description if text else None, text)
    copy("location", kind.location)
    copy("priority", "priority" if has_priority(name) else None)
    remarks += put_timing(elements, kind, activity)
    return elements


def _closing(activity: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the Questionnaire of a CPG activity that collects information (PD-167), and that something is not done."""
    elements: dict[str, Any] = {}
    collected = [
        {"type": {"coding": [_COLLECT]}, "valueCanonical": extension["valueCanonical"]}
        for extension in activity.get("extension", ())
        if extension["url"].endswith(_COLLECT_WITH) and "valueCanonical" in extension
    ]
    if name == "Task" and collected:
        elements["input"] = collected
    if "doNotPerform" in activity:
        if r4.element(name, "doNotPerform"):
            elements["doNotPerform"] = activity["doNotPerform"]
        elif activity["doNotPerform"]:
            elements["modifierExtension"] = [{"url": _DO_NOT_PERFORM, "valueBoolean": True}]
    return elements
