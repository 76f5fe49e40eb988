"""The elements of one request: from the activity, the plan's action and the circumstances of the call (PD-146 …)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds.engine.model import r4
from cds.expressions.evaluation import Scope
from cds.reasoning.element_path import parse_path
from cds.reasoning.element_types import DoesNotFit
from cds.reasoning.inputs import matching, supporting_path
from cds.reasoning.participants import performer_elements
from cds.reasoning.request_kinds import RequestKind
from cds.reasoning.set_element import choices_of, set_element
from cds.reasoning.subjects import reference_to
from cds.reasoning.workshop import Workshop

_NO_INTENT = frozenset({"CommunicationRequest", "SupplyRequest", "ImmunizationRecommendation", "Appointment"})
_DO_NOT_PERFORM = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
_INSTANTIATES = "http://hl7.org/fhir/StructureDefinition/workflow-instantiatesCanonical"
_GOAL = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"
_COLLECT_WITH = "/cpg-collectWith"
_COLLECT = {"system": "http://hl7.org/fhir/uv/cpg/CodeSystem/cpg-activity-type-cs", "code": "collect-information"}
_TIMING = {
    "timingTiming": "Timing",
    "timingDateTime": "dateTime",
    "timingPeriod": "Period",
    "timingAge": "Age",
    "timingRange": "Range",
    "timingDuration": "Duration",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked of one application of an ActivityDefinition.

    `path` is the place of what asks (the plan's action), `action` that action, `target` the received resource that an
    update starts from, `goals` the references of the goals that the action pertains to.
    """

    activity: Mapping[str, Any]
    canonical: str | None
    path: str
    seed: tuple[str, ...]
    scope: Scope
    plan_scope: Scope
    action: Mapping[str, Any] | None = None
    output: dict[str, Any] | None = None
    target: Mapping[str, Any] | None = None
    goals: tuple[str, ...] = ()


