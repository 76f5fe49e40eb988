"""Prefetch all, some, none × every mood of the FHIR server: the data, or a refusal that names what is missing."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from cds.data.fhir_client import FHIRServers
from cds.data.fhir_servers import AllowedServers
from cds.data.fhir_transport import FHIRTransport
from cds.data.gather import gather_patient_data
from cds.errors import PreconditionFailed
from cds.fhir.json import dumps
from cds.sandbox.server import SandboxServer
from cds.sandbox.store import FHIRStore
from tests.unit.data.small_guideline import NOW, everything, hook_request, prefetch_of, requirements

BASE = "https://ehr.example/fhir"
STORE = FHIRStore(everything(), base_url=BASE, clock=lambda: NOW)
TOKEN = {"access_token": "secret", "token_type": "Bearer", "expires_in": 60}
SOME = {"patient", "creatinine"}
REST = {"platelets", "conditions", "medication-requests"}


def answer(request: httpx.Request) -> httpx.Response:
    query = request.url.query.decode()
    result = SandboxServer(STORE).handle("GET", request.url.path.removeprefix("/fhir/"), query)
    return httpx.Response(result.status, content=dumps(result.body))


def with_token_only(request: httpx.Request) -> httpx.Response:
    return answer(request) if request.headers.get("authorization") == "Bearer secret" else httpx.Response(401)


def ignores_the_patient(request: httpx.Request) -> httpx.Response:
    query = b"&".join(part for part in request.url.query.split(b"&") if not part.startswith(b"patient="))
    return answer(httpx.Request("GET", request.url.copy_with(query=query)))


def cuts_the_bundle(request: httpx.Request) -> httpx.Response:
    bundle = answer(request).json()
    bundle["entry"] = bundle.get("entry", [])[1:]
    return httpx.Response(200, json=bundle)


def another_patient(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"resourceType": "Patient", "id": "p2"})


def refuses_connections(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no")


async def too_slow(request: httpx.Request) -> httpx.Response:
    await asyncio.sleep(1)
    return answer(request)


EMPTY = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": {"resourceType": "OperationOutcome"}}]}
MOODS = {
    "up": (answer, True),
    "wants the token": (with_token_only, True),
    "401": (lambda request: httpx.Response(401), False),
    "403": (lambda request: httpx.Response(403), False),
    "404": (lambda request: httpx.Response(404), False),
    "500": (lambda request: httpx.Response(500, text="<html>"), False),
    "html": (lambda request: httpx.Response(200, text="<html>"), False),
    "nothing": (lambda request: httpx.Response(204), False),
    "redirect": (lambda request: httpx.Response(302, headers={"location": f"{BASE}/login"}), False),
    "an outcome in place of matches": (lambda request: httpx.Response(200, json=EMPTY), False),
    "ignores the patient": (ignores_the_patient, False),
    "cuts the bundle": (cuts_the_bundle, False),
    "another patient": (another_patient, False),
    "refuses": (refuses_connections, False),
    "slow": (too_slow, False),
}


def gather(keys: set[str], handler=None, token: dict | None = TOKEN):
    async def go():
        transport = FHIRTransport(httpx.AsyncClient(transport=httpx.MockTransport(handler or answer)))
        servers = FHIRServers(AllowedServers([BASE] if handler else []), transport)
        prefetch = {key: value for key, value in prefetch_of(STORE).items() if key in keys}
        request = hook_request(prefetch, fhirServer=BASE, **({"fhirAuthorization": token} if token else {}))
        reader = servers.reader_for(request, seconds=0.3)
        try:
            return await gather_patient_data(requirements(), request, reader, None, now=NOW)
        finally:
            await servers.aclose()

    return asyncio.run(go())


WHOLE = gather(SOME | REST).resources


@pytest.mark.parametrize("mood", MOODS)
def test_a_whole_prefetch_needs_no_server(mood):
    assert gather(SOME | REST, MOODS[mood][0]).resources == WHOLE


@pytest.mark.parametrize("keys", [SOME, set()], ids=["some", "none"])
@pytest.mark.parametrize("mood", MOODS)
def test_what_is_missing_is_read_or_refused_by_name(mood, keys):
    handler, obtainable = MOODS[mood]
    if obtainable:
        assert gather(keys, handler).resources == WHOLE
        return
    with pytest.raises(PreconditionFailed) as refusal:
        gather(keys, handler)
    if mood != "another patient":
        assert "platelets" in str(refusal.value)
    assert refusal.value.status == 412


@pytest.mark.parametrize("keys", [SOME, set()], ids=["some", "none"])
def test_without_a_server_that_may_be_called_every_missing_key_is_named(keys):
    with pytest.raises(PreconditionFailed) as refusal:
        gather(keys)
    assert all(key in str(refusal.value) for key in REST)


@pytest.mark.parametrize("token", [None, {**TOKEN, "access_token": "wrong"}, {**TOKEN, "expires_in": 0}])
def test_without_the_right_token_nothing_is_obtained(token):
    with pytest.raises(PreconditionFailed):
        gather(SOME, with_token_only, token)
