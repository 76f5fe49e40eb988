"""The cold matrix at the wire: what is prefetched × token or none × every mood of the EHR's FHIR server.

Every cell is either the same cards as with everything prefetched, or a 412 that names what is missing. No cell is an
empty list in place of an answer.
"""

from __future__ import annotations

import pytest

from tests.server.conftest import NOW, free_port, running, serving
from tests.server.faulty_fhir import MOODS, OTHER_PATIENT, TOKEN, FaultyFHIR
from tests.server.test_calls import without_identifiers

SERVICE = "nl-lenalidomide-order-select"
PATIENT = "renal-failure"
AUTHORIZATION = {
    "access_token": TOKEN,
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.rs",
    "subject": "cds",
    "patient": PATIENT,
}
# Moods in which the data can be had: by anybody, or with the token of the call only.
OPEN = {"up", "adds-foreign-rows"}
WITH_TOKEN = {"wants-the-token", "pages"}


@pytest.fixture(scope="module")
def ehr():
    port = free_port()
    faulty = FaultyFHIR(port, NOW.date())
    with serving(faulty.app, port):
        yield faulty


@pytest.fixture(scope="module")
def cds(ehr):
    with running(
        guidelines=("nl-lenalidomide",), fhir_servers=tuple(ehr.base(mood) for mood in MOODS), deadline_ms=3000
    ) as started:
        yield started


@pytest.fixture(scope="module")
def everything(cds):
    return cds.prefetch(SERVICE, PATIENT)


@pytest.fixture(scope="module")
def reference(cds, everything):
    """The cards that every cell with data has to give."""
    answer = cds.call(SERVICE, cds.request(PATIENT, "order-select", fhirServer=..., prefetch=everything))
    assert answer.status_code == 200
    assert len(answer.json()["cards"]) >= 3
    return without_identifiers(answer)


def chosen(everything, prefetched):
    """Leave a part of the prefetch; the key of the creatinine is never in `some`."""
    if prefetched == "all":
        return everything
    if prefetched == "none":
        return ...
    return {key: value for index, (key, value) in enumerate(everything.items()) if index % 2 and key != "creatinine"}


@pytest.mark.ch("CH-059", "CH-060", "CH-061", "CH-067", "CH-068", "CH-072", "CH-073", "CH-081", "CH-087")
@pytest.mark.parametrize("token", [True, False], ids=["token", "no-token"])
@pytest.mark.parametrize("prefetched", ["all", "some", "none"])
@pytest.mark.parametrize("mood", MOODS)
def test_every_cell_is_the_same_cards_or_a_412_that_names_the_key(
    cds, ehr, everything, reference, mood, prefetched, token
):
    authorization = AUTHORIZATION if token else ...
    prefetch = chosen(everything, prefetched)
    changes = {"fhirServer": ehr.base(mood), "prefetch": prefetch, "fhirAuthorization": authorization}
    answer = cds.call(SERVICE, cds.request(PATIENT, "order-select", **changes))
    if prefetched == "all" or mood in OPEN or (mood in WITH_TOKEN and token):
        assert answer.status_code == 200, answer.text
        assert without_identifiers(answer) == reference
        return
    assert answer.status_code == 412, answer.text
    issue = answer.json()["issue"][0]
    assert ("patient" if mood == "another-patient" else "creatinine") in issue["diagnostics"]
    assert TOKEN not in answer.text


@pytest.mark.ch("CH-070", "CH-059")
def test_rows_of_another_patient_are_dropped_and_counted(cds, ehr):
    body = cds.request(PATIENT, "order-select", fhirServer=ehr.base("adds-foreign-rows"), prefetch=...)
    answer = cds.call(SERVICE, body).json()
    record = cds.http.get(f"/decisions/{answer['extension']['org.example.fhir-cds.decision']}")
    assert record.json()["data"]["droppedOtherPatient"] > 0
    assert OTHER_PATIENT not in record.text
    assert "foreign-" not in record.text


@pytest.mark.ch("CH-066", "CH-073")
def test_every_page_is_read_with_the_token(cds, ehr):
    ehr.seen.clear()
    body = cds.request(
        PATIENT, "order-select", fhirServer=ehr.base("pages"), prefetch=..., fhirAuthorization=AUTHORIZATION
    )
    assert cds.call(SERVICE, body).status_code == 200
    assert len(ehr.seen) > 2
    assert {authorization for _, _, authorization in ehr.seen} == {f"Bearer {TOKEN}"}


@pytest.mark.ch("CH-060", "CH-069")
def test_a_whole_prefetch_leaves_the_fhir_server_alone(cds, ehr, everything):
    ehr.seen.clear()
    body = cds.request(PATIENT, "order-select", fhirServer=ehr.base("up"), prefetch={**everything, "unknown": {"a": 1}})
    assert cds.call(SERVICE, body).status_code == 200
    assert ehr.seen == []