class RequestMaker:
    """Writes the elements of one request of one kind."""

    def __init__(self, name: str, kind: RequestKind, order: Order, workshop: Workshop) -> None:
        self._name = name
        self._kind = kind
        self._order = order
        self._workshop = workshop

    def structure(self) -> dict[str, Any]:
        """Return the request before any dynamicValue: a new one, or the received one with the activity's elements."""
        content: dict[str, Any] = {"resourceType": self._name}
        self._content(content)
        if self._order.target is not None:
            return overlaid(self._order.target, content)
        request = {"resourceType": self._name, "id": self._workshop.new_id(self._name, *self._order.seed)}
        self._frame(request)
        return request | content

    def override(self, request: dict[str, Any], action: Mapping[str, Any]) -> dict[str, Any]:
        """Let the plan's priority, timing, reason, participant and goals win over the activity's (PD-101 … PD-130)."""
        request = dict(request)
        if "priority" in action and self._has_priority():
            request["priority"] = action["priority"]
        self._timing(request, action)
        if "reason" in action and self._kind.reason:
            one_only = self._name == "Task"
            reasons = action["reason"][:1] if one_only else [*request.get(self._kind.reason, ()), *action["reason"]]
            self._set(request, self._kind.reason, reasons)
        self._performers(request, action)
        self._supporting(request, action)
        for goal in self._order.goals:
            extension = {"url": _GOAL, "valueReference": {"reference": goal}}
            request["extension"] = [*request.get("extension", ()), extension]
        return request

    def _supporting(self, request: dict[str, Any], action: Mapping[str, Any]) -> None:
        """Attach the data that the action names as its output (PD-108)."""
        path, evaluators = supporting_path(self._name), self._workshop.evaluators
        found = (
            resource
            for requirement in action.get("output", ())
            for resource in matching(requirement, evaluators.resources, evaluators.value_sets)
        )
        references = [{"reference": f"{one['resourceType']}/{one['id']}"} for one in found if "id" in one]
        self._set(request, path if references else None, [*request.get(path or "", ()), *references])

    def _frame(self, request: dict[str, Any]) -> None:
        """Write what every request has: subject, status, intent, origin, author, date (PD-146, PD-155, PD-156)."""
        call = self._workshop.call
        self._set(request, self._kind.subject, self._subject())
        self._set(request, "status" if self._kind.status else None, self._kind.status)
        if self._name not in _NO_INTENT:
            request["intent"] = self._order.activity.get("intent", "proposal")
        self._instantiates(request)
        self._set(request, self._kind.authored, call.timestamp)
        requester = call.practitioner or call.organization
        self._set(request, self._kind.requester if requester else None, {"reference": requester})
        self._set(request, self._kind.encounter if call.encounter else None, {"reference": call.encounter})
        if self._name == "MedicationRequest" and call.practitioner:
            request["recorder"] = {"reference": call.practitioner}
        if self._name == "Appointment":
            request["participant"][0]["status"] = "needs-action"
        if "profile" in self._order.activity:
            request["meta"] = {"profile": [self._order.activity["profile"]]}

    def _instantiates(self, request: dict[str, Any]) -> None:
        canonical = self._order.canonical
        if canonical is None:
            return
        if r4.element(self._name, "instantiatesCanonical"):
            self._set(request, "instantiatesCanonical", canonical)
        else:
            request["extension"] = [{"url": _INSTANTIATES, "valueCanonical": canonical}]

    def _content(self, request: dict[str, Any]) -> None:
        """Write what the activity itself says (PD-147 … PD-154)."""
        activity, kind = self._order.activity, self._kind
        product = product_of(activity)
        self._copy(request, "code", kind.code if kind.code != kind.product or not product else None)
        self._set(request, kind.product if product else None, product)
        self._copy(request, "quantity", kind.quantity)
        self._copy(request, "dosage", kind.dosage)
        self._copy(request, "bodySite", kind.body_site)
        self._copy(request, "title", kind.title)
        self._set(request, kind.description if self._text() else None, self._text())
        self._copy(request, "location", kind.location)
        self._copy(request, "priority", "priority" if self._has_priority() else None)
        self._timing(request, activity)
        self._performers(request, activity)
        if self._name == "Task":
            self._collects(request, activity)
        if "doNotPerform" in activity:
            self._do_not_perform(request, value=activity["doNotPerform"])

    def _collects(self, request: dict[str, Any], activity: Mapping[str, Any]) -> None:
        """Name the Questionnaire of a CPG activity that collects information (PD-167)."""
        for extension in activity.get("extension", ()):
            if extension["url"].endswith(_COLLECT_WITH) and "valueCanonical" in extension:
                collect = {"type": {"coding": [_COLLECT]}, "valueCanonical": extension["valueCanonical"]}
                request["input"] = [*request.get("input", ()), collect]

    def _subject(self) -> dict[str, str]:
        """Refer to what the activity is about. Raises `DoesNotFit` when no request of this kind can be (PD-033)."""
        subject = self._order.scope.focus
        if subject is None or (self._kind.subject and subject["resourceType"] not in self._kind.subject_types):
            found = subject["resourceType"] if subject is not None else "subject that the call does not give"
            msg = f"a {self._name} cannot be about a {found}"
            raise DoesNotFit(msg)
        return reference_to(subject)

    def _has_priority(self) -> bool:
        """Tell whether the kind has a priority in the codes of requests; an Appointment's is a number."""
        element = r4.element(self._name, "priority")
        return element is not None and r4.fhir_type(element.types[0]) == "code"

    def _text(self) -> str | None:
        text: str | None = self._order.activity.get("description") or self._order.activity.get("title")
        return text

    def _do_not_perform(self, request: dict[str, Any], *, value: bool) -> None:
        if r4.element(self._name, "doNotPerform"):
            request["doNotPerform"] = value
        elif value:
            request["modifierExtension"] = [{"url": _DO_NOT_PERFORM, "valueBoolean": True}]

    def _timing(self, request: dict[str, Any], source: Mapping[str, Any]) -> None:
        """Copy timing[x] where the kind can hold its type; else it stays in the action alone (PD-124, PD-125)."""
        path = self._kind.timing
        for member, timing_type in _TIMING.items():
            if path is None or member not in source:
                continue
            element = r4.element(self._name, path.replace("[0]", ""))
            if element is None or timing_type not in element.types:
                message = f"{member} has no place in a {self._name}: it stays in the action"
                self._workshop.report("information", "incomplete", message, self._order.path)
                continue
            self._set(request, f"{path}.ofType({timing_type})" if element.is_choice else path, source[member])

    def _performers(self, request: dict[str, Any], source: Mapping[str, Any]) -> None:
        elements = performer_elements(source.get("participant", ()), self._workshop.call)
        self._set(request, self._kind.performer if elements.references else None, elements.references[:1])
        self._set(request, self._kind.performer_type if elements.roles else None, elements.roles[:1])

    def _copy(self, request: dict[str, Any], member: str, path: str | None) -> None:
        self._set(request, path if member in self._order.activity else None, self._order.activity.get(member))

    def _set(self, request: dict[str, Any], path: str | None, value: Any) -> None:
        """Set a path of the kind; a None path means that R4 has no place for it."""
        if path is not None:
            set_element(request, self._name, parse_path(path).steps, value)


def overlaid(received: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the received resource with the members of `content` in place of its own.

    A choice that `content` sets takes the place of the other choices; what `content` does not name stays as it was.
    """
    type_name = str(received["resourceType"])
    result = dict(received)
    for name, value in content.items():
        for other in choices_of(type_name, name):
            result.pop(other, None)
        result[name] = value
    return result


def product_of(activity: Mapping[str, Any]) -> Any:
    """Return the activity's product, of whichever type, None when it has none."""
    return activity.get("productCodeableConcept") or activity.get("productReference")
