"""The outermost layer: addresses, headers, hosts, request ids, and the number of requests at a time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.responses import Response

from cds.web.guard import MAX_HEADER_BYTES, MAX_HEADERS, MAX_URL_BYTES, Guard
from cds.web.metrics import Metrics

HOST = (b"host", b"cds.example.org")


def scope(
    *headers: tuple[bytes, bytes], path: bytes = b"/cds-services", query: bytes = b"", version: str = "1.1"
) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "http_version": version,
        "path": path.decode(),
        "raw_path": path,
        "query_string": query,
        "headers": list(headers),
    }


async def fine(scope, receive, send):
    await Response("fine")(scope, receive, send)


async def ask(guard, request):
    """Send one request; returns (status, headers)."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    await guard(request, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])


def answer(request, *, app=fine, max_in_flight=10):
    return asyncio.run(ask(Guard(app, metrics=Metrics(), max_in_flight=max_in_flight), request))


def many(count: int, size: int) -> list[tuple[bytes, bytes]]:
    """`count` headers, Host among them, of `size` bytes together."""
    filler = [(b"x-%03d" % number, b"") for number in range(count - 1)]
    used = sum(len(name) + len(value) for name, value in [HOST, *filler])
    name, _ = filler[0]
    return [HOST, (name, b"a" * (size - used)), *filler[1:]]


@pytest.mark.parametrize(
    ("request_scope", "status"),
    [
        (scope(HOST), 200),
        (scope(*many(MAX_HEADERS, 2000)), 200),
        (scope(*many(MAX_HEADERS + 1, 2000)), 431),
        (scope(*many(10, MAX_HEADER_BYTES)), 200),
        (scope(*many(10, MAX_HEADER_BYTES + 1)), 431),
        (scope(HOST, path=b"/" + b"a" * (MAX_URL_BYTES - 1)), 200),
        (scope(HOST, path=b"/" + b"a" * MAX_URL_BYTES), 414),
        (scope(HOST, path=b"/", query=b"a" * MAX_URL_BYTES), 414),
        (scope(), 400),
        (scope(version="1.0"), 200),
        (scope(HOST, (b"host", b"other.example.org")), 400),
        (scope(HOST, path=b"http://other.example.org/cds-services"), 400),
    ],
)
def test_an_honest_request_passes_and_one_over_a_cap_does_not(request_scope, status):
    assert answer(request_scope)[0] == status


@pytest.mark.parametrize("given", [b"abc-123", b"a" * 64])
def test_a_plain_request_id_is_kept(given):
    assert answer(scope(HOST, (b"x-request-id", given)))[1][b"x-request-id"] == given


@pytest.mark.parametrize("given", [b"", b"a" * 65, b"a b", b"\x1b[31m", b"x;drop"])
def test_another_request_id_is_replaced(given):
    found = answer(scope(HOST, (b"x-request-id", given)))[1][b"x-request-id"]
    assert found != given
    assert len(found) == 36


def test_more_requests_than_the_server_takes_are_refused_and_health_checks_are_not():
    async def all_at_once():
        gate = asyncio.Event()

        async def slow(scope, receive, send):
            if scope["path"] == "/cds-services":
                await gate.wait()
            await Response("done")(scope, receive, send)

        guard = Guard(slow, metrics=Metrics(), max_in_flight=2)
        waiting = [asyncio.create_task(ask(guard, scope(HOST))) for _ in range(2)]
        await asyncio.sleep(0)
        status, headers = await ask(guard, scope(HOST))
        assert (status, headers[b"retry-after"]) == (503, b"1")
        assert (await ask(guard, scope(HOST, path=b"/livez")))[0] == 200
        gate.set()
        assert [status for status, _ in await asyncio.gather(*waiting)] == [200, 200]
        assert (await ask(guard, scope(HOST)))[0] == 200

    asyncio.run(all_at_once())


def test_a_refusal_repeats_nothing_of_the_request():
    async def body():
        sent = []

        async def send(message):
            sent.append(message)

        guard = Guard(fine, metrics=Metrics(), max_in_flight=2)
        await guard(scope(HOST, (b"x-canary", b"c4n4ry" * 10_000)), None, send)
        return b"".join(message.get("body", b"") for message in sent)

    assert b"c4n4ry" not in asyncio.run(body())
