"""A body is there in time, whoever reads it: as JSON, as a form, as a file, piece by piece."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI, Request

from cds.web import request_body
from cds.web.admission import WHOLE
from cds.web.error_responses import install_error_responses
from cds.web.playground.forms import read_form, read_upload
from cds.web.request_body import TimedBodies, read_json

JSON = {"content-type": "application/json"}
MULTIPART = {"content-type": "multipart/form-data; boundary=x", "content-length": "100"}
READERS = {"/json": JSON, "/form": {}, "/upload": MULTIPART, "/pieces": {}}


def application() -> FastAPI:
    app = FastAPI()
    install_error_responses(app)
    app.add_middleware(TimedBodies)

    @app.post("/json")
    async def as_json(request: Request):
        return await read_json(request, max_bytes=1000)

    @app.post("/form")
    async def as_form(request: Request):
        return await read_form(request)

    @app.post("/upload")
    async def as_upload(request: Request):
        await read_upload(request, "package", 1000)

    @app.post("/pieces")
    async def pieces(request: Request):
        return [piece async for piece in request.stream()]

    @app.post("/leaving")
    async def leaving(request: Request):
        """Wait for the client to go, after its body."""
        await request.body()
        return [(await request.receive())["type"]]

    return app


def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t")


async def stalled():
    yield b"--x"
    await asyncio.Event().wait()


@pytest.mark.parametrize("path", READERS)
def test_a_body_that_does_not_arrive_is_a_408(monkeypatch, path):
    monkeypatch.setattr(request_body, "BODY_SECONDS", 0.02)

    async def go():
        async with client(application()) as http:
            return await http.post(path, content=stalled(), headers=READERS[path])

    answer = asyncio.run(go())
    assert answer.status_code == 408
    assert answer.json()["issue"][0]["code"] == "timeout"


@pytest.mark.parametrize("path", READERS)
def test_a_client_that_goes_away_in_the_middle_of_its_body_is_no_failure_of_ours(capsys, path):
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in READERS[path].items()]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    asyncio.run(application()(scope, receive, send))
    assert sent[0]["status"] == 400
    assert "unexpected" not in "".join(capsys.readouterr())


def test_the_time_of_a_body_ends_with_the_body(monkeypatch):
    """Who waits for the client to go away may wait for longer."""
    monkeypatch.setattr(request_body, "BODY_SECONDS", 0.02)
    messages = [{"type": "http.request", "body": b"{}"}]
    sent = []

    async def receive():
        if messages:
            return messages.pop()
        await asyncio.sleep(0.1)
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/leaving", "query_string": b"", "headers": []}
    asyncio.run(application()(scope, receive, send))
    assert sent[1]["body"] == b'["http.disconnect"]'


def test_a_body_that_the_connection_has_already_needs_no_clock(monkeypatch):
    monkeypatch.setattr(request_body, "BODY_SECONDS", -1.0)
    parts = [b"[1,", b"2]"]
    sent = []

    async def receive():
        await asyncio.sleep(0)
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/json", "query_string": b"", "headers": headers}
    asyncio.run(application()({**scope, "state": {WHOLE: True}}, receive, send))
    assert sent[1]["body"] == b"[1,2]"
    parts[:] = [b"[1,", b"2]"]
    sent.clear()
    asyncio.run(application()(scope, receive, send))
    assert sent[0]["status"] == 408


def test_a_body_is_as_large_as_all_its_parts_together():
    async def parts(count):
        for _ in range(count):
            yield b" " * 500

    async def go(count):
        async with client(application()) as http:
            return await http.post("/json", content=parts(count), headers=JSON)

    assert asyncio.run(go(2)).status_code == 400  # blanks are no JSON, but they were read
    assert asyncio.run(go(3)).status_code == 413
