"""Work is done while somebody waits for it."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from cds.errors import BadRequest
from cds.web.departure import ClientGone, unless_gone


def request(gone: asyncio.Event) -> Request:
    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "headers": []}, receive)


def test_work_is_done_for_a_client_that_waits():
    async def work():
        await asyncio.sleep(0)
        return "cards"

    async def go():
        return await unless_gone(request(asyncio.Event()), work())

    assert asyncio.run(go()) == "cards"


def test_a_refusal_comes_through():
    async def work():
        msg = "no"
        raise BadRequest(msg)

    async def go():
        await unless_gone(request(asyncio.Event()), work())

    with pytest.raises(BadRequest):
        asyncio.run(go())


def test_work_ends_when_the_client_is_gone():
    ended = []

    async def work():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def go():
        gone = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, gone.set)
        await unless_gone(request(gone), work())

    with pytest.raises(ClientGone):
        asyncio.run(go())
    assert ended == ["cancelled"]


def test_a_call_that_is_cancelled_cancels_its_work():
    ended = []

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("ended")

    async def go():
        call = asyncio.create_task(unless_gone(request(asyncio.Event()), work()))
        await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(go())
    assert ended == ["ended"]
