"""RequestGroup/$choose over HTTP: from what $apply offers for a demo patient to the order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.conftest import running
from tests.server.test_fhir_operations import contents, parameters, post

PLAN = "nl-lenalidomide"
CHOOSE = "/fhir/RequestGroup/$choose"
RENAL = f"{PLAN}-renal-mm-severe"
CREATED, UPDATED = "MedicationRequest", "MedicationRequest/renal-failure-draft-lenalidomide"


@pytest.fixture(scope="module")
def fhir() -> Iterator[Any]:
    with running(guidelines=(PLAN,)) as started:
        yield started


@pytest.fixture(scope="module")
def drafts(fhir) -> list[dict[str, Any]]:
    """The order that the doctor is writing: 25 mg, at a clearance of 24 mL/min."""
    entries = fhir.request("renal-failure", "order-select")["context"]["draftOrders"]["entry"]
    return [entry["resource"] for entry in entries]


@pytest.fixture(scope="module", params=["bundle", "careplan"])
def offer(request, fhir, drafts) -> dict[str, Any]:
    """The result of $apply, as the parameter of $choose that takes it."""
    given = {"subject": "Patient/renal-failure", "fhirServer": fhir.fhir, "resultForm": request.param}
    result = post(fhir, f"/fhir/PlanDefinition/{PLAN}/$apply", **given, parameters=parameters(draftOrders=drafts))
    return {"bundle" if request.param == "bundle" else "carePlan": result}


def leaves_by_group(offer: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    (result,) = offer.values()
    group = next(one for one in contents(result) if one["resourceType"] == "RequestGroup")
    return {action["id"]: action.get("action", []) for action in group["action"]}


@pytest.mark.pd("PD-117")
def test_a_chosen_suggestion_becomes_the_order_with_the_lower_dose(fhir, offer, drafts):
    lower = leaves_by_group(offer)[RENAL][0]
    answer = post(fhir, CHOOSE, **offer, chosen=[lower["id"]], intent="order")
    (entry,) = answer["entry"]
    assert entry["request"] == {"method": "PUT", "url": UPDATED}
    order, draft = entry["resource"], drafts[0]
    assert (order["id"], order["intent"], order["status"]) == (draft["id"], "order", "draft")
    assert order["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] == 7.5
    assert draft["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] == 25


@pytest.mark.pd("PD-117")
@pytest.mark.parametrize("intent", ["order", "proposal"])
def test_a_chosen_new_medication_is_posted_with_the_intent_of_the_call(fhir, offer, intent):
    (result,) = offer.values()
    made = next(one for one in contents(result) if one["id"].startswith("medicationrequest-"))
    leaves = [leaf for group in leaves_by_group(offer).values() for leaf in group]
    (leaf,) = [one for one in leaves if one.get("resource", {}).get("reference", "").endswith(made["id"])]
    (entry,) = post(fhir, CHOOSE, **offer, chosen=[leaf["id"]], intent=intent)["entry"]
    assert entry["request"] == {"method": "POST", "url": CREATED}
    assert (made["intent"], entry["resource"]["intent"]) == ("option", intent)


@pytest.mark.pd("PD-117")
def test_two_under_at_most_one_are_refused_with_the_group_and_the_rule(fhir, offer):
    two = [leaf["id"] for leaf in leaves_by_group(offer)[RENAL]][:2]
    assert len(two) == 2
    (issue,) = post(fhir, CHOOSE, 400, **offer, chosen=two)["issue"]
    assert RENAL in issue["diagnostics"]
    assert "at-most-one" in issue["diagnostics"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 400),
        ({"chosen": ["nobody"]}, 400),
        ({"chosen": ["a"], "intent": "option"}, 400),
        ({"chosen": ["a"], "colour": "red"}, 400),
        ({"chosen": ["a"], "requestGroup": {"resourceType": "RequestGroup"}}, 400),
    ],
)
def test_what_cannot_be_answered_is_an_operation_outcome_that_repeats_nothing(fhir, offer, given, status):
    outcome = json.dumps(post(fhir, CHOOSE, status, **offer, **given))
    assert "nobody" not in outcome
    assert "colour" not in outcome


def test_a_request_group_that_is_not_r4_is_422_and_none_is_400(fhir):
    group = {"resourceType": "RequestGroup", "status": "draft", "intent": "proposal"}
    post(fhir, CHOOSE, 422, requestGroup=group | {"status": "somewhen"}, chosen=["a"])
    for kind in ("Nonsense", 5, ["Task"]):
        post(fhir, CHOOSE, 422, requestGroup=group | {"contained": [{"resourceType": kind}]}, chosen=["a"])
    post(fhir, CHOOSE, 400, chosen=["a"])
