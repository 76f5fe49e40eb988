"""Whatever goes wrong inside: an OperationOutcome with CORS headers, and nothing of the message in body or log."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import StreamingResponse

from cds.errors import OutOfTime
from cds.web.error_responses import install_error_responses

CANARY = "canary-88"


def application() -> FastAPI:
    app = FastAPI()
    install_error_responses(app)
    app.add_middleware(CORSMiddleware, allow_origins=["*"])

    @app.get("/fails")
    async def fails():
        raise ValueError(CANARY)

    @app.get("/late")
    async def late():
        raise OutOfTime("too late")

    @app.get("/half")
    async def half():
        async def body():
            yield b"half"
            raise ValueError(CANARY)

        return StreamingResponse(body())

    @app.get("/typed/{number}")
    async def typed(number: int):
        raise AssertionError(number)

    return app


def call(method, path, **options):
    async def go():
        transport = httpx.ASGITransport(application())
        async with httpx.AsyncClient(transport=transport, base_url="http://t", headers={"Origin": "http://o"}) as http:
            return await http.request(method, path, **options)

    return asyncio.run(go())


@pytest.mark.ch("CH-089", "CH-090", "CH-165")
def test_an_unexpected_failure_is_a_500_with_an_outcome_and_cors_headers(capsys):
    answer = call("GET", "/fails")
    assert answer.status_code == 500
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.headers["access-control-allow-origin"] == "*"
    printed = "".join(capsys.readouterr())
    assert "ValueError" in printed
    assert CANARY not in answer.text + printed


def test_a_failure_in_the_middle_of_an_answer_cuts_it_off_without_a_second_answer(capsys):
    with pytest.raises(AssertionError):  # the transport's own: the answer was never finished
        call("GET", "/half")
    assert CANARY not in "".join(capsys.readouterr())


def test_a_refusal_that_may_pass_says_when_to_try_again():
    answer = call("GET", "/late")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["issue"][0]["code"] == "timeout"


def test_a_mistyped_parameter_is_named_not_repeated():
    answer = call("GET", f"/typed/{CANARY}")
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["path.number"]
    assert CANARY not in answer.text
