"""ActivityDefinition/$apply: a definition and a patient become one request resource (PD-142 … PD-169)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cds.content.artifact import Artifact
from cds.content.canonical import Canonical
from cds.content.validation import validate
from cds.engine.model import r4
from cds.expressions.evaluation import Scope
from cds.reasoning.dynamic_values import Target, apply_dynamic_values, computed_elements
from cds.reasoning.element_types import DoesNotFit
from cds.reasoning.invariants import broken_invariants
from cds.reasoning.request_kinds import KINDS
from cds.reasoning.request_maker import Order, RequestMaker, product_of
from cds.reasoning.validity import is_surely_valid
from cds.reasoning.workshop import Workshop


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
        _make(RequestMaker(name, KINDS[name], order, workshop), order, target, workshop)
    except DoesNotFit as error:
        workshop.report("error", "value", f"the activity does not fit its kind: {error}", order.path)
        target.failed = True
    if target.failed:
        target.resource = None
    return target


def _make(maker: RequestMaker, order: Order, target: Target, workshop: Workshop) -> None:
    """Do the work in PD-142's order on `target`. Raises `DoesNotFit`."""
    target.resource = maker.structure()
    _values(order.activity, target, workshop, order.scope, "ActivityDefinition")
    if order.action is not None and not target.failed:
        target.resource = maker.override(target.resource, order.action)
        _values(order.action, target, workshop, order.plan_scope, order.path)
        target.plan_values_set = True
    if not target.failed:
        refuse_invalid(target, order.path, workshop, received=order.target)


def _values(holder: Mapping[str, Any], target: Target, workshop: Workshop, scope: Scope, path: str) -> None:
    apply_dynamic_values(computed_elements(holder), target, workshop, scope, path)


def kind_of_request(activity: Mapping[str, Any]) -> str | None:
    """Return the kind of request; without one, a product with a dosage is a MedicationRequest, as in HL7's KDN5."""
    if "kind" not in activity and "dosage" in activity and product_of(activity):
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


def refuse_invalid(target: Target, path: str, workshop: Workshop, *, received: Mapping[str, Any] | None = None) -> None:
    """Mark a made resource that is not valid R4 as failed: no invalid resource leaves the server (PD-177).

    What was wrong in an order before it came to us does not keep us from suggesting its update.
    """
    now = workshop.call.now
    faults = _faults(target.resource or {}, now)
    if faults and received is not None:
        faults -= _faults(received, now)
    if faults:
        message = f"the request would not be valid R4: {'; '.join(sorted(faults))}"
        workshop.report("error", "invalid", message, path)
        target.failed = True


def _faults(resource: Mapping[str, Any], now: datetime) -> set[str]:
    if resource.get("resourceType") not in r4.resource_types():
        return {"resourceType: this is no R4 resource"}
    if is_surely_valid(resource):
        return set(broken_invariants(resource, now))
    faults = {f"{fault.path}: {fault.message}" for fault in validate(Artifact(resource, file="", root=""))}
    return faults or set(broken_invariants(resource, now))


def activity_canonical(activity: Mapping[str, Any]) -> str | None:
    """Return url|version of an activity, None for one without URL, such as a contained one."""
    return str(Canonical(activity["url"], activity.get("version"))) if "url" in activity else None
