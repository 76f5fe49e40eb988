"""What of a plan's actions is the same for every patient is worked out once, and goes with the plan."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from cds.content.artifact import Artifact
from cds.content.elm import CompiledLibrary
from cds.engine.question import Question
from cds.expressions.evaluation import Scope
from cds.expressions.outcome import Outcome
from cds.reasoning.plan_scope import PlanScope
from cds.reasoning.planned_actions import PlannedAction, planned_actions
from tests.unit.reasoning.fake_session import FakeSession, apply_plan, identifier, library, plan, when

LOGIC = library("Logic", "Yes", "No")


def on(hook: str, **others: Any) -> dict[str, Any]:
    return {"trigger": [{"type": "named-event", "name": hook}], **others}


def artifact(*actions: dict[str, Any]) -> Artifact:
    return Artifact(plan(*actions), "file.json", "root")


def planned(
    one: Artifact, hook: str | None = None, *, libraries: tuple[CompiledLibrary, ...] = (LOGIC,), ancestors: Any = ()
) -> tuple[PlannedAction, ...]:
    return planned_actions(PlanScope(plan=one, expressions=Scope(libraries=libraries), ancestors=ancestors), hook)


def paths(actions: tuple[PlannedAction, ...]) -> list[str]:
    return [path for one in actions for path in (one.path, *paths(one.actions))]


class Answers:
    """Evaluators that know what each definition of the library says."""

    def __init__(self, **said: Outcome | None) -> None:
        self.said = said
        self.asked: list[str] = []
        self.session = self

    def first_false(self, question: Question) -> int | None:
        for position, definition in enumerate(question.definitions):
            outcome = self.decide(definition)
            if outcome is not Outcome.TRUE:
                return position if outcome is Outcome.FALSE else None
        return len(question.definitions)

    def decide(self, name: tuple[str, str]) -> Outcome | None:
        self.asked.append(name[1])
        return self.said[name[1]]


def test_actions_are_made_ready_once_for_a_plan_and_a_hook():
    one = artifact(on("patient-view", action=[{"id": "b"}]), on("order-select"))
    first = planned(one, "patient-view")
    assert planned(one, "patient-view") is first
    assert first[0].actions is first[0].actions
    assert paths(first) == ["PlanDefinition.action[0]", "PlanDefinition.action[0].action[0]"]
    assert paths(planned(one, "order-select")) == ["PlanDefinition.action[1]"]
    assert len(paths(planned(one))) == 3


def test_below_another_plan_an_action_without_triggers_takes_part_whatever_its_siblings_say():
    one = artifact({"id": "a"}, on("order-select"))
    assert paths(planned(one, "patient-view")) == []
    assert paths(planned(one, "patient-view", ancestors=("urn:outer",))) == ["PlanDefinition.action[0]"]


def test_a_plan_is_made_ready_anew_for_other_libraries():
    one = artifact({"condition": when("Yes")})
    asked = Answers(Yes=Outcome.TRUE)
    for name in ("Logic", "Other"):
        _, trace, _ = planned(one, libraries=(library(name, "Yes", "No"),))[0].judge(asked, Scope())
        assert trace.conditions[0].definition == (name, "Yes")


def test_what_is_made_ready_does_not_outlive_the_plan():
    one = artifact({"id": "a", "action": [{"id": "b"}]})
    ready, held = weakref.ref(planned(one)[0]), weakref.ref(one)
    del one
    gc.collect()
    assert held() is None
    assert ready() is None


@pytest.mark.parametrize(
    ("first", "second", "outcomes", "asked"),
    [
        (Outcome.FALSE, Outcome.TRUE, [Outcome.FALSE, Outcome.SKIPPED], ["Yes"]),
        (Outcome.TRUE, Outcome.FALSE, [Outcome.TRUE, Outcome.FALSE], ["Yes", "No"]),
        (Outcome.TRUE, Outcome.TRUE, [Outcome.TRUE, Outcome.TRUE], ["Yes", "No"]),
    ],
)
def test_patients_with_the_same_answers_share_one_recording(first, second, outcomes, asked):
    action = planned(artifact({"id": "a", "condition": [*when("Yes"), *when("No")]}))[0]
    answers = [Answers(Yes=first, No=second) for _ in range(2)]
    _, traces, issues = zip(*(action.judge(one, Scope()) for one in answers), strict=True)
    assert traces[0] is traces[1]
    assert issues[0] is issues[1]
    assert [one.outcome for one in traces[0].conditions] == outcomes
    assert [one.asked for one in answers] == [asked, asked]


def test_an_action_that_is_settled_tells_only_the_false_condition():
    action = planned(artifact({"condition": [*when("Yes"), *when("No")]}))[0]
    _, trace, issues = action.judge(Answers(Yes=Outcome.UNKNOWN, No=Outcome.FALSE), Scope())
    assert trace.outcome is Outcome.FALSE
    assert [(one.code, one.path) for one in issues] == [("informational", "PlanDefinition.action[0].condition[1]")]


def test_after_an_answer_that_takes_more_to_say_the_others_are_asked_in_order():
    path = {"kind": "applicability", "expression": identifier("gender", "text/fhirpath")}
    session = FakeSession({})
    made = plan({"id": "a", "condition": [*when("Yes"), path, *when("Unknown"), *when("No"), *when("Yes")]})
    applied = apply_plan(session, made)
    conditions = applied.trace.actions[0].conditions
    assert session.asked == ["Yes", "Unknown", "No"]
    assert [one.outcome for one in conditions] == [
        Outcome.TRUE,
        Outcome.ERROR,
        Outcome.UNKNOWN,
        Outcome.FALSE,
        Outcome.SKIPPED,
    ]
    assert conditions[1].evidence
