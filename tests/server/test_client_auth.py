"""Client authentication end to end: two workers on one database, registered clients, every endpoint."""

from __future__ import annotations

import threading

import httpx
import pytest

from tests.server.client_tokens import PUBLIC_URL, bearer, clients_file, token
from tests.server.conftest import NOW, free_port, running, serving
from tests.server.faulty_fhir import FaultyFHIR

SERVICE = "nl-lenalidomide-order-select"
CALL = f"/cds-services/{SERVICE}"
FEEDBACK = f"{CALL}/feedback"
PATIENT = "renal-failure"


@pytest.fixture(scope="module")
def ehr():
    port = free_port()
    faulty = FaultyFHIR(port, NOW.date())
    with serving(faulty.app, port):
        yield faulty


@pytest.fixture(scope="module")
def workers(ehr, tmp_path_factory):
    """Two servers that share a database and a public address, as two workers do."""
    folder = tmp_path_factory.mktemp("jwt")
    own = {"fhirServers": [ehr.base("up")]}
    options = {
        "sandbox": False,
        "guidelines": ("nl-lenalidomide",),
        "client_auth": "jwt",
        "clients": clients_file(folder, ehr_1=own),
        "public_url": PUBLIC_URL,
        "database": f"sqlite:///{folder}/shared.sqlite3",
        "fhir_servers": (ehr.base("up"), ehr.base("pages")),
    }
    with running(**options) as first, running(**options) as second:
        yield first, second


@pytest.fixture(scope="module")
def cds(workers):
    return workers[0]


def body(cds, ehr, mood="up"):
    return cds.request(PATIENT, "order-select", fhirServer=ehr.base(mood))


def decision_of(answer):
    return answer.json()["extension"]["org.example.fhir-cds.decision"]


@pytest.mark.ch("CH-145", "CH-146", "CH-143", "CH-024")
@pytest.mark.parametrize(("method", "path"), [("GET", "/cds-services"), ("POST", CALL), ("POST", FEEDBACK)])
def test_every_endpoint_wants_a_token_and_says_nothing_about_why(cds, method, path):
    reasons = [
        {},
        {"Authorization": "Basic dXNlcjpwdw=="},
        {"Authorization": "Bearer nonsense"},
        bearer("/elsewhere"),
        bearer(path, exp=int(NOW.timestamp()) - 120),
        bearer(path, iss="https://stranger.example"),
    ]
    answers = [cds.http.request(method, path, headers=headers, json={}) for headers in reasons]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.ch("CH-153", "CH-159", "CH-162")
@pytest.mark.parametrize("client", ["ehr-1", "ehr-2"])
def test_discovery_call_and_feedback_pass_with_the_token_of_their_own_address(cds, ehr, client):
    assert cds.http.get("/cds-services", headers=bearer("/cds-services", client)).status_code == 200
    answer = cds.call(SERVICE, body(cds, ehr), headers=bearer(CALL, client))
    assert answer.status_code == 200
    item = {
        "card": answer.json()["cards"][0]["uuid"],
        "outcome": "overridden",
        "outcomeTimestamp": "2026-03-02T10:00:00Z",
    }
    taken = cds.feedback(SERVICE, item, headers=bearer(FEEDBACK, client))
    assert (taken.status_code, taken.json()) == (200, {"received": 1, "unmatched": 0})


@pytest.mark.ch("CH-153")
@pytest.mark.parametrize(
    "audience",
    [
        PUBLIC_URL,
        f"{PUBLIC_URL}/cds-services",
        f"{PUBLIC_URL}{CALL}/",
        f"{PUBLIC_URL}{FEEDBACK}",
        f"http://cds.hospital.example/base{CALL}",
        f"{PUBLIC_URL}{CALL}".upper(),
        [f"{PUBLIC_URL}/cds-services"],
        ...,
    ],
)
def test_another_audience_does_not_pass(cds, ehr, audience):
    assert cds.call(SERVICE, body(cds, ehr), headers=bearer(CALL, aud=audience)).status_code == 401


