"""The actions of a plan made ready for the calls of a hook: what is the same for every patient is worked out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from cds.content.artifact import Artifact
from cds.content.elm import CompiledLibrary
from cds.content.prepared import prepared_once
from cds.content.walk import is_fold, named_events
from cds.engine.question import Question
from cds.expressions.evaluation import Scope
from cds.expressions.evaluators import Evaluators
from cds.expressions.outcome import Outcome, all_of
from cds.reasoning.actions import carried_elements, has_triggers, is_triggered
from cds.reasoning.call import Call
from cds.reasoning.conditions import Condition, applicability_conditions, told_of
from cds.reasoning.dynamic_values import DynamicValue, dynamic_values
from cds.reasoning.participants import performer_elements
from cds.reasoning.plan_scope import PlanScope, has_own_scope
from cds.reasoning.targets import action_type
from cds.reasoning.trace import ActionTrace, ExpressionTrace, Issue

MAX_DEPTH = 32


class Judged(NamedTuple):
    """Whether an action applies, the recording of that, and what the reader is told when it does not."""

    applies: bool
    trace: ActionTrace
    issues: tuple[Issue, ...]


class PlannedAction:
    """One action of a plan, as far as no patient is needed to know it; shared by calls and threads.

    `element` is the action as written, `path` its place in the plan. `refusal` says why it must not be processed at all
    (PD-030, PD-096, PD-139). `type` says what is to be done, `is_fold` that it folds recommendations into one card.
    `has_own_scope` tells whether its expressions may see more than those of its parent;
    `is_plain` that neither is so.
    """

    def __init__(
        self,
        element: Mapping[str, Any],
        path: str,
        *,
        hook: str | None,
        inherited: bool,
        libraries: tuple[CompiledLibrary, ...],
    ) -> None:
        self.element = element
        self.path = path
        self.refusal = _refusal(element, path)
        self.has_own_scope = has_own_scope(element)
        self.is_fold = is_fold(element)
        self.type = action_type(element)
        self.is_plain = self.refusal is None and not self.has_own_scope
        self._hook = hook
        self._inherited = inherited
        self._libraries = libraries
        self._conditions = applicability_conditions(element, path, libraries)
        yes = [condition.recorded[Outcome.TRUE] for condition in self._conditions]
        no = [condition.recorded[Outcome.FALSE] for condition in self._conditions]
        turned_down = [self._judged([*yes[:position], last]) for position, last in enumerate(no)]
        self._settled = (*turned_down, self._judged(yes))
        self._question = _question(self._conditions)

    @cached_property
    def actions(self) -> tuple[PlannedAction, ...]:
        """The actions below that take part in calls of the hook."""
        inherited = self._inherited or bool(named_events(self.element))
        return _taking_part(self.element, self.path, hook=self._hook, inherited=inherited, libraries=self._libraries)

    @cached_property
    def values(self) -> tuple[DynamicValue, ...]:
        """The action's dynamicValues."""
        return dynamic_values(self.element, self.path, self._libraries)

    def output(self, call: Call) -> dict[str, Any]:
        """Return the RequestGroup.action, before its definition and its dynamicValues; what it holds is the plan's."""
        output = dict(self._carried)
        if "participant" in self.element:
            participants = performer_elements(self.element["participant"], call).references
            output |= {"participant": participants} if participants else {}
        return output

    @cached_property
    def _carried(self) -> Mapping[str, Any]:
        return carried_elements(self.element, self.path)

    def judge(self, evaluators: Evaluators, scope: Scope) -> Judged:
        """Ask the conditions in their order; once one is false the rest is not asked."""
        settled = evaluators.session.first_false(self._question) if self._question is not None else None
        return self._settled[settled] if settled is not None else self._judge_each(evaluators, scope)

    def trace(self, outcome: Outcome, conditions: tuple[ExpressionTrace, ...]) -> ActionTrace:
        """Return the recording of the action."""
        return ActionTrace(
            path=self.path,
            id=self.element.get("id"),
            recommendation=_recommendation(self.element),
            title=self.element.get("title"),
            outcome=outcome,
            conditions=conditions,
        )

    def _judge_each(self, evaluators: Evaluators, scope: Scope) -> Judged:
        """Ask each condition by itself: in another language than CQL, unknown, or failing, it has more to say."""
        answers: list[ExpressionTrace] = []
        for condition in self._conditions:
            answers.append(condition.answer(evaluators, scope))
            if answers[-1].outcome is Outcome.FALSE:
                break
        return self._judged(answers)

    def _judged(self, answers: Sequence[ExpressionTrace]) -> Judged:
        outcome = all_of(answer.outcome for answer in answers)
        unasked = (condition.recorded[Outcome.SKIPPED] for condition in self._conditions[len(answers) :])
        conditions = (*answers, *unasked)
        issues = tuple(told_of(outcome, conditions))
        return Judged(outcome is Outcome.TRUE, self.trace(outcome, conditions), issues)


def planned_actions(scope: PlanScope, hook: str | None) -> tuple[PlannedAction, ...]:
    """Return the actions of a plan that take part in calls of `hook`, made ready when it is first applied.

    What is ready goes with the plan: a plan that is loaded anew, or sent in a call, is made ready for itself.
    """
    plan, libraries = scope.plan, scope.expressions.libraries
    ready = _ready(plan)
    key = (hook, bool(scope.ancestors), libraries)
    if key not in ready:
        inherited = bool(scope.ancestors) or not has_triggers(plan.resource)
        ready[key] = _taking_part(plan.resource, "PlanDefinition", hook=hook, inherited=inherited, libraries=libraries)
    return ready[key]


_Ready = dict[tuple[str | None, bool, tuple[CompiledLibrary, ...]], tuple[PlannedAction, ...]]
_ready: Callable[[Artifact], _Ready] = prepared_once(lambda _: {})


def _taking_part(
    parent: Mapping[str, Any], path: str, *, hook: str | None, inherited: bool, libraries: tuple[CompiledLibrary, ...]
) -> tuple[PlannedAction, ...]:
    return tuple(
        PlannedAction(action, f"{path}.action[{index}]", hook=hook, inherited=inherited, libraries=libraries)
        for index, action in enumerate(parent.get("action", ()))
        if is_triggered(action, hook, inherited=inherited)
    )


def _question(conditions: Sequence[Condition]) -> Question | None:
    """Return what is asked of the CQL when all conditions are definitions of it."""
    definitions = [condition.definition for condition in conditions if condition.definition is not None]
    return Question(definitions) if len(definitions) == len(conditions) else None


def _refusal(action: Mapping[str, Any], path: str) -> str | None:
    if path.count("action[") > MAX_DEPTH:
        return f"actions are nested deeper than {MAX_DEPTH} levels"
    if "modifierExtension" in action:
        urls = ", ".join(extension["url"] for extension in action["modifierExtension"])
        return f"a modifier extension that is not understood changes what the action means: {urls}"
    return None


def _recommendation(action: Mapping[str, Any]) -> str | None:
    for concept in action.get("code", ()):
        for coding in concept.get("coding", ()):
            if "code" in coding:
                return str(coding["code"])
    return action.get("id")
