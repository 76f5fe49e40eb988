"""Bad input: the right status, an OperationOutcome that names the member, nothing echoed."""

from __future__ import annotations

import json

import pytest

SERVICE = "nl-lenalidomide-order-select"
CANARY = "canary-5f0e"


def outcome(response, status):
    assert response.status_code == status, response.text
    document = response.json()
    assert document["resourceType"] == "OperationOutcome"
    assert CANARY not in response.text
    return document["issue"][0]


@pytest.mark.ch("CH-027", "CH-088", "CH-089")
def test_an_unknown_service_is_404(server):
    outcome(server.call(f"no-{CANARY}", {}), 404)
    outcome(server.http.get(f"/{CANARY}"), 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.ch("CH-027", "CH-088")
def test_another_method_is_405_with_allow(server, method):
    answer = server.http.request(method, f"/cds-services/{SERVICE}")
    outcome(answer, 405)
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"{} {}", b'{"hook": NaN}', b"[" * 100_000])
@pytest.mark.ch("CH-001", "CH-088", "CH-089")
def test_what_is_no_json_object_is_400(server, body):
    outcome(
        server.http.post(f"/cds-services/{SERVICE}", content=body, headers={"content-type": "application/json"}), 400
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
@pytest.mark.ch("CH-088", "CH-089")
def test_another_content_type_is_415(server, headers):
    outcome(server.http.post(f"/cds-services/{SERVICE}", content=b"{}", headers=headers), 415)


def test_a_body_beyond_the_limit_is_413_declared_or_streamed(server):
    big = b" " * (server.settings.max_body_bytes + 1)
    headers = {"content-type": "application/json"}
    outcome(server.http.post(f"/cds-services/{SERVICE}", content=big, headers=headers), 413)
    chunks = (b" " * 1_000_000 for _ in range(11))
    outcome(server.http.post(f"/cds-services/{SERVICE}", content=chunks, headers=headers), 413)


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"hook": ...}, "hook"),
        ({"hook": 5}, "hook"),
        ({"hook": f"org.example.{CANARY}"}, "hook"),
        ({"hook": "order-sign"}, "hook"),
        ({"hookInstance": ...}, "hookInstance"),
        ({"context": ...}, "context"),
        ({"context": [CANARY]}, "context"),
        ({"context": {"userId": "Practitioner/1", "patientId": "p"}}, "context.draftOrders"),
        ({"prefetch": [CANARY]}, "prefetch"),
        ({"fhirAuthorization": {"access_token": CANARY}, "fhirServer": ...}, "fhirServer"),
        ({"fhirAuthorization": {"token": CANARY}}, "fhirAuthorization.access_token"),
    ],
)
@pytest.mark.ch("CH-028", "CH-029", "CH-031", "CH-032", "CH-089")
def test_a_missing_or_mistyped_member_is_400_and_named(server, changes, member):
    issue = outcome(server.call(SERVICE, server.request("renal-failure", "order-select", **changes)), 400)
    assert issue["expression"] == [member]


@pytest.mark.ch("CH-068", "CH-087", "CH-034")
def test_data_that_cannot_be_had_are_412_and_named(server):
    body = server.request("renal-failure", "order-select", fhirServer=...)
    issue = outcome(server.call(SERVICE, body), 412)
    assert "creatinine" in issue["diagnostics"]
    everything = server.prefetch(SERVICE, "renal-failure")
    del everything["creatinine"]
    issue = outcome(server.call(SERVICE, {**body, "prefetch": everything}), 412)
    assert "creatinine" in issue["diagnostics"]
    assert "medication-requests" not in issue["diagnostics"]


def test_a_server_that_is_not_listed_is_not_called(server):
    body = server.request("renal-failure", "order-select", fhirServer="http://127.0.0.1:9/fhir")
    outcome(server.call(SERVICE, body), 412)


@pytest.mark.ch("CH-134", "CH-136")
def test_malformed_feedback_is_400(server):
    bad = {"feedback": [{"card": "c", "outcome": CANARY, "outcomeTimestamp": "2026-03-02T10:00:00Z"}]}
    outcome(server.http.post(f"/cds-services/{SERVICE}/feedback", json=bad), 400)
    outcome(server.http.post("/cds-services/none/feedback", json=bad), 404)


def test_a_doubled_member_is_400(server):
    text = json.dumps(server.request("renal-failure", "order-select"))
    text = text.replace('"hook":', '"hook": "patient-view", "hook":', 1)
    outcome(
        server.http.post(f"/cds-services/{SERVICE}", content=text, headers={"content-type": "application/json"}), 400
    )


@pytest.mark.ch("CH-088", "CH-089")
@pytest.mark.parametrize(
    "path",
    [
        "/cds-services/%2e%2e/decisions",
        f"/cds-services//{SERVICE}",
        "/cds-services/",
        f"/cds-services/{SERVICE}/",
        f"/cds-services/{SERVICE}%00",
        "/cds-services/" + "x" * 8000,
        "/decisions/%27%20or%201=1",
        f"/decisions/{CANARY}",
    ],
)
def test_odd_addresses_are_refused_with_an_outcome(server, path):
    for method in ("GET", "POST"):
        answer = server.http.request(method, path, json={})
        assert answer.status_code in (404, 405)
        outcome(answer, answer.status_code)


@pytest.mark.ch("CH-134")
def test_a_batch_of_feedback_has_a_limit(server):
    item = {"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-03-02T10:00:00Z"}
    assert server.feedback(SERVICE, *[item] * 1000).status_code == 200
    outcome(server.feedback(SERVICE, *[item] * 1001), 400)
