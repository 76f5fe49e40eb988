"""The client that goes away before it is answered: nobody reads what is still being worked out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from cds.errors import RefusedRequest

_Result = TypeVar("_Result")


class ClientGone(RefusedRequest):
    """The client closed the connection; the status is for the log, nobody receives it."""

    status = 499
    code = "transient"


async def unless_gone(request: Request, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Do the work, and stop it, with its reads of FHIR servers, as soon as the client is gone.

    Call it when the body has been read. Raises `ClientGone`, and whatever the work raises.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_departure(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        msg = "the client went away"
        raise ClientGone(msg)
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _departure(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
