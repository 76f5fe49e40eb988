"""Is a plan meant to be used now, and can its actions come one after the other? What speaks against it is an issue."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from cds.content.artifact import Artifact
from cds.content.guideline import in_force
from cds.reasoning.actions import related_cycles
from cds.reasoning.workshop import Workshop


def report_fitness(artifact: Artifact, workshop: Workshop) -> None:
    """Warn of a plan that is not meant for use now: it is applied all the same, because it was asked for by name."""
    plan = artifact.resource
    if plan.get("status") != "active" or plan.get("experimental", False):
        what = "experimental" if plan.get("experimental", False) else f"of status {plan.get('status')}"
        workshop.report("warning", "business-rule", f"the plan is {what}: not for use in care", "PlanDefinition.status")
    for path, circle in _circles(artifact):
        message = f"the related actions {' → '.join(circle)} wait for each other"
        workshop.report("error", "business-rule", message, f"PlanDefinition.{path}.relatedAction")
    if not in_force(plan, workshop.call.now):
        message = "the plan is not in force at this time (effectivePeriod)"
        workshop.report("warning", "business-rule", message, "PlanDefinition.effectivePeriod")


def _circles(plan: Artifact) -> list[tuple[str, tuple[str, ...]]]:
    """Return the circles of related actions, found once for each plan."""
    if plan not in _known_circles:
        _known_circles[plan] = list(related_cycles(plan.resource))
    return _known_circles[plan]


_known_circles: WeakKeyDictionary[Artifact, list[tuple[str, tuple[str, ...]]]] = WeakKeyDictionary()