@pytest.mark.ch("CH-039")
def test_a_server_that_does_not_answer_costs_no_more_than_the_deadline(cds, ehr):
    body = cds.request(PATIENT, "order-select", fhirServer=ehr.base("slow"), prefetch=...)
    answer = cds.call(SERVICE, body)
    assert answer.status_code == 412
    assert answer.elapsed.total_seconds() < 8  # the deadline is 3 s, the server sleeps 8


SEARCHSET = {"resourceType": "Bundle", "type": "searchset"}
ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
UNRESOLVED = [{"relation": "self", "url": "https://ehr.example/fhir/Observation?patient={{context.patientId}}"}]
OPEN_STATES = {
    "an OperationOutcome": ERROR,
    "a Bundle with an error": {**SEARCHSET, "entry": [{"search": {"mode": "outcome"}, "resource": ERROR}]},
    "a query with an unresolved token": {**SEARCHSET, "link": UNRESOLVED},
    "one page of more": {**SEARCHSET, "link": [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]},
    "fewer than the total": {**SEARCHSET, "total": 3, "entry": []},
    "a resource of another type": {"resourceType": "Condition", "id": "c"},
    "a text": "Bundle",
}


@pytest.mark.ch("CH-061", "CH-064", "CH-065", "CH-066", "CH-071")
@pytest.mark.parametrize("state", OPEN_STATES)
def test_a_key_that_is_not_settled_is_read_or_412(cds, ehr, everything, reference, state):
    prefetch = {**everything, "creatinine": OPEN_STATES[state]}
    body = cds.request(PATIENT, "order-select", fhirServer=ehr.base("up"), prefetch=prefetch)
    assert without_identifiers(cds.call(SERVICE, body)) == reference
    refused = cds.call(SERVICE, {**body, "fhirServer": None})
    assert refused.status_code == 412
    assert "creatinine" in refused.json()["issue"][0]["diagnostics"]


@pytest.mark.ch("CH-062", "CH-063")
@pytest.mark.parametrize("absent", [None, SEARCHSET, {**SEARCHSET, "total": 0, "entry": []}])
def test_what_was_looked_up_and_not_found_is_known_to_be_absent_and_not_read_again(cds, ehr, everything, absent):
    ehr.seen.clear()
    prefetch = {**everything, "creatinine": absent}
    answer = cds.call(SERVICE, cds.request(PATIENT, "order-select", fhirServer=ehr.base("up"), prefetch=prefetch))
    assert answer.status_code == 200
    assert ehr.seen == []


@pytest.mark.ch("CH-070")
def test_a_prefetched_patient_who_is_not_the_one_in_context_is_refused(cds, everything):
    prefetch = {**everything, "patient": {**everything["patient"], "id": OTHER_PATIENT}}
    answer = cds.call(SERVICE, cds.request(PATIENT, "order-select", fhirServer=..., prefetch=prefetch))
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["prefetch.patient"]
    assert OTHER_PATIENT not in answer.text


@pytest.mark.ch("CH-035")
@pytest.mark.parametrize("nothing", [..., None, {}])
def test_a_prefetch_that_is_left_out_null_or_empty_means_nothing_prefetched(cds, ehr, reference, nothing):
    body = cds.request(PATIENT, "order-select", fhirServer=ehr.base("up"), prefetch=nothing)
    assert without_identifiers(cds.call(SERVICE, body)) == reference


@pytest.mark.ch("CH-075", "CH-076")
@pytest.mark.parametrize("unusable", [{"token_type": "mac"}, {"expires_in": 0}])
def test_a_token_that_cannot_be_used_is_not_sent(cds, ehr, unusable):
    ehr.seen.clear()
    changes = {"fhirServer": ehr.base("wants-the-token"), "fhirAuthorization": {**AUTHORIZATION, **unusable}}
    assert cds.call(SERVICE, cds.request(PATIENT, "order-select", **changes)).status_code == 412
    assert ehr.seen == []


@pytest.mark.ch("CH-079")
def test_a_token_for_another_patient_is_refused(cds, ehr):
    changes = {"fhirServer": ehr.base("up"), "fhirAuthorization": {**AUTHORIZATION, "patient": OTHER_PATIENT}}
    answer = cds.call(SERVICE, cds.request(PATIENT, "order-select", **changes))
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["fhirAuthorization.patient"]


@pytest.mark.ch("CH-083")
@pytest.mark.parametrize(
    "address",
    [
        "{base}x",
        "{base}/../../up/fhir",
        "{base}?x=1",
        "{base}#x",
        "http://127.0.0.1:9/?{base}",
        "http://user@127.0.0.1:1/up/fhir",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "\\\\127.0.0.1",
    ],
)
def test_an_address_that_is_not_on_the_list_is_never_called(cds, ehr, address):
    ehr.seen.clear()
    address = address.replace("{base}", ehr.base("up"))
    answer = cds.call(SERVICE, cds.request(PATIENT, "order-select", fhirServer=address, prefetch=...))
    assert answer.status_code == 412
    assert ehr.seen == []
