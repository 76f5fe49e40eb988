"""A stranger's EHR: the requests of the public CDS Hooks Sandbox, in its order and in its own spelling.

Rebuilt from the sandbox's documentation and published source (github.com/cds-hooks/sandbox): discovery, patient, its
conditions, prefetch by POST _search, patient-view, order-select before a drug is chosen and after, order-sign,
feedback. All of it comes from a page of another origin, so each step is preceded by what a browser asks first.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from cds.sandbox.synthetic_patients import STORIES
from tests.server.conftest import Server, running

ORIGIN = "https://sandbox.cds-hooks.org"
LENALIDOMIDE = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "342369", "display": "Lenalidomide"}
# ES384 in the sandbox; a server that asks for no tokens must not stumble over one.
HEADERS = {"Origin": ORIGIN, "Accept": "application/json", "Authorization": "Bearer e30.e30.c2lnbmF0dXJl"}
PATIENT = "renal-failure"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


def from_the_page(server: Server, method: str, url: str, headers: dict[str, str], **more: Any) -> httpx.Response:
    """Send as a browser does: the preflight where one is due, then the request; both must let the page read on."""
    names = ",".join(sorted(name.lower() for name in headers if name not in ("Origin", "Accept")))
    if names:
        asked = {"Origin": ORIGIN, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": names}
        preflight = server.http.options(url, headers=asked)
        assert preflight.status_code == 200, preflight.text
    answer = server.http.request(method, url, headers=headers, **more)
    assert answer.headers["access-control-allow-origin"] in ("*", ORIGIN)
    return answer


def fhir(server: Server, query: str) -> Any:
    """Read as the sandbox reads: an instance by GET, a search by POST with the parameters as a form."""
    accept = {"Origin": ORIGIN, "Accept": "application/json+fhir"}
    path, _, parameters = query.partition("?")
    if not parameters:
        return from_the_page(server, "GET", f"{server.fhir}/{path}", accept).json()
    # query-string keeps one entry per name: a template that repeats a parameter would not survive this client.
    pairs = parse_qsl(parameters, keep_blank_values=True)
    assert len({name for name, _ in pairs}) == len(pairs), query
    form = {**accept, "Content-Type": "application/x-www-form-urlencoded"}
    return from_the_page(server, "POST", f"{server.fhir}/{path}/_search", form, data=dict(pairs)).json()


def services(server: Server, hook: str) -> list[dict[str, Any]]:
    listed = from_the_page(server, "GET", f"{server.settings.public_url}/cds-services", HEADERS).json()["services"]
    return [service for service in listed if service["hook"] == hook]


def fire(server: Server, service: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Prefetch and call one service; returns the answer, which must be whole."""
    ids = {"patientId": PATIENT, "userId": "Practitioner/COREPRACTITIONER1"}
    prefetch = {
        key: fhir(server, template.replace("{{context.patientId}}", PATIENT))
        for key, template in service.get("prefetch", {}).items()
    }
    body = {
        "hookInstance": str(uuid.uuid4()),
        "hook": service["hook"],
        "fhirServer": server.fhir,
        "context": {**ids, **context},
        "prefetch": prefetch,
    }
    url = f"{server.settings.public_url}/cds-services/{service['id']}"
    answer = from_the_page(server, "POST", url, {**HEADERS, "Content-Type": "application/json"}, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def order(**more: Any) -> dict[str, Any]:
    """The sandbox's MedicationRequest: always request-123, without intent until it is signed."""
    today = datetime.now(UTC).date().isoformat()
    subject = {"reference": f"Patient/{PATIENT}"}
    return {
        "resourceType": "MedicationRequest",
        "id": "request-123",
        "status": "draft",
        "subject": subject,
        "authoredOn": today,
        **more,
    }


def chosen(**more: Any) -> dict[str, Any]:
    """One pill a day of the chosen drug, as its form writes it."""
    dose = {"value": 1, "system": "http://unitsofmeasure.org", "code": "{pill}"}
    timing = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "boundsPeriod": {"start": "2026-11-20"}}}
    return order(
        dosageInstruction=[{"timing": timing, "doseAndRate": [{"doseQuantity": dose}]}],
        medicationCodeableConcept={"text": "Lenalidomide", "coding": [LENALIDOMIDE]},
        **more,
    )


def drafts(resource: dict[str, Any]) -> dict[str, Any]:
    return {"draftOrders": {"resourceType": "Bundle", "entry": [{"resource": resource}]}}


def test_the_list_of_patients_and_the_chosen_one_are_read(server):
    everybody = fhir(server, "Patient")
    assert len(everybody["entry"]) == min(len(STORIES), 50)
    assert fhir(server, f"Patient/{PATIENT}")["id"] == PATIENT
    conditions = server.http.get(f"{server.fhir}/Condition?patient={PATIENT}", headers={"Origin": ORIGIN}).json()
    assert [entry["resource"]["id"] for entry in conditions["entry"]] == ["renal-failure-multiple-myeloma"]


def test_patient_view_works(server):
    for service in services(server, "patient-view"):
        assert "cards" in fire(server, service)


def test_order_select_before_any_drug_is_chosen_gives_no_card_and_no_error(server):
    for service in services(server, "order-select"):
        answer = fire(server, service, selections=["MedicationRequest/request-123"], **drafts(order()))
        about_orders = [card for card in answer["cards"] if "lenalidomide" in card["summary"].lower()]
        assert about_orders == []


def test_order_select_with_a_drug_judges_it_and_says_what_it_could_not_read(server):
    service = next(each for each in services(server, "order-select") if each["id"] == "nl-lenalidomide-order-select")
    answer = fire(server, service, selections=["MedicationRequest/request-123"], **drafts(chosen()))
    topics = {card["source"]["topic"]["code"] for card in answer["cards"]}
    assert "nl-lenalidomide-vte-prophylaxis" in topics
    assert "nl-lenalidomide-capsule-strength-feasibility" in topics  # a pill of unknown strength is no dose in mg


def test_order_sign_and_the_feedback_about_its_cards_work(server):
    signed = chosen(
        intent="order",
        # An object where R4 has a list: the sandbox writes it so.
        category={"coding": [{"system": "http://terminology.hl7.org/CodeSystem/medicationrequest-category"}]},
        dispenseRequest={
            "expectedSupplyDuration": {"value": 30, "unit": "days", "system": "http://unitsofmeasure.org", "code": "d"}
        },
    )
    service = next(each for each in services(server, "order-sign") if each["id"] == "nl-lenalidomide-order-sign")
    cards = fire(server, service, **drafts(signed))["cards"]
    taken = next(card for card in cards if card.get("suggestions"))
    dismissed = next(card for card in cards if card is not taken)
    now = datetime.now(UTC).isoformat()
    for feedback in (
        {
            "card": taken["uuid"],
            "outcome": "accepted",
            "acceptedSuggestions": [{"id": taken["suggestions"][0]["uuid"]}],
            "outcomeTimestamp": now,
        },
        {
            "card": dismissed["uuid"],
            "outcome": "overridden",
            "outcomeTimestamp": now,
            "overrideReason": {"reason": {"code": "not-now", "system": "https://ehr.example.org/reasons"}},
        },
    ):
        url = f"{server.settings.public_url}/cds-services/{service['id']}/feedback"
        answer = from_the_page(
            server, "POST", url, {**HEADERS, "Content-Type": "application/json"}, json={"feedback": [feedback]}
        )
        assert answer.status_code == 200, answer.text
