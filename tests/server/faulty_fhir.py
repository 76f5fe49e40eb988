"""An EHR's FHIR server over the sandbox's patients, in every mood that a real one can be in.

The mood is the first segment of the path: `http://127.0.0.1:PORT/<mood>/fhir`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cds.fhir.json import dumps
from cds.sandbox.server import SandboxServer
from cds.sandbox.store import FHIRStore
from cds.sandbox.synthetic_patients import sandbox_resources

TOKEN = "t0ken-of-this-call"
OTHER_PATIENT = "renal-failure-of-somebody-else"
Mood = Callable[["FaultyFHIR", Request, str], Awaitable[Response]]


def _fhir(status: int, resource: Any, **headers: str) -> Response:
    return Response(dumps(resource), status, headers, media_type="application/fhir+json")


async def up(server: FaultyFHIR, request: Request, path: str) -> Response:
    return server.answer(request, path)


async def wants_the_token(server: FaultyFHIR, request: Request, path: str) -> Response:
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        return _fhir(401, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "login"}]})
    return server.answer(request, path)


async def pages(server: FaultyFHIR, request: Request, path: str) -> Response:
    """One match per page; every page wants the token."""
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        return Response(status_code=401)
    number = int(request.query_params.get("_page", "0"))
    document = server.decoded(request, path, without={"_page"})
    if document.get("resourceType") != "Bundle":
        return _fhir(200, document)
    entries = document.get("entry", [])
    document["entry"] = entries[number : number + 1]
    if number + 1 < len(entries):
        url = request.url.include_query_params(_page=number + 1)
        document.setdefault("link", []).append({"relation": "next", "url": str(url)})
    return _fhir(200, document)


async def next_leads_elsewhere(server: FaultyFHIR, request: Request, path: str) -> Response:
    document = server.decoded(request, path)
    document.setdefault("link", []).append({"relation": "next", "url": "http://127.0.0.1:9/steal"})
    return _fhir(200, document)


async def slow(server: FaultyFHIR, request: Request, path: str) -> Response:
    await asyncio.sleep(8)
    return server.answer(request, path)


async def adds_foreign_rows(server: FaultyFHIR, request: Request, path: str) -> Response:
    """Lies: another patient's results among those that were asked for."""
    document = server.decoded(request, path)
    for entry in list(document.get("entry", [])):
        resource = json.loads(dumps(entry["resource"]))
        for element in ("subject", "patient"):
            if element in resource:
                resource[element] = {"reference": f"Patient/{OTHER_PATIENT}"}
        document["entry"].append({"resource": {**resource, "id": f"foreign-{resource['id']}"[:64]}})
    return _fhir(200, document)


async def ignores_the_patient(server: FaultyFHIR, request: Request, path: str) -> Response:
    """Lies: everybody's results, the self link shows it."""
    return _fhir(200, server.decoded(request, path, without={"patient", "subject"}))


async def another_patient(server: FaultyFHIR, request: Request, path: str) -> Response:
    if path.startswith("Patient/"):
        return _fhir(200, {"resourceType": "Patient", "id": OTHER_PATIENT})
    return server.answer(request, path)


async def cuts_the_bundle(server: FaultyFHIR, request: Request, path: str) -> Response:
    """Lies: fewer rows than the total says, and no next page."""
    document = server.decoded(request, path)
    if document.get("resourceType") == "Bundle":
        document |= {"total": len(document.get("entry", [])) + 1}
    return _fhir(200, document)


async def outcome_only(server: FaultyFHIR, request: Request, path: str) -> Response:
    """A searchset that holds nothing but the news that the search failed."""
    issue = {"severity": "error", "code": "exception"}
    entry = {"search": {"mode": "outcome"}, "resource": {"resourceType": "OperationOutcome", "issue": [issue]}}
    return _fhir(200, {"resourceType": "Bundle", "type": "searchset", "total": 0, "entry": [entry]})


def always(status: int, body: bytes = b"", media_type: str = "text/html", **headers: str) -> Mood:
    async def answer(server: FaultyFHIR, request: Request, path: str) -> Response:
        return Response(body, status, headers, media_type=media_type)

    return answer


MOODS: dict[str, Mood] = {
    "up": up,
    "wants-the-token": wants_the_token,
    "pages": pages,
    "adds-foreign-rows": adds_foreign_rows,
    "slow": slow,
    "401": always(401),
    "403": always(403),
    "404": always(404),
    "429": always(429, **{"Retry-After": "1"}),
    "500": always(500, b"<html>"),
    "503": always(503),
    "html": always(200, b"<html>"),
    "no-content": always(204),
    "redirect": always(302, Location="http://127.0.0.1:9/login"),
    "outcome": always(200, b'{"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "x"}]}'),
    "outcome-only": outcome_only,
    "ignores-the-patient": ignores_the_patient,
    "another-patient": another_patient,
    "cuts-the-bundle": cuts_the_bundle,
    "next-leads-elsewhere": next_leads_elsewhere,
}


class FaultyFHIR:
    """The application; `seen` lists (mood, path, Authorization header) of every request, `abandoned` the paths
    of those whose client went away."""

    def __init__(self, port: int, day: Any, moods: Mapping[str, Mood] = MOODS) -> None:
        self._moods = moods
        self.address = f"http://127.0.0.1:{port}"
        self.seen: list[tuple[str, str, str | None]] = []
        self.abandoned: list[str] = []
        resources = sandbox_resources(day)
        self._servers = {
            mood: SandboxServer(FHIRStore(resources, base_url=self.base(mood), zone=UTC)) for mood in moods
        }
        self.app = Starlette(routes=[Route("/{mood}/fhir/{path:path}", self._handle)])

    def base(self, mood: str) -> str:
        return f"{self.address}/{mood}/fhir"

    def decoded(self, request: Request, path: str, *, without: frozenset[str] | set[str] = frozenset()) -> Any:
        """The truthful answer as JSON; query parameters may be left out before it is asked for."""
        query = "&".join(part for part in request.url.query.split("&") if part.partition("=")[0] not in without)
        mood = request.path_params["mood"]
        answer = self._servers[mood].handle("GET", path, query, prefer=request.headers.get("prefer", ""))
        return json.loads(dumps(answer.body))

    def answer(self, request: Request, path: str) -> Response:
        """The truthful answer."""
        mood = request.path_params["mood"]
        query, prefer = request.url.query, request.headers.get("prefer", "")
        answer = self._servers[mood].handle("GET", path, query, prefer=prefer)
        return _fhir(answer.status, answer.body)

    async def _handle(self, request: Request) -> Response:
        mood, path = request.path_params["mood"], request.path_params["path"]
        self.seen.append((mood, path, request.headers.get("authorization")))
        return await self._moods[mood](self, request, path)
