"""What `cds doctor` says of a FHIR server, by its CapabilityStatement and its clock."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from cds.data.prefetch_templates import PrefetchQuery
from cds.doctor.fhir_server import examine_fhir_server

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
URL = "https://ehr.example.org/fhir"
QUERIES = [
    PrefetchQuery(key="patient", template="Patient/{{context.patientId}}", resource_type="Patient"),
    PrefetchQuery(
        key="creatinine", template="Observation?patient={{context.patientId}}&code=x|1", resource_type="Observation"
    ),
]


def statement(**more: Any) -> dict[str, Any]:
    observation = {"type": "Observation", "searchParam": [{"name": "patient"}, {"name": "code"}]}
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "rest": [{"mode": "server", "resource": [{"type": "Patient"}, observation]}],
        **more,
    }


def examined(answer: Any) -> dict[str, str]:
    """The health of everything said, by what is said."""

    def respond(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == f"{URL}/metadata"
        if isinstance(answer, Exception):
            raise answer
        return answer

    with httpx.Client(transport=httpx.MockTransport(respond)) as http:
        return {one.said: one.health for one in examine_fhir_server(URL, QUERIES, http, NOW)}


def capable(date: str = "Mon, 02 Mar 2026 10:00:00 GMT", **more: Any) -> httpx.Response:
    return httpx.Response(200, headers={"Date": date}, content=json.dumps(statement(**more)))


def test_a_capable_server_is_good():
    assert examined(capable()) == {"answers, FHIR 4.0.1": "good"}


@pytest.mark.parametrize(
    ("date", "health"), [("Mon, 02 Mar 2026 10:01:00 GMT", []), ("Mon, 02 Mar 2026 09:58:59 GMT", ["bad"])]
)
def test_a_clock_that_is_wrong_by_more_than_a_minute_is_bad(date, health):
    assert [how for said, how in examined(capable(date)).items() if "clock" in said] == health


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_date_that_cannot_be_read_is_nothing_to_judge_by(date):
    assert examined(capable(date)) == {"answers, FHIR 4.0.1": "good"}


def test_another_version_of_fhir_is_bad():
    assert examined(capable(fhirVersion="3.0.2"))["speaks FHIR 3.0.2"] == "bad"


def test_a_type_that_is_not_known_is_bad_and_a_parameter_that_is_not_listed_doubtful():
    rest = [{"resource": [{"type": "Observation", "searchParam": [{"name": "patient"}]}]}]
    found = examined(capable(rest=rest))
    assert found["does not know Patient"] == "bad"
    assert found["Observation: does not list the search parameters code"] == "doubtful"


@pytest.mark.parametrize(
    ("answer", "said", "health"),
    [
        (httpx.ConnectError("refused"), "does not answer (ConnectError)", "bad"),
        (httpx.Response(401), "answers /metadata with 401", "doubtful"),
        (httpx.Response(200, text="<html>"), "gives no CapabilityStatement", "bad"),
        (httpx.Response(200, json=[]), "gives no CapabilityStatement", "bad"),
        (httpx.Response(200, json={"resourceType": "Patient"}), "gives no CapabilityStatement", "bad"),
    ],
)
def test_what_is_no_fhir_server_is_said(answer, said, health):
    assert examined(answer) == {said: health}
