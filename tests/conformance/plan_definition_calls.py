"""Small plans applied, for the tests of the checklist's rows."""

from __future__ import annotations

import itertools

from cds.cards import cards_from_request_group
from cds.content.artifact import Artifact
from cds.content.dependencies import Dependencies
from cds.content.guideline import Guideline, guideline_id
from cds.expressions.evaluators import Evaluators
from cds.reasoning.apply import apply_plan_definition
from cds.reasoning.call import Call
from tests.unit.reasoning.fake_session import (
    NOW,
    FakePath,
    FakeSession,
    FakeShelf,
    apply_plan,
    definition,
    plan,
)

WARD = {"resourceType": "Location", "id": "w7", "name": "Ward 7"}
PUMP = {"resourceType": "Device", "id": "d1"}


def about(kind: str) -> dict:
    return {"subjectCodeableConcept": {"coding": [{"code": kind}]}}


def doing(**others) -> dict:
    return {"id": "a", "title": "A", "definitionCanonical": definition()} | others


def applied(*actions: dict, resources: tuple = (), values: dict | None = None, others: dict | None = None, **call):
    return apply_plan(FakeSession(values or {}), plan(*actions, **(others or {})), *resources, **call)


def only(result) -> dict:
    (made,) = result.made.values()
    return made.resource


def guideline(made: dict, *more: dict) -> Guideline:
    artifacts = tuple(Artifact(one, "f", "r") for one in (made, *more))
    return Guideline(guideline_id(artifacts[0]), artifacts[0], Dependencies(artifacts, ()), "rev")


def cards(result, made: dict):
    counter = itertools.count()
    return cards_from_request_group(result, guideline=guideline(made), new_id=lambda: f"u{next(counter)}")


def messages(result) -> list[str]:
    return [issue.message for issue in result.trace.issues if issue.severity == "error"]


def apply_plan_definition_of(made: dict, *resources: dict, **call):
    session = FakeSession({})
    shelf = FakeShelf(session.values, made, *resources)
    evaluators = Evaluators(session, shelf=shelf, compile_path=FakePath, to_json=lambda value: value, now=NOW)
    artifact = next(one for one in shelf.artifacts if one.resource is made)
    return apply_plan_definition(artifact, evaluators, Call(now=NOW, **call))
