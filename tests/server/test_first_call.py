"""docs/first-call.json, with which the pages begin: its cards, its feedback, and the commands that send it."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALL = json.loads((ROOT / "docs" / "first-call.json").read_text(encoding="utf-8"))
SERVICE = "dk-denosumab-order-select"


def test_the_first_call_prefetches_all_that_its_service_asks_for(server):
    services = {one["id"]: one for one in server.http.get("/cds-services").json()["services"]}
    assert set(CALL["prefetch"]) == set(services[SERVICE]["prefetch"])


def test_the_first_call_is_answered_as_the_page_says_and_its_feedback_matches(server):
    cards = server.http.post(f"/cds-services/{SERVICE}", json=CALL).json()["cards"]
    assert [card["source"]["topic"]["code"] for card in cards] == ["dk-denosumab-dose", "dk-denosumab-strength-mixup"]
    outcome = {
        "card": cards[0]["uuid"],
        "outcome": "accepted",
        "acceptedSuggestions": [{"id": cards[0]["suggestions"][0]["uuid"]}],
        "outcomeTimestamp": "2026-03-02T10:00:00Z",
    }
    answer = server.http.post(f"/cds-services/{SERVICE}/feedback", json={"feedback": [outcome]})
    assert answer.json() == {"received": 1, "unmatched": 0}


def test_without_a_patient_and_without_a_fhir_server_it_is_412_as_the_page_says(server):
    call = {**CALL, "prefetch": {**CALL["prefetch"], "patient": None}}
    answer = server.http.post(f"/cds-services/{SERVICE}", json=call)
    assert answer.status_code == 412
    assert answer.json()["issue"][0]["expression"] == ["prefetch.patient"]


def test_the_pages_send_it_to_its_service():
    for page in ("README.md", "docs/integrators.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert f"-d @docs/first-call.json \\\n  http://127.0.0.1:8000/cds-services/{SERVICE}" in text
        assert f"cds evaluate docs/first-call.json --service {SERVICE} --explain" in text