@pytest.mark.ch("CH-153")
def test_an_audience_may_be_a_list_that_holds_the_address(cds):
    headers = bearer("/cds-services", aud=["https://other.example", f"{PUBLIC_URL}/cds-services"])
    assert cds.http.get("/cds-services", headers=headers).status_code == 200


@pytest.mark.ch("CH-156")
def test_a_token_passes_once_on_all_workers_together(workers):
    headers = bearer("/cds-services")
    statuses: list[int] = []

    def use(worker):
        with httpx.Client(base_url=worker.http.base_url, trust_env=False) as http:
            statuses.append(http.get("/cds-services", headers=headers).status_code)

    threads = [threading.Thread(target=use, args=(worker,)) for worker in (*workers, *workers, *workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 401, 401, 401, 401, 401]


@pytest.mark.ch("CH-156")
def test_the_same_jti_of_another_issuer_passes(workers):
    first, second = workers
    assert first.http.get("/cds-services", headers=bearer("/cds-services", jti="shared-1")).status_code == 200
    assert second.http.get("/cds-services", headers=bearer("/cds-services", jti="shared-1")).status_code == 401
    other = bearer("/cds-services", "ehr-2", jti="shared-1")
    assert second.http.get("/cds-services", headers=other).status_code == 200


@pytest.mark.ch("CH-083", "CH-158")
def test_a_client_may_name_its_own_fhir_servers_only(cds, ehr):
    ehr.seen.clear()
    refused = cds.call(SERVICE, body(cds, ehr, "pages"), headers=bearer(CALL, "ehr-1"))
    assert refused.status_code == 412
    assert ehr.seen == []
    # ehr-2 has no list of its own: all of the settings.
    assert cds.call(SERVICE, body(cds, ehr, "up"), headers=bearer(CALL, "ehr-2")).status_code == 200


def test_a_decision_is_there_for_the_client_that_was_answered(workers, ehr):
    first, second = workers
    answer = first.call(SERVICE, body(first, ehr), headers=bearer(CALL, "ehr-1"))
    path = f"/decisions/{decision_of(answer)}"
    record = second.http.get(path, headers=bearer(path, "ehr-1"))
    assert record.status_code == 200
    assert record.json()["client"] == "ehr-1"
    assert record.headers["cache-control"] == "no-store"
    assert second.http.get(path, headers=bearer(path, "ehr-2")).status_code == 404
    assert second.http.get(path).status_code == 401
    by_card = f"/decisions/{answer.json()['cards'][0]['uuid']}"
    assert first.http.get(by_card, headers=bearer(by_card, "ehr-1")).json() == record.json()


@pytest.mark.ch("CH-135")
def test_feedback_on_a_card_of_another_client_stays_unmatched(cds, ehr):
    card = cds.call(SERVICE, body(cds, ehr), headers=bearer(CALL, "ehr-1")).json()["cards"][0]["uuid"]
    item = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-03-02T10:00:00Z"}
    assert cds.feedback(SERVICE, item, headers=bearer(FEEDBACK, "ehr-2")).json()["unmatched"] == 1
    assert cds.feedback(SERVICE, item, headers=bearer(FEEDBACK, "ehr-1")).json()["unmatched"] == 0


@pytest.mark.ch("CH-146", "CH-165")
def test_a_browsers_preflight_needs_no_token_and_a_refusal_has_cors_headers(cds):
    origin = {"Origin": "https://sandbox.cds-hooks.org"}
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    assert cds.http.options(CALL, headers={**origin, **ask}).status_code == 200
    refused = cds.http.post(CALL, json={}, headers=origin)
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "*"


@pytest.mark.ch("CH-164")
def test_a_refused_token_is_neither_printed_nor_answered(cds, capfd):
    signed = token("/elsewhere")
    answer = cds.http.get("/cds-services", headers={"Authorization": f"Bearer {signed}"})
    printed = "".join(capfd.readouterr())
    for part in signed.split("."):
        assert part not in answer.text + printed
