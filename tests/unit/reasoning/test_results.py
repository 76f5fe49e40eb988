"""The forms in which $apply is returned: R4's CarePlan, and the Bundle of R5 and the CPG guide."""

from __future__ import annotations

import pytest

from cds.content.artifact import Artifact
from cds.reasoning.results import bundle, care_plan
from tests.unit.reasoning.fake_session import BASE, activity, definition, plan, when

GOAL = {"id": "g", "description": {"text": "goal"}}


def applied_plan(apply):
    inner = plan({"id": "x", "title": "X"}, id="inner", url=f"{BASE}/PlanDefinition/inner")
    made = plan(
        {"id": "a", "title": "A", "goalId": ["g"], "definitionCanonical": definition()},
        {"id": "b", "title": "B", "definitionCanonical": inner["url"]},
        {"id": "c", "title": "C", "condition": when("Fails")},
        goal=[GOAL],
        title="Demo",
    )
    return made, apply(made, activity("ServiceRequest", code={"text": "eGFR"}), inner, encounter="Encounter/e")


@pytest.mark.pd("PD-007", "PD-062")
def test_the_result_is_one_care_plan_with_one_request_group(apply):
    made, applied = applied_plan(apply)
    result = care_plan(applied, Artifact(made, "f", "r"))
    assert (result["resourceType"], result["status"], result["intent"]) == ("CarePlan", "draft", "proposal")
    assert (result["title"], result["subject"]) == ("Demo", {"reference": "Patient/p1"})
    assert result["encounter"] == {"reference": "Encounter/e"}
    (reference,) = [one["reference"]["reference"] for one in result["activity"]]
    contained = {f"#{one['id']}": one["resourceType"] for one in result["contained"]}
    assert contained[reference] == "RequestGroup"
    assert sorted(contained.values()) == ["Goal", "OperationOutcome", "RequestGroup", "RequestGroup", "ServiceRequest"]


@pytest.mark.pd("PD-133")
def test_a_nested_plan_adds_its_canonical_and_no_second_care_plan(apply):
    made, applied = applied_plan(apply)
    result = care_plan(applied, Artifact(made, "f", "r"))
    urls = [f"{BASE}/PlanDefinition/demo|1", f"{BASE}/PlanDefinition/inner|1"]
    assert result["instantiatesCanonical"] == urls
    assert "CarePlan" not in {one["resourceType"] for one in result["contained"]}


@pytest.mark.pd("PD-236")
def test_the_issues_are_an_operation_outcome_that_the_result_refers_to(apply):
    made, applied = applied_plan(apply)
    result = care_plan(applied, Artifact(made, "f", "r"))
    (extension,) = result["extension"]
    assert extension["url"].endswith("/cqf-messages")
    (outcome,) = [one for one in result["contained"] if f"#{one['id']}" == extension["valueReference"]["reference"]]
    assert outcome["issue"][0]["severity"] == "error"
    assert outcome["issue"][0]["expression"] == ["PlanDefinition.action[2].condition[0]"]


@pytest.mark.pd("PD-008")
def test_the_bundle_begins_with_the_request_group_and_refers_by_type_and_id(apply):
    _, applied = applied_plan(apply)
    entries = [entry["resource"] for entry in bundle(applied)["entry"]]
    assert [one["resourceType"] for one in entries] == [
        "RequestGroup",
        "ServiceRequest",
        "RequestGroup",
        "Goal",
        "OperationOutcome",
    ]
    names = {f"{one['resourceType']}/{one['id']}" for one in entries}
    assert {one["resource"]["reference"] for one in entries[0]["action"]} <= names
    assert entries[1]["extension"][0]["valueReference"]["reference"] in names


@pytest.mark.pd("PD-076")
def test_nothing_applicable_is_a_request_group_without_actions(apply):
    made = plan({"id": "a", "title": "A", "condition": when("No")})
    applied = apply(made)
    result = care_plan(applied, Artifact(made, "f", "r"))
    group, outcome = result["contained"]
    assert "action" not in group
    (issue,) = outcome["issue"]
    assert (issue["severity"], issue["expression"]) == ("information", ["PlanDefinition.action[0].condition[0]"])
    assert "'No' is false" in issue["diagnostics"]
    assert [entry["resource"]["resourceType"] for entry in bundle(applied)["entry"]] == [
        "RequestGroup",
        "OperationOutcome",
    ]
