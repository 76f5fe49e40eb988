"""The addresses of the sandbox page over HTTP: headers, refusals, work without scripts, feedback on record."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator

import pytest

from tests.server.conftest import Server, running

PATIENT = "/playground/patients/renal-failure"


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return tmp_path_factory.mktemp("database") / "decisions.sqlite3"


@pytest.fixture(scope="module")
def server(database) -> Iterator[Server]:
    with running(guidelines=("nl-lenalidomide",), database=f"sqlite:///{database}") as started:
        yield started


def fire(server, **fields):
    server.http.post(f"{PATIENT}/reset", content="")
    return server.http.post(f"{PATIENT}/fire", data={"hook": "order-select", **fields}).text


def first(pattern, text):
    found = re.search(pattern, text)
    assert found, pattern
    return found[1]


@pytest.mark.parametrize(
    "address",
    [
        "/",
        PATIENT,
        "/playground/guidelines",
        "/playground/guidelines/nl-lenalidomide",
        "/playground/request",
        "/playground/package",
    ],
)
def test_every_page_forbids_inline_code_and_other_hosts(server, address):
    page = server.http.get(address)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script(?! src=\"/playground/static/)", page.text) == []
    assert re.findall(r"\sstyle=|\son[a-z]+=", page.text) == []
    for asset in re.findall(r"<(?:link|script|img)[^>]*(?:href|src)=\"([^\"]*)\"", page.text):
        assert server.http.get(asset).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/playground/patients/nobody",
        "/playground/guidelines/none",
        "/playground/static/..%2Froutes.py",
        f"{PATIENT}/calls/no-such-service",
    ],
)
def test_what_is_not_there_is_a_404(server, address):
    assert server.http.get(address).status_code == 404


def test_without_scripts_an_answer_is_a_whole_page_and_with_htmx_a_part_of_it(server):
    assert fire(server).startswith("<!doctype html>")
    part = server.http.post(f"{PATIENT}/fire", data={"hook": "order-select"}, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="visit"')


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_a_form_of_another_site_is_refused(server, site, status):
    answer = server.http.post(f"{PATIENT}/reset", content="", headers={"Sec-Fetch-Site": site})
    assert answer.status_code == status


def test_an_override_is_on_record_with_its_reason(server, database):
    page = fire(server)
    card = first(r'name="card" value="([^"]+)"', page)
    server.http.post(f"{PATIENT}/override", data={"card": card, "comment": "Agreed with the nephrologist"})
    with sqlite3.connect(database) as connection:
        rows = connection.execute("select outcome, comment from feedback where card = ?", (card,)).fetchall()
    connection.close()
    assert rows == [("overridden", "Agreed with the nephrologist")]


def test_an_override_without_a_reason_is_asked_for_one(server):
    card = first(r'name="card" value="([^"]+)"', fire(server))
    answer = server.http.post(f"{PATIENT}/override", data={"card": card, "comment": "  "})
    assert answer.status_code == 400
    assert "choose a reason or write one" in answer.text


def test_an_accepted_suggestion_is_on_record(server, database):
    page = fire(server)
    card = first(r'name="card" value="([^"]+)"', page)
    suggestion = first(r'name="suggestion" value="([^"]+)"', page)
    answer = server.http.post(f"{PATIENT}/accept", data={"card": card, "suggestion": suggestion})
    assert "the draft order was changed" in answer.text
    with sqlite3.connect(database) as connection:
        rows = connection.execute("select outcome, accepted from feedback where card = ?", (card,)).fetchall()
    connection.close()
    assert rows == [("accepted", f'["{suggestion}"]')]


def test_the_decision_with_its_values_is_given_as_json_while_the_record_has_none(server):
    fire(server)
    shown = server.http.get(f"{PATIENT}/decisions/nl-lenalidomide-order-select.json").json()
    stored = server.http.get(f"/decisions/{shown['decision']}").json()
    assert shown["erased"] == []
    assert stored["erased"] != []
    assert shown["cards"] == stored["cards"]


def test_a_pasted_request_cannot_make_the_server_read_another_one(server):
    context = {"patientId": "x", "userId": "Practitioner/1"}
    request = {"hook": "patient-view", "hookInstance": "1", "fhirServer": "http://127.0.0.1:9/fhir", "context": context}
    page = server.http.post("/playground/request", data={"request": json.dumps(request)}).text
    assert "only the sandbox is read" in page


@pytest.mark.parametrize(
    ("request_text", "words"),
    [("{", "not JSON"), ("[]", "as a JSON object"), ('{"hook": "somebodys-own-hook"}', "No service listens")],
)
def test_a_pasted_text_that_is_no_request_is_answered_with_what_is_wrong(server, request_text, words):
    assert words in server.http.post("/playground/request", data={"request": request_text}).text


def test_evidence_is_shown_as_it_was_read(server):
    fire(server)
    server.http.delete(f"{server.fhir}/Observation/renal-failure-creatinine")
    page = server.http.get(PATIENT).text
    assert "Creatinine: 275 umol/L" in page
    assert "<td>275 umol/L" not in page


def test_a_reset_gives_the_record_of_the_story_back(server):
    server.http.post(f"{PATIENT}/reset", content="")
    server.http.delete(f"{server.fhir}/Observation/renal-failure-creatinine")
    assert "275 umol/L" not in server.http.get(PATIENT).text
    assert "275 umol/L" in server.http.post(f"{PATIENT}/reset", content="").text


def test_the_page_is_not_there_without_the_sandbox():
    with running(sandbox=False, guidelines=("dk-denosumab",)) as bare:
        assert bare.http.get("/").status_code == 404
        assert bare.http.get("/playground/request").status_code == 404
