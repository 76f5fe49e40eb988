"""The transport as it runs in production, over real sockets, against servers that behave badly."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import pytest

from cds.data.errors import FHIRServerError, FHIRServerFault
from cds.data.fhir_client import FHIRClient, FHIRServers
from cds.data.fhir_paging import PagingLimits
from cds.data.fhir_servers import AllowedServers
from tests.unit.data.small_guideline import hook_request

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENT = b'{"resourceType": "Patient", "id": "p1"}'


def response(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Socket:
    """A server that answers every request with the given bytes, and keeps what it was sent."""

    def __init__(self, *answers: bytes, then: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None) -> None:
        self.answers = answers
        self.then = then
        self.requests: list[str] = []
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.requests.append(head.decode())
                writer.write(self.answers[min(len(self.requests), len(self.answers)) - 1])
                await writer.drain()
                if self.then is not None:
                    await self.then(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def run(self, action: Callable[[FHIRClient], Awaitable[object]], *, seconds: float = 3.0, max_bytes: int = 100_000):
        async def go():
            server = await asyncio.start_server(self, "127.0.0.1", 0)
            base = f"http://localhost:{server.sockets[0].getsockname()[1]}/fhir"
            servers = FHIRServers(AllowedServers([base]), limits=PagingLimits(max_bytes=max_bytes))
            authorization = {"access_token": "secret", "token_type": "Bearer", "expires_in": 60}
            request = hook_request(fhirServer=base, fhirAuthorization=authorization)
            try:
                return await action(servers.reader_for(request, seconds=seconds))
            finally:
                await servers.aclose()
                server.close()
                await server.wait_closed()

        return asyncio.run(go())

    def fault(self, **more) -> FHIRServerFault:
        with pytest.raises(FHIRServerError) as error:
            self.run(read, **more)
        return error.value.kind


async def read(client: FHIRClient):
    return await client.read("Patient", "p1")


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def stall(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(2)


def test_a_good_answer_is_read():
    assert Socket(response(PATIENT)).run(read)["id"] == "p1"


def test_one_connection_serves_several_reads():
    socket = Socket(response(PATIENT))

    async def three_times(client):
        for _ in range(3):
            await client.read("Patient", "p1")

    socket.run(three_times)
    assert (len(socket.requests), socket.connections) == (3, 1)


def test_a_redirect_is_not_followed():
    socket = Socket(response(b"", "Location: /elsewhere", status="302 Found"))
    assert socket.fault() is FHIRServerFault.INVALID_ANSWER
    assert len(socket.requests) == 1


def test_a_cookie_is_not_sent_back():
    socket = Socket(response(PATIENT, "Set-Cookie: patient=p1; Path=/"))

    async def twice(client):
        await client.read("Patient", "p1")
        await client.read("Patient", "p1")

    socket.run(twice)
    assert all("cookie:" not in request.lower() for request in socket.requests)
    assert all("authorization: bearer secret" in request.lower() for request in socket.requests)


def test_proxy_variables_of_the_environment_are_not_believed(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert Socket(response(PATIENT)).run(read)["id"] == "p1"


def test_a_body_shorter_than_it_says_is_no_answer():
    assert Socket(response(PATIENT, length=1000), then=close).fault() is FHIRServerFault.UNAVAILABLE


def test_a_connection_closed_without_an_answer_is_no_answer():
    assert Socket(b"", then=close).fault() is FHIRServerFault.UNAVAILABLE


def test_nonsense_on_the_wire_is_no_answer():
    assert Socket(b"nonsense\r\n\r\n", then=close).fault() is FHIRServerFault.UNAVAILABLE


def test_a_server_that_stalls_in_the_body_is_left_at_the_deadline():
    assert Socket(response(PATIENT, length=1000), then=stall).fault(seconds=0.2) is FHIRServerFault.DEADLINE


def test_a_server_that_never_answers_is_left_at_the_deadline():
    assert Socket(b"", then=stall).fault(seconds=0.2) is FHIRServerFault.DEADLINE


def test_a_body_is_counted_after_decompression():
    bomb = gzip.compress(b" " * 3_000_000)
    assert len(bomb) < 100_000
    assert Socket(response(bomb, "Content-Encoding: gzip")).fault() is FHIRServerFault.INCOMPLETE


def test_a_compressed_answer_within_the_cap_is_read():
    assert Socket(response(gzip.compress(PATIENT), "Content-Encoding: gzip")).run(read)["id"] == "p1"


def test_a_broken_compression_is_no_answer():
    assert Socket(response(b"not gzip", "Content-Encoding: gzip")).fault() is FHIRServerFault.UNAVAILABLE


def test_nobody_listening_is_unavailable():
    async def go():
        base = "http://127.0.0.1:9/fhir"
        servers = FHIRServers(AllowedServers([base]))
        client = servers.reader_for(hook_request(fhirServer=base), seconds=2)
        try:
            await client.read("Patient", "p1")
        finally:
            await servers.aclose()

    with pytest.raises(FHIRServerError, match="unavailable"):
        asyncio.run(go())
