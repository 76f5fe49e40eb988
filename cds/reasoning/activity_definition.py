"""ActivityDefinition/$apply: a definition and a patient become one request resource (PD-142 … PD-169)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds.content.artifact import Artifact
from cds.content.canonical import Canonical
from cds.content.validation import validate
from cds.engine.model import r4
from cds.expressions.evaluation import Scope
from cds.reasoning.dynamic_values import Target, apply_dynamic_values
from cds.reasoning.element_path import parse_path
from cds.reasoning.element_types import DoesNotFit
from cds.reasoning.participants import performer_elements
from cds.reasoning.request_kinds import KINDS, RequestKind
from cds.reasoning.set_element import set_element
from cds.reasoning.workshop import Workshop

_NO_INTENT = frozenset({"CommunicationRequest", "SupplyRequest", "ImmunizationRecommendation", "Appointment"})
_DO_NOT_PERFORM = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
_INSTANTIATES = "http://hl7.org/fhir/StructureDefinition/workflow-instantiatesCanonical"
_GOAL = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"
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


def apply_activity_definition(order: Order, workshop: Workshop) -> Target:
    """Make the request. `resource` of the answer is None, and issues say why, when it could not be made.

    The order of work is PD-142's: structure, participants, the activity's dynamicValues, what the plan overrides, the
    plan's dynamicValues. The resource that results is valid R4.
    """
    target = Target(action=order.output)
    name = kind_of_request(order.activity)
    refusal = kind_refusal(order.activity)
    if order.target is not None and refusal is None and order.target.get("resourceType") != name:
        refusal = f"a {order.target.get('resourceType')} cannot be updated by an activity of kind {name}"
    if name is None or refusal is not None:
        workshop.report("error", "not-supported", refusal or "", order.path)
        target.failed = True
        return target
    if "kind" not in order.activity:
        message = f"the activity has no kind: its dosage makes it a {name}"
        workshop.report("warning", "incomplete", message, order.path)
    try:
        _make(_Maker(name, KINDS[name], order, workshop), order, target, workshop)
    except DoesNotFit as error:
        workshop.report("error", "value", f"the activity does not fit its kind: {error}", order.path)
        target.failed = True
    if target.failed:
        target.resource = None
    return target


def _make(maker: _Maker, order: Order, target: Target, workshop: Workshop) -> None:
    """Do the work in PD-142's order on `target`. Raises `DoesNotFit`."""
    target.resource = maker.structure()
    _values(order.activity, target, workshop, order.scope, order.canonical or "ActivityDefinition")
    if order.action is not None and not target.failed:
        target.resource = maker.override(target.resource, order.action)
        _values(order.action, target, workshop, order.plan_scope, order.path)
    if not target.failed:
        refuse_invalid(target, order.path, workshop, received=order.target)


def _values(holder: Mapping[str, Any], target: Target, workshop: Workshop, scope: Scope, path: str) -> None:
    apply_dynamic_values(holder.get("dynamicValue", ()), target, workshop, scope, path)


def kind_of_request(activity: Mapping[str, Any]) -> str | None:
    """Return the kind of request; without one, a product with a dosage is a MedicationRequest, as in HL7's KDN5."""
    if "kind" not in activity and "dosage" in activity and _product(activity):
        return "MedicationRequest"
    kind: str | None = activity.get("kind")
    return kind


def kind_refusal(activity: Mapping[str, Any]) -> str | None:
    """Return why no request can be made of an activity, whatever the patient; None when one can."""
    name = kind_of_request(activity)
    if name is None:
        return "the activity has no kind, so there is no request to make: add kind"
    if name not in KINDS:
        return f"requests of kind {name} are not supported; supported are {', '.join(KINDS)}"
    if "transform" in activity:
        return "a transform by StructureMap is not supported: write the elements, or use dynamicValue"
    if activity.get("doNotPerform") and name != "Task" and not r4.element(name, "doNotPerform"):
        return f"a {name} cannot say doNotPerform, and without it the request would ask for the opposite"
    return None


def _product(activity: Mapping[str, Any]) -> Any:
    return activity.get("productCodeableConcept") or activity.get("productReference")


def refuse_invalid(target: Target, path: str, workshop: Workshop, *, received: Mapping[str, Any] | None = None) -> None:
    """Mark a made resource that is not valid R4 as failed: no invalid resource leaves the server (PD-177).

    What was wrong in an order before it came to us does not keep us from suggesting its update.
    """
    faults = _faults(target.resource or {})
    if faults and received is not None:
        faults -= _faults(received)
    if faults:
        message = f"the request would not be valid R4: {'; '.join(sorted(faults))}"
        workshop.report("error", "invalid", message, path)
        target.failed = True


def _faults(resource: Mapping[str, Any]) -> set[str]:
    if resource.get("resourceType") not in r4.resource_types():
        return {"resourceType: this is no R4 resource"}
    return {f"{fault.path}: {fault.message}" for fault in validate(Artifact(resource, file="", root=""))}


class _Maker:
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
        request = copy.deepcopy(request)
        if "priority" in action and self._has_priority():
            request["priority"] = action["priority"]
        self._timing(request, action)
        if "reason" in action and self._kind.reason:
            one_only = self._name == "Task"
            reasons = action["reason"][:1] if one_only else [*request.get(self._kind.reason, ()), *action["reason"]]
            self._set(request, self._kind.reason, reasons)
        self._performers(request, action)
        for goal in self._order.goals:
            extension = {"url": _GOAL, "valueReference": {"reference": goal}}
            request["extension"] = [*request.get("extension", ()), extension]
        return request

    def _frame(self, request: dict[str, Any]) -> None:
        """Write what every request has: subject, status, intent, origin, author, date (PD-146, PD-155, PD-156)."""
        call = self._workshop.call
        self._set(request, self._kind.subject, {"reference": call.subject})
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
        product = _product(activity)
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
        if "doNotPerform" in activity:
            self._do_not_perform(request, value=activity["doNotPerform"])

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

    A choice that `content` sets takes the place of the other choices. Identity and intent stay the received ones.
    """
    type_name = str(received["resourceType"])
    result = copy.deepcopy(dict(received))
    for name, value in content.items():
        if name in ("resourceType", "id", "subject", "intent"):
            continue
        for element in r4.elements(type_name).values():
            members = [r4.json_name(element.name, choice) for choice in element.types] if element.is_choice else []
            if name in members:
                for other in members:
                    result.pop(other, None)
        result[name] = copy.deepcopy(value)
    return result


def activity_canonical(activity: Mapping[str, Any]) -> str | None:
    """Return url|version of an activity, None for one without URL, such as a contained one."""
    return str(Canonical(activity["url"], activity.get("version"))) if "url" in activity else None
