"""What an action points to: a definition becomes a request, a nested plan, or a Task about it (PD-131 … PD-141)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cds.content.artifact import Artifact
from cds.content.prepared import prepared_once
from cds.expressions.outcome import Outcome
from cds.reasoning.actions import mark_not_computed
from cds.reasoning.activity_definition import apply_activity_definition, refuse_invalid
from cds.reasoning.call import Made
from cds.reasoning.dynamic_values import Target, apply_dynamic_values
from cds.reasoning.plan_scope import PlanScope
from cds.reasoning.planned_actions import PlannedAction
from cds.reasoning.request_kinds import kind_of_request
from cds.reasoning.request_maker import Order
from cds.reasoning.subjects import reference_to
from cds.reasoning.targets import find_targets
from cds.reasoning.trace import ActionTrace, ExpressionTrace
from cds.reasoning.workshop import Workshop

_TASK_CODES = "http://hl7.org/fhir/CodeSystem/task-code"


@dataclass(slots=True, kw_only=True)
class Leaf:
    """One action at work: as it is planned, its `output` so far, and the plan it stands in.

    `nested` takes the recording of a plan that the action refers to.
    """

    planned: PlannedAction
    output: dict[str, Any]
    scope: PlanScope
    nested: list[ActionTrace] = field(default_factory=list)

    @property
    def action(self) -> Mapping[str, Any]:
        """The action as written."""
        return self.planned.element

    @property
    def path(self) -> str:
        """Where it stands in its plan."""
        return self.planned.path

    @property
    def is_advice(self) -> bool:
        """Whether the action is worth saying when there is nothing to update or remove: a recommendation is."""
        return "code" in self.action or self.path.count(".action[") == 1


ApplyNested = Callable[[Artifact, Leaf], Mapping[str, Any] | None]
"""Applies a plan that an action refers to and returns its RequestGroup, None when it must not be entered."""


class DefinitionMaker:
    """Makes what an action points to, and writes the reference into the output action."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def make(self, leaf: Leaf, apply_nested: ApplyNested) -> tuple[ExpressionTrace, ...] | None:
        """Make the action's resource, set the action's dynamicValues, and return the record of them.

        None when there is nothing to update or remove, so that the action does not apply after all. `apply_nested` is
        not kept: it belongs to who holds this, and in such a circle all data of a call would outlive the call.
        """
        if leaf.planned.type != "create":
            return self._change(leaf)
        target, activity = self._create(leaf, apply_nested)
        if target.failed and not target.plan_values_set:
            self._texts(target, leaf)
        if target.resource is not None and not target.failed:
            identity = self._new_id(leaf, str(target.resource_type))
            made = Made(
                id=identity,
                type="create",
                resource=_as_option(target.resource) | {"id": identity},
                definition=leaf.action.get("definitionCanonical"),
                title=activity.get("title"),
                intent=activity.get("intent"),
            )
            leaf.output["resource"] = {"reference": self._workshop.keep(made).reference}
        _mark(leaf, target)
        return tuple(target.traces)

    def _create(self, leaf: Leaf, apply_nested: ApplyNested) -> tuple[Target, Mapping[str, Any]]:
        """Return the made resource, if any, and the ActivityDefinition it came from, {} for anything else."""
        canonical = leaf.action.get("definitionCanonical")
        definition = self._find(canonical, leaf.scope)
        transform = "transform" in leaf.action
        if definition is not None and definition.type == "ActivityDefinition" and not transform:
            return apply_activity_definition(self._order(leaf, definition), self._workshop), definition.resource
        target = Target(action=leaf.output)
        if transform:
            self._workshop.report("error", "not-supported", "a transform by StructureMap is not supported", leaf.path)
            target.failed = True
        elif "definitionUri" in leaf.action:
            target.resource = self._task(leaf) | {"instantiatesUri": leaf.action["definitionUri"]}
        elif canonical is not None and definition is None:
            self._workshop.report("error", "not-found", f"the definition {canonical} is not loaded", leaf.path)
            target.failed = True
        elif definition is not None and definition.type == "PlanDefinition":
            group = apply_nested(definition, leaf)
            target.resource, target.failed = (dict(group) if group else None), group is None
        elif definition is not None:
            focus = {"focus": {"reference": f"{definition.type}/{definition.id}"}}
            target.resource = self._task(leaf) | focus
        self._values(target, leaf)
        if target.resource is not None and target.resource_type != "RequestGroup":
            refuse_invalid(target, leaf.path, self._workshop)
        return target, {}

    def _change(self, leaf: Leaf) -> tuple[ExpressionTrace, ...] | None:
        """Update or remove received resources, one each; several become actions below this one."""
        found = find_targets(leaf.action, self._workshop, leaf.scope.expressions, leaf.path)
        target = Target(action=leaf.output)
        if not found:
            if found is None:
                mark_not_computed(leaf.output)
            elif not leaf.is_advice:
                return None
            self._texts(target, leaf)
            return tuple(target.traces)
        if "definitionCanonical" not in leaf.action:
            self._values(target, leaf)
        made = [self._changed(leaf, received, target) for received in found]
        references = [{"reference": one.reference} for one in made if one is not None]
        _mark(leaf, target)
        if len(references) < len(made):
            mark_not_computed(leaf.output)
        elif len(references) == 1:
            leaf.output["resource"] = references[0]
        else:
            leaf.output["action"] = [
                {"id": f"{leaf.output['id']}-{number}", "type": leaf.output["type"], "resource": reference}
                for number, reference in enumerate(references, start=1)
            ]
        return tuple(target.traces)

    def _changed(self, leaf: Leaf, received: Mapping[str, Any], target: Target) -> Made | None:
        reference = f"{received['resourceType']}/{received['id']}"
        if leaf.planned.type == "remove":
            identity = self._new_id(leaf, "remove", reference)
            return self._workshop.keep(Made(id=identity, type="remove", resource=None, target=received))
        canonical = leaf.action.get("definitionCanonical")
        definition = self._find(canonical, leaf.scope)
        if definition is None or definition.type != "ActivityDefinition":
            message = f"an update needs an ActivityDefinition, but {canonical or 'the action'} is none"
            self._workshop.report("error", "required", message, leaf.path)
            return None
        updated = apply_activity_definition(self._order(leaf, definition, received), self._workshop)
        target.traces += updated.traces
        if updated.resource is None:
            return None
        identity = self._new_id(leaf, "update", reference)
        made = Made(
            id=identity,
            type="update",
            resource=_as_option(updated.resource) | {"id": identity},
            definition=canonical,
            title=definition.resource.get("title"),
            intent=received.get("intent"),
            target=received,
        )
        return self._workshop.keep(made)

    def _find(self, canonical: str | None, scope: PlanScope) -> Artifact | None:
        if canonical is None:
            return None
        if canonical.startswith("#"):
            return _contained(scope.plan).get(canonical[1:])
        return self._workshop.evaluators.shelf.find(canonical)

    def _order(self, leaf: Leaf, definition: Artifact, received: Mapping[str, Any] | None = None) -> Order:
        activity = definition.resource
        if "title" in activity:
            leaf.output.setdefault("title", activity["title"])
        return Order(
            definition=definition,
            path=leaf.path,
            seed=(*leaf.scope.seed, leaf.path),
            scope=leaf.scope.for_activity(activity, self._workshop.call, self._workshop.evaluators.shelf),
            plan_scope=leaf.scope.expressions,
            action=leaf.action,
            values=leaf.planned.values,
            output=leaf.output,
            target=received,
            goals=tuple(leaf.scope.goals[goal] for goal in leaf.action.get("goalId", ()) if goal in leaf.scope.goals),
        )

    def _values(self, target: Target, leaf: Leaf) -> None:
        apply_dynamic_values(leaf.planned.values, target, self._workshop, leaf.scope.expressions)
        target.plan_values_set = True

    def _texts(self, target: Target, leaf: Leaf) -> None:
        """Set the dynamicValues that are for the action itself, where there is no resource to set the others on."""
        definition = self._find(leaf.action.get("definitionCanonical"), leaf.scope)
        kind = kind_of_request(definition.resource) if definition is not None else None
        values = [value for value in leaf.planned.values if value.is_for_action(kind)]
        apply_dynamic_values(values, target, self._workshop, leaf.scope.expressions)
        _mark(leaf, target)

    def _task(self, leaf: Leaf) -> dict[str, Any]:
        """Return a Task to carry out a definition that is not an activity."""
        call = self._workshop.call
        task = {
            "resourceType": "Task",
            "id": self._new_id(leaf, "Task"),
            "status": "draft",
            "intent": "proposal",
            "code": {"coding": [{"system": _TASK_CODES, "code": "fulfill"}]},
            "for": reference_to(leaf.scope.subject) if leaf.scope.subject else {"reference": call.subject},
            "authoredOn": call.timestamp,
        }
        text = leaf.action.get("title") or leaf.action.get("description")
        return task | ({"description": text} if text else {})

    def _new_id(self, leaf: Leaf, kind: str, *more: str) -> str:
        return self._workshop.new_id(kind, *leaf.scope.seed, leaf.path, *more)


@prepared_once
def _contained(plan: Artifact) -> Mapping[str, Artifact]:
    """Return by id what a plan contains; of two with one id the first."""
    inner = reversed(plan.resource.get("contained", ()))
    return {one["id"]: Artifact(one, plan.file, plan.root) for one in inner if "id" in one}


def _mark(leaf: Leaf, target: Target) -> None:
    if target.failed or any(trace.outcome is Outcome.ERROR for trace in target.traces):
        mark_not_computed(leaf.output)


def _as_option(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource as it stands under an action: with intent option, where its kind has an intent (PD-066)."""
    return {**resource, "intent": "option"} if "intent" in resource else dict(resource)
