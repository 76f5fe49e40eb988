"""More moods of an EHR's FHIR server: pages that mislead, parameters that are ignored, answers too large to hold."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from cds.fhir.json import dumps
from tests.server.faulty_fhir import MOODS, TOKEN, FaultyFHIR, Mood, always

ELSEWHERE = "http://127.0.0.1:9"
_FHIR_JSON = "application/fhir+json"
_READS_BEFORE_EXPIRY = 1


def _answer(document: Any, **headers: str) -> Response:
    return Response(dumps(document), 200, headers, media_type=_FHIR_JSON)


def _next(leads_to: str) -> Mood:
    """A search whose first page names a next one; `{base}` and `{here}` stand for the server and the address asked."""

    async def answer(server: FaultyFHIR, request: Request, path: str) -> Response:
        document = server.decoded(request, path, without={"_page"})
        base = server.base(request.path_params["mood"])
        number = int(request.query_params.get("_page", "0")) + 1
        url = leads_to.format(base=base, here=request.url, page=request.url.include_query_params(_page=number))
        document.setdefault("link", []).append({"relation": "next", "url": url})
        return _answer(document)

    return answer


async def repeats_itself(server: FaultyFHIR, request: Request, path: str) -> Response:
    """Two pages with the same entries on both."""
    document = server.decoded(request, path, without={"_page"})
    if document["resourceType"] == "Bundle" and "_page" not in request.query_params:
        url = str(request.url.include_query_params(_page=1))
        document.setdefault("link", []).append({"relation": "next", "url": url})
    document.pop("total", None)
    return _answer(document)


def _ignoring(*names: str) -> Mood:
    """A server that drops these parameters without a word."""

    async def answer(server: FaultyFHIR, request: Request, path: str) -> Response:
        return _answer(server.decoded(request, path, without=set(names)))

    return answer


async def in_any_order(server: FaultyFHIR, request: Request, path: str) -> Response:
    document = server.decoded(request, path)
    document.get("entry", []).reverse()
    return _answer(document)


async def pages_of_one(server: FaultyFHIR, request: Request, path: str) -> Response:
    """One match per page, for everybody."""
    document = server.decoded(request, path, without={"_page"})
    entries = document.get("entry", [])
    number = int(request.query_params.get("_page", "0"))
    if number + 1 < len(entries):
        url = str(request.url.include_query_params(_page=number + 1))
        document.setdefault("link", []).append({"relation": "next", "url": url})
    if entries:
        document["entry"] = entries[number : number + 1]
    return _answer(document)


async def without_total(server: FaultyFHIR, request: Request, path: str) -> Response:
    document = server.decoded(request, path)
    document.pop("total", None)
    return _answer(document)


async def compressed(server: FaultyFHIR, request: Request, path: str) -> Response:
    headers = {"Content-Encoding": "gzip"}
    return Response(gzip.compress(server.answer(request, path).body), 200, headers, media_type=_FHIR_JSON)


_BOMB = gzip.compress(b" " * 300_000_000)


async def bomb(server: FaultyFHIR, request: Request, path: str) -> Response:
    """300 kB that become 300 MB."""
    return Response(_BOMB, 200, {"Content-Encoding": "gzip"}, media_type=_FHIR_JSON)


async def endless(server: FaultyFHIR, request: Request, path: str) -> Response:
    """A Bundle of 100 MB."""

    async def parts() -> AsyncIterator[bytes]:
        yield b'{"resourceType": "Bundle", "type": "searchset", "entry": ['
        for _ in range(100):
            yield b'{"resource": {"resourceType": "Observation", "text": "' + b"x" * 1_000_000 + b'"}},'

    return StreamingResponse(parts(), media_type=_FHIR_JSON)


async def drips(server: FaultyFHIR, request: Request, path: str) -> Response:
    """The truthful answer, a byte at a time."""
    body = bytes(server.answer(request, path).body)

    async def parts() -> AsyncIterator[bytes]:
        for byte in body:
            yield bytes([byte])
            await asyncio.sleep(0.2)

    return StreamingResponse(parts(), media_type=_FHIR_JSON)


async def waits(server: FaultyFHIR, request: Request, path: str) -> Response:
    """Answer after a long time, or note that nobody waits any more."""
    for _ in range(1200):
        if await request.is_disconnected():
            server.abandoned.append(path)
            break
        await asyncio.sleep(0.05)
    return server.answer(request, path)


async def in_xml(server: FaultyFHIR, request: Request, path: str) -> Response:
    return Response('<Bundle xmlns="http://hl7.org/fhir"/>', media_type="application/fhir+xml")


async def token_expires(server: FaultyFHIR, request: Request, path: str) -> Response:
    """The token is good for one read of a call and refused from then on."""
    earlier = [seen for seen in server.seen if seen[0] == "token-expires"]
    if request.headers.get("authorization") != f"Bearer {TOKEN}" or len(earlier) > _READS_BEFORE_EXPIRY:
        return Response(status_code=401)
    return server.answer(request, path)


FAULTS: dict[str, Mood] = {
    **MOODS,
    "410": always(410),
    "429-for-long": always(429, **{"Retry-After": "60"}),
    "text": always(200, b"Bundle", "text/plain"),
    "nothing-at-all": always(200, b"", _FHIR_JSON),
    "next-is-here": _next("{here}"),
    "next-over-other-scheme": _next("https://127.0.0.1:9/steal"),
    "next-hides-the-base": _next(ELSEWHERE + "/steal?x={base}"),
    "next-has-the-base-as-user": _next("{base}@127.0.0.1:9/steal"),
    "next-goes-up": _next("{base}/../../up/fhir/Observation"),
    "pages-without-end": _next("{page}"),
    "repeats-itself": repeats_itself,
    "ignores-the-code": _ignoring("code"),
    "ignores-include": _ignoring("_include"),
    "in-any-order": in_any_order,
    "without-total": without_total,
    "pages-of-one": pages_of_one,
    "compressed": compressed,
    "bomb": bomb,
    "endless": endless,
    "drips": drips,
    "waits": waits,
    "xml": in_xml,
    "token-expires": token_expires,
}
