"""Is a plan meant to be used now, and can its actions come one after the other? What speaks against it is an issue."""

from __future__ import annotations

from cds.content.artifact import Artifact
from cds.content.guideline import in_force
from cds.content.prepared import prepared_once
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


@prepared_once
def _circles(plan: Artifact) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(related_cycles(plan.resource))
