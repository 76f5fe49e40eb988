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
    watch = _Watch()
    leaving = asyncio.create_task(_departure(request))
    leaving.add_done_callback(watch.stop)
    try:
        return await work
    except asyncio.CancelledError:
        if not watch.alone_stopped:
            raise
        msg = "the client went away"
        raise ClientGone(msg) from None
    finally:
        watch.end()
        leaving.cancel()


class _Watch:
    """Stops the task that is running now, if the client leaves before the end."""

    def __init__(self) -> None:
        working = asyncio.current_task()
        assert working is not None
        self._working = working
        self._is_over = False
        self._has_stopped = False

    @property
    def alone_stopped(self) -> bool:
        """Say whether the client's leaving stopped the task, and nobody else wants it to end."""
        return self._has_stopped and self._working.cancelling() == 1

    def stop(self, leaving: asyncio.Task[None]) -> None:
        """Stop the work, because the client left."""
        if not self._is_over:
            self._has_stopped = True
            self._working.cancel()
        if not leaving.cancelled():
            leaving.exception()  # a connection that failed is one that has ended

    def end(self) -> None:
        """Let the task go on with what comes after the work."""
        self._is_over = True
        if self._has_stopped:
            self._working.uncancel()


async def _departure(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
