"""Read, create, update, delete, batch and transaction, with and without HTTP."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from cds.sandbox.http import sandbox_router
from cds.sandbox.server import SandboxServer
from cds.sandbox.store import FHIRStore

PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "male"}


@pytest.fixture
def server() -> SandboxServer:
    return SandboxServer(FHIRStore([PATIENT], base_url="http://sandbox.invalid/fhir"))


class Client:
    """A synchronous client of the mounted router."""

    def __init__(self, server: SandboxServer) -> None:
        app = FastAPI()
        app.include_router(sandbox_router(server))
        self._transport = httpx.ASGITransport(app)

    def __call__(self, method: str, url: str, **more) -> httpx.Response:
        async def send():
            async with httpx.AsyncClient(transport=self._transport, base_url="http://test/sandbox/fhir/") as client:
                return await client.request(method, url, **more)

        return asyncio.run(send())


@pytest.fixture
def client(server) -> Client:
    return Client(server)


def entry(method: str, url: str, resource: dict | None = None, full_url: str | None = None) -> dict:
    return {"fullUrl": full_url, "resource": resource, "request": {"method": method, "url": url}}


class TestInteractions:
    def test_a_created_resource_gets_an_id_and_a_location(self, server):
        answer = server.handle("POST", "Condition", body={"resourceType": "Condition", "id": "mine"})
        assert answer.status == 201
        assert answer.body["id"] != "mine"
        assert answer.headers["Location"].endswith(f"/Condition/{answer.body['id']}")

    def test_an_update_makes_a_new_version(self, server):
        answer = server.handle("PUT", "Patient/p1", body={**PATIENT, "gender": "female"})
        assert (answer.status, answer.body["meta"]["versionId"], answer.headers["ETag"]) == (200, "2", 'W/"2"')
        assert server.handle("GET", "Patient/p1").body["gender"] == "female"

    def test_an_update_under_a_new_id_creates(self, server):
        assert server.handle("PUT", "Patient/p9", body={**PATIENT, "id": "p9"}).status == 201

    def test_what_is_deleted_is_gone_and_may_be_deleted_again(self, server):
        assert server.handle("DELETE", "Patient/p1").status == 204
        assert server.handle("GET", "Patient/p1").status == 404
        assert server.handle("DELETE", "Patient/p1").status == 204

    def test_the_store_keeps_its_own_copy(self, server):
        body = {"resourceType": "Patient", "id": "p3", "name": [{"family": "A"}]}
        server.handle("PUT", "Patient/p3", body=body)
        body["name"][0]["family"] = "B"
        assert server.handle("GET", "Patient/p3").body["name"][0]["family"] == "A"

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("GET", "Patient/nobody", None, 404),
            ("GET", "Nonsense", None, 404),
            ("GET", "", None, 404),
            ("PATCH", "Patient/p1", {}, 405),
            ("POST", "Patient", [], 400),
            ("POST", "Patient", {"resourceType": "Condition"}, 400),
            ("PUT", "Patient/p1", {"resourceType": "Patient", "id": "p2"}, 400),
            ("PUT", "Patient/a_b", {"resourceType": "Patient", "id": "a_b"}, 400),
            ("POST", "Nonsense", {"resourceType": "Nonsense"}, 400),
            ("POST", "", {"resourceType": "Bundle", "type": "history"}, 400),
            ("GET", "Observation?x", None, 404),
        ],
    )
    def test_every_refusal_is_an_operation_outcome(self, server, method, path, body, status):
        answer = server.handle(method, path, body=body)
        assert answer.status == status
        assert answer.body["resourceType"] == "OperationOutcome"


class TestBundles:
    def test_one_failing_entry_of_a_batch_does_not_stop_the_others(self, server):
        batch = {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [entry("GET", "Patient/nobody"), entry("GET", "Patient?gender=male")],
        }
        answers = server.handle("POST", "", body=batch).body["entry"]
        assert [each["response"]["status"] for each in answers] == ["404", "200"]
        assert answers[0]["response"]["outcome"]["resourceType"] == "OperationOutcome"
        assert answers[1]["resource"]["total"] == 1

    def test_a_failing_transaction_changes_nothing(self, server):
        transaction = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [entry("DELETE", "Patient/p1"), entry("PUT", "Patient/x", {"resourceType": "Patient", "id": "y"})],
        }
        answer = server.handle("POST", "", body=transaction)
        assert answer.status == 400
        assert server.handle("GET", "Patient/p1").status == 200

    def test_references_inside_a_transaction_find_the_new_resource(self, server):
        identifier = "urn:uuid:0f7f8f6e-0000-4000-8000-000000000000"
        order = {
            "resourceType": "MedicationRequest",
            "subject": {"reference": "Patient/p1"},
            "medicationReference": {"reference": identifier},
        }
        transaction = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                entry("POST", "MedicationRequest", order, "urn:uuid:other"),
                entry("POST", "Medication", {"resourceType": "Medication"}, identifier),
            ],
        }
        answers = server.handle("POST", "", body=transaction).body["entry"]
        reference = answers[0]["resource"]["medicationReference"]["reference"]
        assert server.handle("GET", reference).status == 200


def test_the_capability_statement_lists_the_search_parameters(server):
    statement = server.handle("GET", "metadata").body
    types = {each["type"]: each for each in statement["rest"][0]["resource"]}
    assert {"name": "code", "type": "token"} in types["Observation"]["searchParam"]


class TestOverHTTP:
    def test_a_read_is_fhir_json(self, client):
        answer = client("GET", "Patient/p1")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/fhir+json")
        assert answer.headers["etag"] == 'W/"1"'

    def test_a_search_goes_by_get_and_by_post(self, client):
        by_get = client("GET", "Patient", params={"gender": "male"})
        by_post = client("POST", "Patient/_search", data={"gender": "male"})
        assert by_get.json() == by_post.json()
        assert by_get.json()["total"] == 1

    def test_strict_handling_is_asked_for_in_a_header(self, client):
        assert client("GET", "Patient?foo=1").status_code == 200
        assert client("GET", "Patient?foo=1", headers={"Prefer": "handling=strict"}).status_code == 400

    def test_numbers_keep_their_digits(self, client):
        body = b'{"resourceType": "Observation", "id": "o", "valueQuantity": {"value": 6.10}}'
        client("PUT", "Observation/o", content=body)
        assert b"6.10" in client("GET", "Observation/o").content

    def test_a_body_that_is_not_json_or_too_long_is_refused(self, client):
        assert client("POST", "Patient", content=b"{").status_code == 400
        assert client("POST", "Patient", content=b" " * 2_000_001).status_code == 413

    def test_a_deletion_has_no_body(self, client):
        answer = client("DELETE", "Patient/p1")
        assert (answer.status_code, answer.content) == (204, b"")
