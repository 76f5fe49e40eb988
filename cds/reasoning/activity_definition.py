"""ActivityDefinition/$apply: a definition and a patient become one request resource (PD-142 … PD-169)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from cds.content.artifact import Artifact
from cds.content.validation import validate
from cds.engine.model import r4
from cds.reasoning.blueprint import Blueprint, blueprint
from cds.reasoning.dynamic_values import Target, apply_dynamic_values
from cds.reasoning.element_types import DoesNotFit
from cds.reasoning.invariants import broken_invariants
from cds.reasoning.request_maker import Order, RequestMaker
from cds.reasoning.validity import SharedMember, is_surely_valid
from cds.reasoning.workshop import Workshop

_NOTHING: Mapping[str, SharedMember] = MappingProxyType({})


def apply_activity_definition(order: Order, workshop: Workshop) -> Target:
    """Make the request. `resource` of the answer is None, and issues say why, when it could not be made.

    The order of work is PD-142's: structure, participants, the activity's dynamicValues, what the plan overrides, the
    plan's dynamicValues. The resource that results is valid R4.
    """
    target, ready = Target(action=order.output), blueprint(order.definition)
    refusal = ready.refusal
    if order.target is not None and refusal is None and order.target.get("resourceType") != ready.name:
        refusal = f"a {order.target.get('resourceType')} cannot be updated by an activity of kind {ready.name}"
    if refusal is not None:
        workshop.report("error", "not-supported", refusal, order.path)
        target.failed = True
        return target
    if "kind" not in ready.activity:
        message = f"the activity has no kind: its dosage makes it a {ready.name}"
        workshop.report("warning", "incomplete", message, order.path)
    for remark in ready.remarks:
        workshop.report("information", "incomplete", remark, order.path)
    try:
        _make(ready, order, target, workshop)
    except DoesNotFit as error:
        workshop.report("error", "value", f"the activity does not fit its kind: {error}", order.path)
        target.failed = True
    if target.failed:
        target.resource = None
    return target


def _make(ready: Blueprint, order: Order, target: Target, workshop: Workshop) -> None:
    """Do the work in PD-142's order on `target`. Raises `DoesNotFit`."""
    if ready.misfit is not None:
        raise DoesNotFit(ready.misfit)
    maker = RequestMaker(ready, order, workshop)
    target.resource = maker.structure()
    apply_dynamic_values(ready.values.resolved_in(order.scope.libraries), target, workshop, order.scope)
    if order.action is not None and not target.failed:
        target.resource = maker.override(target.resource, order.action)
        apply_dynamic_values(order.values, target, workshop, order.plan_scope)
        target.plan_values_set = True
    if not target.failed:
        refuse_invalid(target, order.path, workshop, shared=ready.shared, received=order.target)


def refuse_invalid(
    target: Target,
    path: str,
    workshop: Workshop,
    *,
    shared: Mapping[str, SharedMember] = _NOTHING,
    received: Mapping[str, Any] | None = None,
) -> None:
    """Mark a made resource that is not valid R4 as failed: no invalid resource leaves the server (PD-177).

    `shared` is what it has of its blueprint. What was wrong in an order before it came to us does not keep us from
    suggesting its update.
    """
    now = workshop.call.now
    faults = _faults(target.resource or {}, now, shared)
    if faults and received is not None:
        faults -= _faults(received, now)
    if faults:
        message = f"the request would not be valid R4: {'; '.join(sorted(faults))}"
        workshop.report("error", "invalid", message, path)
        target.failed = True


def _faults(resource: Mapping[str, Any], now: datetime, shared: Mapping[str, SharedMember] = _NOTHING) -> set[str]:
    if resource.get("resourceType") not in r4.resource_types():
        return {"resourceType: this is no R4 resource"}
    if is_surely_valid(resource, shared):
        return set(broken_invariants(resource, now))
    faults = {f"{fault.path}: {fault.message}" for fault in validate(Artifact(resource, file="", root=""))}
    return faults or set(broken_invariants(resource, now))
