"""Our FHIR client on a real server: pages, included resources, fresh answers, what is not there, what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from cds.data.errors import FHIRServerError, FHIRServerFault
from cds.data.fhir_client import FHIRClient, FHIRServers
from cds.data.fhir_servers import AllowedServers
from cds.hooks.request import CDSRequest
from tests.integration.hapi.case_data import transaction

pytestmark = pytest.mark.integration

CREATININE = "http://loinc.org|14682-9"
MANY = 45  # HAPI's page holds 20


class Chart:
    """A new patient on the server, filled by the test."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.patient = f"reading-{uuid4().hex[:12]}"
        self.http = httpx.Client(timeout=60, trust_env=False)
        self.write({"resourceType": "Patient", "id": self.patient, "birthDate": "1950-01-01"})

    def write(self, *resources: dict[str, Any]) -> None:
        transaction(self.http, self.base_url, resources)

    def creatinine(self, number: int) -> dict[str, Any]:
        return {
            "resourceType": "Observation",
            "id": f"{self.patient}-crea-{number}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "14682-9"}]},
            "subject": {"reference": f"Patient/{self.patient}"},
            "effectiveDateTime": f"2026-01-{number % 28 + 1:02}",
            "valueQuantity": {"value": 60 + number, "unit": "umol/L", "code": "umol/L"},
        }

    def search(self, query: str) -> list[dict[str, Any]]:
        return self.ask(lambda client: client.search(query.replace("PATIENT", self.patient)))

    def ask(self, question: Callable[[FHIRClient], Awaitable[Any]]) -> Any:
        """Ask through the client that hook calls use."""

        async def go() -> Any:
            servers = FHIRServers(AllowedServers([self.base_url]))
            context = {"userId": "Practitioner/p", "patientId": self.patient}
            body = {"hook": "patient-view", "hookInstance": str(uuid4()), "fhirServer": self.base_url}
            client = servers.reader_for(CDSRequest.from_json({**body, "context": context}), seconds=60)
            assert client is not None
            try:
                return await question(client)
            finally:
                await servers.aclose()

        return asyncio.run(go())


@pytest.fixture
def chart(fhir_server) -> Iterator[Chart]:
    new = Chart(fhir_server)
    yield new
    new.http.close()


@pytest.mark.parametrize("page", ["", "&_count=7", "&_count=1000"])
def test_all_pages_of_a_search_are_read(chart, page):
    chart.write(*map(chart.creatinine, range(MANY)))
    found = chart.search(f"Observation?patient=PATIENT&code={CREATININE}{page}")
    assert {resource["valueQuantity"]["value"] for resource in found} == set(range(60, 60 + MANY))


def test_a_medication_that_an_order_refers_to_comes_with_it(chart):
    medication = {"resourceType": "Medication", "id": f"{chart.patient}-drug", "code": {"text": "lenalidomide"}}
    order = {
        "resourceType": "MedicationRequest",
        "id": f"{chart.patient}-order",
        "status": "active",
        "intent": "order",
        "medicationReference": {"reference": f"Medication/{medication['id']}"},
        "subject": {"reference": f"Patient/{chart.patient}"},
    }
    chart.write(medication, order)
    found = chart.search("MedicationRequest?patient=PATIENT&_include=MedicationRequest:medication")
    assert {resource["id"] for resource in found} == {medication["id"], order["id"]}


def test_a_result_that_came_in_since_the_last_search_is_found(chart):
    query = f"Observation?patient=PATIENT&code={CREATININE}"
    chart.write(chart.creatinine(1))
    assert len(chart.search(query)) == 1
    chart.write(chart.creatinine(2))
    assert len(chart.search(query)) == 2


def test_the_server_would_have_repeated_its_last_answer(chart):
    """Why the client sends Cache-Control: no-cache. A server without such a cache has nothing to show here."""
    address = f"{chart.base_url}/Observation?patient={chart.patient}&code={CREATININE}"
    software = chart.http.get(f"{chart.base_url}/metadata").json().get("software", {}).get("name", "")
    if "HAPI" not in software:
        pytest.skip("not HAPI")
    chart.write(chart.creatinine(1))
    assert len(chart.http.get(address).json()["entry"]) == 1
    chart.write(chart.creatinine(2))
    assert len(chart.http.get(address).json()["entry"]) == 1
    assert len(chart.http.get(address, headers={"Cache-Control": "no-cache"}).json()["entry"]) == 2


def test_without_a_cache_of_its_own_the_server_would_have_ended_after_one_page(chart):
    """Why the client never sends Cache-Control: no-store: HAPI answers a page and gives no link to the next."""
    software = chart.http.get(f"{chart.base_url}/metadata").json().get("software", {}).get("name", "")
    if "HAPI" not in software:
        pytest.skip("not HAPI")
    chart.write(*map(chart.creatinine, range(MANY)))
    address = f"{chart.base_url}/Observation?patient={chart.patient}&_count=10"
    answer = chart.http.get(address, headers={"Cache-Control": "no-store"}).json()
    assert len(answer["entry"]) == 10
    assert [link["relation"] for link in answer["link"]] == ["self"]


def test_a_resource_that_never_was_and_one_that_was_deleted_are_absent(chart):
    chart.write(chart.creatinine(1))
    address = f"{chart.base_url}/Observation/{chart.patient}-crea-1"
    assert chart.http.delete(address).is_success
    for resource_id in (f"{chart.patient}-crea-1", f"{chart.patient}-nothing"):
        with pytest.raises(FHIRServerError) as error:
            chart.ask(lambda client, each=resource_id: client.read("Observation", each))
        assert error.value.kind is FHIRServerFault.ABSENT


def test_a_parameter_that_the_server_does_not_know_is_an_error_and_no_empty_list(chart):
    with pytest.raises(FHIRServerError) as error:
        chart.search("Observation?subject-of-ours=PATIENT")
    assert error.value.kind is FHIRServerFault.INVALID_ANSWER


def test_a_number_keeps_its_digits(chart):
    chart.write({**chart.creatinine(1), "valueQuantity": {"value": 6.1, "unit": "mmol/L"}})
    text = f'{{"resourceType": "Observation", "id": "{chart.patient}-k", "status": "final",'
    text += f'"code": {{"text": "k"}}, "subject": {{"reference": "Patient/{chart.patient}"}},'
    text += '"valueQuantity": {"value": 6.10, "unit": "mmol/L"}}'
    headers = {"Content-Type": "application/fhir+json"}
    chart.http.put(f"{chart.base_url}/Observation/{chart.patient}-k", content=text, headers=headers)
    read = chart.ask(lambda client: client.read("Observation", f"{chart.patient}-k"))
    assert str(read["valueQuantity"]["value"]) == "6.10"
