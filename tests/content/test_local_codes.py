"""A hospital's own codes: a ConceptMap in a folder, the folder in CDS_CONTENT, and the results are read."""

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import date, datetime

import httpx
import pytest

from cds.app import create_app
from cds.cards.folding import FOLDED
from cds.sandbox.chart_codes import LOCAL_LAB_SYSTEM
from cds.sandbox.synthetic_patients import find_story
from cds.settings import load_settings

NOW = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
CONCEPTS = "https://fhir-cds.example.org/fhir/CodeSystem/clinical-concept"
OUR_MAP = {
    "resourceType": "ConceptMap",
    "id": "our-laboratory",
    "url": "https://hospital.example.org/fhir/ConceptMap/our-laboratory",
    "version": "1.0.0",
    "status": "active",
    "group": [
        {
            "source": LOCAL_LAB_SYSTEM,
            "target": CONCEPTS,
            "element": [{"code": "KREA-7", "target": [{"code": "creatinine", "equivalence": "equivalent"}]}],
        }
    ],
}


class Client:
    """The application without a socket, started once."""

    def __init__(self, app):
        self._runner = asyncio.Runner()
        self._open = AsyncExitStack()
        self._runner.run(self._open.enter_async_context(app.router.lifespan_context(app)))
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cds")

    def get(self, path):
        return self._runner.run(self._http.get(path))

    def post(self, path, content):
        headers = {"content-type": "application/json"}
        return self._runner.run(self._http.post(path, content=content, headers=headers))

    def close(self):
        self._runner.run(self._http.aclose())
        self._runner.run(self._open.aclose())
        self._runner.close()


@pytest.fixture(scope="module")
def client_with(tmp_path_factory):
    """Clients by what lies in the hospital's folder."""
    clients = {}

    def client(equivalence):
        if equivalence not in clients:
            folder = tmp_path_factory.mktemp("hospital")
            environment = {
                "CDS_DATABASE": f"sqlite:///{folder / 'decisions.sqlite3'}",
                "CDS_GUIDELINES": "nl-lenalidomide",
            }
            if equivalence is not None:
                our_map = json.loads(json.dumps(OUR_MAP).replace("equivalent", equivalence))
                (folder / "our-laboratory.json").write_text(json.dumps(our_map))
                environment["CDS_CONTENT"] = str(folder)
            clients[equivalence] = Client(create_app(load_settings(environment), clock=lambda: NOW))
        return clients[equivalence]

    yield client
    for one in clients.values():
        one.close()


def cards(client, code):
    """Draft lenalidomide 25 mg for the man with a clearance of 24 mL/min, his creatinine in another code."""
    chart = find_story("renal-failure").chart(date(2026, 3, 2))
    creatinine = next(one for one in chart.resources if one["id"] == "renal-failure-creatinine")
    creatinine["code"] = {"coding": [{"system": LOCAL_LAB_SYSTEM, "code": code}], "text": "Kreatinin"}
    others = ("renal-failure-creatinine-mass", "renal-failure-egfr")
    about = [one for one in chart.resources if one["id"] not in others]
    service = "nl-lenalidomide-order-sign"
    discovered = next(one for one in client.get("/cds-services").json()["services"] if one["id"] == service)
    prefetch = {key: bundle_of(about, template) for key, template in discovered["prefetch"].items()}
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in chart.drafts]}
    call = {
        "hook": "order-sign",
        "hookInstance": "00000000-0000-4000-8000-000000000001",
        "context": {"userId": "Practitioner/doctor", "patientId": "renal-failure", "draftOrders": drafts},
        "prefetch": prefetch,
    }
    answer = client.post(f"/cds-services/{service}", content=json.dumps(call, default=float))
    assert answer.status_code == 200, answer.text
    return {card["source"]["topic"]["code"]: card for card in answer.json()["cards"]}


def recommendations(found):
    """The card on which each recommendation stands: its own, or the one that folds it."""
    folded = {
        one["recommendation"]: card for card in found.values() for one in card.get("extension", {}).get(FOLDED, ())
    }
    return folded | found


def bundle_of(resources, template):
    """What the EHR prefetches: by type, and for observations with a list of codes by these."""
    kind = template.partition("?")[0].partition("/")[0]
    found = [one for one in resources if one["resourceType"] == kind]
    if kind == "Patient":
        return found[0]
    codes = template.partition("code=")[2]
    if codes:
        found = [one for one in found if any(f"{c['system']}|{c['code']}" in codes for c in one["code"]["coding"])]
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in found]}


def test_a_mapped_local_code_is_asked_for_in_the_prefetch(client_with):
    templates = json.dumps(client_with("equivalent").get("/cds-services").json())
    assert f"{LOCAL_LAB_SYSTEM}|KREA-7" in templates
    assert "KREA-7" not in json.dumps(client_with(None).get("/cds-services").json())


def test_with_the_map_the_dose_is_judged_by_the_local_result(client_with):
    found = cards(client_with("equivalent"), "KREA-7")
    assert "24 mL/min" in found["nl-lenalidomide-renal-mm-severe"]["summary"]
    assert "nl-lenalidomide-renal-clcr-required" not in recommendations(found)


@pytest.mark.parametrize(("equivalence", "code"), [(None, "KREA-7"), ("equivalent", "KREA-8"), ("narrower", "KREA-7")])
def test_without_a_safe_map_of_the_code_the_card_says_that_creatinine_is_missing(client_with, equivalence, code):
    found = cards(client_with(equivalence), code)
    assert not any("24 mL/min" in card["summary"] for card in found.values())
    assert "no creatinine on record" in recommendations(found)["nl-lenalidomide-renal-clcr-required"]["detail"]


def test_the_folder_adds_to_the_shipped_guidelines(client_with):
    services = {one["id"] for one in client_with("equivalent").get("/cds-services").json()["services"]}
    assert services == {one["id"] for one in client_with(None).get("/cds-services").json()["services"]}
    assert "nl-lenalidomide-order-select" in services
