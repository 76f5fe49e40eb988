"""PlanDefinition/$apply: a plan and a patient become a RequestGroup and a recording of why.

Pure: the moment, the data and everything else come in by `Call` and `Evaluators`. The steps are those of the R4
operation (https://hl7.org/fhir/R4/plandefinition.html, "Applying a PlanDefinition"); the checklist numbers name the
readings taken where the text is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from cds.content.artifact import Artifact
from cds.expressions.evaluators import Evaluators
from cds.expressions.outcome import Outcome
from cds.reasoning.actions import (
    chooses_first,
    is_wrapper,
    mark_not_computed,
    prune_related,
)
from cds.reasoning.activity_definition import apply_activity_definition
from cds.reasoning.call import Applied, Call, Made
from cds.reasoning.definitions import DefinitionMaker, Leaf
from cds.reasoning.fitness import report_fitness
from cds.reasoning.goals import make_goals
from cds.reasoning.plan_scope import PlanScope, nested_scope, plan_scope
from cds.reasoning.planned_actions import Judged, PlannedAction, planned_actions
from cds.reasoning.request_maker import Order
from cds.reasoning.subjects import GROUP_SUBJECTS, reference_to, subject_type
from cds.reasoning.trace import ActionTrace, ExpressionTrace, Issue, Trace
from cds.reasoning.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedActivity:
    """The result of ActivityDefinition/$apply: the request, None when it could not be made, and why not."""

    resource: Mapping[str, Any] | None
    issues: tuple[Issue, ...]


def apply_activity(activity: Artifact, evaluators: Evaluators, call: Call) -> AppliedActivity:
    """Apply an activity by itself: the request has the intent the activity defines, else `proposal` (PD-155)."""
    workshop = Workshop(call, evaluators)
    scope = plan_scope(activity, workshop)
    order = Order(
        definition=activity,
        path="ActivityDefinition",
        seed=scope.seed,
        scope=scope.expressions,
        plan_scope=scope.expressions,
    )
    target = apply_activity_definition(order, workshop)
    return AppliedActivity(resource=target.resource, issues=tuple(chain.from_iterable(workshop.told)))


def apply_plan_definition(plan: Artifact, evaluators: Evaluators, call: Call) -> Applied:
    """Apply the plan to the patient of the call.

    Nothing is raised for what goes wrong in the plan: the action at fault gives an ERROR and an issue, the others go
    on (PD-238).
    """
    workshop = Workshop(call, evaluators)
    scope = plan_scope(plan, workshop)
    scope = scope.with_goals(make_goals(plan.resource, plan.canonical, scope.subject, workshop))
    scope = scope.with_variables(plan.resource, workshop, "PlanDefinition")
    report_fitness(plan, workshop)
    group, actions = _Application(workshop).request_group(scope, intent="proposal")
    if call.identifier is not None:
        group["identifier"] = [{"value": call.identifier}]
    trace = Trace(
        plan=plan.canonical,
        hook=call.hook,
        now=call.now,
        actions=actions,
        told=tuple(workshop.told),
        explanation=evaluators.explanation(),
    )
    return Applied(
        request_group=group, made=workshop.made, goals=tuple(workshop.goals), trace=trace, subject=call.subject
    )


class _Application:
    """Walks the plans of one application."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._definitions = DefinitionMaker(workshop)

    def request_group(self, scope: PlanScope, *, intent: str) -> tuple[dict[str, Any], tuple[ActionTrace, ...]]:
        """Return the RequestGroup of one plan with the recording of its actions (PD-063 … PD-073)."""
        plan, call = scope.plan.resource, self._workshop.call
        outputs, traces = self._actions(plan, planned_actions(scope, call.hook), scope)
        for gone in prune_related(outputs):
            message = f"a relation to the action {gone!r}, which did not apply, was left out"
            self._workshop.report("information", "informational", message, "PlanDefinition.action")
        group: dict[str, Any] = {
            "resourceType": "RequestGroup",
            "id": self._workshop.new_id("RequestGroup", *scope.seed),
            "instantiatesCanonical": [scope.plan.canonical],
            "status": "draft",
            "intent": intent,
            "authoredOn": call.timestamp,
        }
        if scope.subject is not None and scope.subject["resourceType"] in GROUP_SUBJECTS:
            group["subject"] = reference_to(scope.subject)
        if call.encounter is not None:
            group["encounter"] = {"reference": call.encounter}
        if call.practitioner is not None:
            group["author"] = {"reference": call.practitioner}
        return group | ({"action": outputs} if outputs else {}), traces

    def _actions(
        self, parent: Mapping[str, Any], actions: Iterable[PlannedAction], scope: PlanScope
    ) -> tuple[list[dict[str, Any]], tuple[ActionTrace, ...]]:
        outputs: list[dict[str, Any]] = []
        traces: list[ActionTrace] = []
        first_only = chooses_first(parent)
        workshop, has_subject = self._workshop, scope.subject is not None
        for planned in actions:
            workshop.actions_left -= 1
            output, within = None, scope
            if planned.is_plain and has_subject and workshop.actions_left >= 0:
                applies, trace, issues = planned.judge(workshop.evaluators, scope.expressions)
            else:
                within, (applies, trace, issues) = self._judged(planned, scope)
            workshop.told.append(issues)
            if applies:
                output, trace = self._applied(planned, trace, within)
            traces.append(trace)
            if output is not None:
                outputs.append(output)
                if first_only:
                    break
        return outputs, tuple(traces)

    def _judged(self, planned: PlannedAction, scope: PlanScope) -> tuple[PlanScope, Judged]:
        """Judge an action that may be refused, or may see more than its parent; return what it sees, too."""
        action, path, workshop = planned.element, planned.path, self._workshop
        if planned.has_own_scope:
            scope = scope.about(action, workshop.call)
        if planned.refusal is not None or scope.subject is None or workshop.actions_left < 0:
            return scope, self._refused(planned, scope)
        if planned.has_own_scope:
            scope = scope.with_inputs(action, workshop, path).with_variables(action, workshop, path)
        return scope, planned.judge(workshop.evaluators, scope.expressions)

    def _applied(
        self, planned: PlannedAction, trace: ActionTrace, scope: PlanScope
    ) -> tuple[dict[str, Any] | None, ActionTrace]:
        """Return the output of an action that applies, None if there is nothing to do after all; and the recording."""
        leaf = Leaf(planned=planned, output=planned.output(self._workshop.call), scope=scope)
        values = self._definitions.make(leaf, self._nested)
        if values is None:
            return None, replace(trace, outcome=Outcome.FALSE)
        return self._children(leaf, trace, values)

    def _children(
        self, leaf: Leaf, trace: ActionTrace, values: tuple[ExpressionTrace, ...]
    ) -> tuple[dict[str, Any] | None, ActionTrace]:
        """Add the children of a group; a group that only holds them goes with the last (PD-095)."""
        action, output = leaf.action, leaf.output
        outputs, traces = self._actions(action, leaf.planned.actions, leaf.scope) if "action" in action else ([], ())
        if any(child.outcome is Outcome.ERROR for child in (*leaf.nested, *traces)):
            mark_not_computed(output)
        trace = ActionTrace(
            path=trace.path,
            id=trace.id,
            recommendation=trace.recommendation,
            title=output.get("title"),
            outcome=trace.outcome,
            conditions=trace.conditions,
            values=values,
            actions=(*leaf.nested, *traces),
            holds_recommendations=bool(leaf.nested) or leaf.planned.is_fold,
        )
        is_empty = action.get("action") and not outputs and "resource" not in output
        if is_empty and (is_wrapper(output) or leaf.planned.is_fold):
            return None, trace
        if outputs and "resource" in output:
            outputs.insert(0, _own_resource(output))
        if outputs:
            output["action"] = [*output.get("action", ()), *outputs]
        if self._workshop.call.strict and "action" not in output and "resource" not in output:
            self._text_only(leaf)
        return output, trace

    def _refused(self, planned: PlannedAction, scope: PlanScope) -> Judged:
        """Record why an action must not be processed at all (PD-030, PD-031, PD-032, PD-096, PD-139)."""
        refusal = planned.refusal
        if self._workshop.actions_left < 0:
            refusal = "the plan has more actions than are processed in one call"
        elif refusal is None:
            about = subject_type(planned.element) or subject_type(scope.plan.resource) or "Patient"
            subjects = ", a ".join(self._workshop.call.subjects)
            refusal = f"the action is about a {about}, but the call is about a {subjects}"
        path = planned.path
        condition = ExpressionTrace(path=path, expression="", language="", outcome=Outcome.ERROR, reason=refusal)
        issue = Issue("error", "not-supported", refusal, path)
        return Judged(False, planned.trace(Outcome.ERROR, (condition,)), (issue,))

    def _nested(self, plan: Artifact, leaf: Leaf) -> dict[str, Any] | None:
        """Apply a plan that an action refers to; its RequestGroup is an option under the action (PD-132, PD-133)."""
        scope = nested_scope(plan, leaf.scope, leaf.path, self._workshop)
        if plan.canonical in scope.ancestors:
            message = f"the plan {plan.canonical} leads back to itself: it was not entered again"
            self._workshop.report("error", "not-supported", message, leaf.path)
            return None
        scope = scope.with_goals(make_goals(plan.resource, "\n".join(scope.seed), scope.subject, self._workshop))
        scope = scope.with_variables(plan.resource, self._workshop, leaf.path)
        group, traces = self.request_group(scope, intent="option")
        leaf.nested.extend(traces)
        return group

    def _text_only(self, leaf: Leaf) -> None:
        """Give a text-only action a Task, because rqg-1 wants a resource or actions (PD-093)."""
        call, output = self._workshop.call, leaf.output
        texts = (output.get(name) for name in ("title", "description", "textEquivalent"))
        identity = self._workshop.new_id("Task", *leaf.scope.seed, leaf.path)
        task = {
            "resourceType": "Task",
            "id": identity,
            "status": "draft",
            "intent": "option",
            "description": ": ".join(text for text in texts if text) or output["id"],
            "for": reference_to(leaf.scope.subject) if leaf.scope.subject else {"reference": call.subject},
            "authoredOn": call.timestamp,
        }
        made = self._workshop.keep(Made(id=identity, type="create", resource=task, intent="proposal"))
        output["resource"] = {"reference": made.reference}


def _own_resource(output: dict[str, Any]) -> dict[str, Any]:
    """Move a group's own resource into a first child, because rqg-1 allows a resource or actions (PD-094)."""
    child = {"id": f"{output['id']}-own", "resource": output.pop("resource")}
    return child | {name: output[name] for name in ("title", "type") if name in output}
