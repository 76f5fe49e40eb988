"""One hook call over HTTP, from the drafts of a synthetic patient to cards with orders."""

from __future__ import annotations

import copy
import json

import pytest

from cds.conformance import rules
from cds.sandbox.synthetic_patients import STORIES

SERVICE = "nl-lenalidomide-order-select"
PATIENT = "renal-failure"


def without_identifiers(response):
    """Cards as the doctor sees them: without the uuids that differ from call to call."""
    cards = copy.deepcopy(response.json()["cards"])
    for card in cards:
        del card["uuid"]
        for suggestion in card.get("suggestions", []):
            del suggestion["uuid"]
            for action in suggestion.get("actions", []):
                if action["type"] == "create":
                    del action["resource"]["id"]
    return cards


def topics(response):
    return [card["source"]["topic"]["code"] for card in response.json()["cards"]]


def test_discovery_lists_a_service_per_guideline_and_hook_and_is_cached_by_etag(server):
    answer = server.http.get("/cds-services")
    ids = [service["id"] for service in answer.json()["services"]]
    assert SERVICE in ids
    assert len(ids) == len(set(ids))
    assert server.http.get("/cds-services", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_lenalidomide_25_mg_at_a_clearance_of_24_gets_its_cards(server):
    answer = server.call(SERVICE, server.request(PATIENT, "order-select"))
    assert answer.status_code == 200
    assert {
        "nl-lenalidomide-renal-mm-severe",
        "nl-lenalidomide-renal-conflict-with-norwegian-programme",
        "nl-lenalidomide-vte-prophylaxis",
    } <= set(topics(answer))
    renal = next(card for card in answer.json()["cards"] if card["source"]["topic"]["code"].endswith("mm-severe"))
    assert renal["indicator"] == "critical"
    assert "24 mL/min" in renal["summary"]


@pytest.mark.ch("CH-121")
def test_an_update_is_the_whole_draft_with_another_dose(server):
    body = server.request(PATIENT, "order-select")
    draft = body["context"]["draftOrders"]["entry"][0]["resource"]
    answer = server.call(SERVICE, body).json()
    renal = next(card for card in answer["cards"] if card["source"]["topic"]["code"].endswith("mm-severe"))
    action = renal["suggestions"][0]["actions"][0]
    assert action["type"] == "update"
    assert action["resource"]["id"] == draft["id"]
    assert action["resource"]["subject"] == draft["subject"]
    dose = action["resource"]["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]
    assert (dose["value"], dose["code"], dose["system"]) == (7.5, "mg", "http://unitsofmeasure.org")


@pytest.mark.parametrize("patient", [story.id for story in STORIES])
@pytest.mark.parametrize("hook", ["order-select", "patient-view"])
@pytest.mark.ch("CH-059", "CH-060", "CH-067")
def test_prefetch_server_and_half_of_each_give_the_same_cards(server, patient, hook):
    for service in server.http.get("/cds-services").json()["services"]:
        if service["hook"] != hook:
            continue
        body = server.request(patient, hook)
        if hook == "order-select" and not body["context"]["draftOrders"]["entry"]:
            continue
        everything = server.prefetch(service["id"], patient)
        half = dict(list(everything.items())[::2])
        by_server = server.call(service["id"], body)
        by_prefetch = server.call(service["id"], {**body, "fhirServer": None, "prefetch": everything})
        by_both = server.call(service["id"], {**body, "prefetch": half})
        assert by_server.status_code == by_prefetch.status_code == by_both.status_code == 200
        assert without_identifiers(by_server) == without_identifiers(by_prefetch) == without_identifiers(by_both)


@pytest.mark.parametrize("patient", [story.id for story in STORIES])
def test_every_answer_keeps_the_specifications_rules(server, patient):
    for service in server.http.get("/cds-services").json()["services"]:
        body = server.request(patient, service["hook"])
        if service["hook"].startswith("order-") and not body["context"]["draftOrders"]["entry"]:
            continue
        answer = server.call(service["id"], body)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert [*rules.nulls_and_empties(document)] == []
        assert [fault for card in document["cards"] for fault in rules.card(card, "card")] == []
        order = [{"critical": 0, "warning": 1, "info": 2}[card["indicator"]] for card in document["cards"]]
        assert order == sorted(order)


def test_the_decision_can_be_explained_by_its_id(server):
    answer = server.call(SERVICE, server.request(PATIENT, "order-select")).json()
    assert len(answer["extension"]["org.example.fhir-cds.decision"]) == 36


def test_feedback_on_a_card_is_taken(server):
    card = server.call(SERVICE, server.request(PATIENT, "order-select")).json()["cards"][0]
    item = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-03-02T10:00:00Z"}
    assert server.http.post(f"/cds-services/{SERVICE}/feedback", json={"feedback": [item]}).status_code == 200


def test_health_and_metrics_answer(server):
    assert server.http.get("/livez").status_code == 200
    assert server.http.get("/readyz").json() == {"status": "ready"}
    server.call(SERVICE, server.request(PATIENT, "order-select"))
    metrics = server.http.get("/metrics").text
    assert f'cds_calls_total{{service="{SERVICE}",status="200"}}' in metrics
    assert PATIENT not in metrics


def test_a_browser_of_the_sandbox_may_call(server):
    preflight = server.http.options(
        f"/cds-services/{SERVICE}",
        headers={
            "Origin": "https://sandbox.cds-hooks.org",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"


def test_numbers_keep_their_digits_on_the_way_through(server):
    body = server.request(PATIENT, "order-select")
    text = json.dumps(body).replace('"draftOrders"', '"x": 6.10, "draftOrders"')
    assert server.http.post(
        f"/cds-services/{SERVICE}", content=text, headers={"content-type": "application/json"}
    ).is_success
