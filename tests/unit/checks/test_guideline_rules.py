"""Recommendations that one action folds are judged as cards of their own."""

from __future__ import annotations

import pytest

from cds.checks.guideline_rules import RULES, Subject
from cds.content.artifact import Artifact
from cds.content.dependencies import Dependencies
from cds.content.guideline import Guideline

CONDITION = [{"kind": "applicability", "expression": {"language": "text/cql-identifier", "expression": "Yes"}}]


def findings(plan, rule):
    artifact = Artifact(plan, "plan.json", "root")
    guideline = Guideline("demo", artifact, Dependencies((artifact,), ()), "r1")
    subject = Subject(guideline=guideline, tested=frozenset(), recommendations=frozenset())
    (check,) = [one.check for one in RULES if one.id == rule]
    return [path for _, path, _ in check(subject)]


def folded(child, **group):
    coded = {"id": "a", "code": [{"coding": [{"system": "urn:x/CodeSystem/recommendation", "code": "a"}]}], **child}
    return {
        "resourceType": "PlanDefinition",
        "action": [{"title": "G", "groupingBehavior": "visual-group", "action": [coded], **group}],
    }


@pytest.mark.parametrize(
    "rule", ["card-text", "card-indicator", "card-source", "card-condition", "recommendation-tested"]
)
def test_a_folded_recommendation_needs_what_a_card_needs(rule):
    assert findings(folded({}), rule)


def test_the_group_itself_is_no_recommendation():
    assert findings(folded({}), "card-identity") == []


def test_the_condition_of_the_group_is_one_of_each_recommendation_in_it():
    assert findings(folded({}, condition=CONDITION), "card-condition") == []
    assert findings(folded({"condition": CONDITION}), "card-condition") == []
