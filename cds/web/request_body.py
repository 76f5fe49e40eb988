"""Bodies: whoever reads one has it in time or not at all; JSON has the right content type and a size, and is strict."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds.errors import BadRequest, RefusedRequest
from cds.fhir.json import loads
from cds.web.admission import WHOLE

BODY_SECONDS = 10.0
_JSON_TYPES = ("application/json", "application/fhir+json")


class UnsupportedMediaType(RefusedRequest):
    """The body is not announced as JSON in UTF-8."""

    status = 415
    code = "not-supported"


class BodyTooSlow(RefusedRequest):
    """The body did not arrive in time."""

    status = 408
    code = "timeout"


class BodyTooLarge(RefusedRequest):
    """The body is larger than the server reads."""

    status = 413
    code = "too-long"


class TimedBodies:
    """ASGI middleware: a body comes in time, or who reads it gets a `RefusedRequest` that says why not (400, 408).

    It is the same for calls, forms, uploads and the sandbox. How many bodies may be waited for is the door's affair.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        await self._app(scope, _in_time(scope, receive) if scope["type"] == "http" else receive, send)


def _in_time(scope: Scope, receive: Receive) -> Receive:
    until: float | None = None
    is_whole = False

    async def next_part() -> Message:
        nonlocal until, is_whole
        if is_whole:  # what comes now is the end of the connection, whenever that is
            return await receive()
        if scope.get("state", {}).get(WHOLE):  # the connection has all of it already
            message = await receive()
        else:
            if until is None:
                until = asyncio.get_running_loop().time() + BODY_SECONDS
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                msg = f"the body did not arrive within {BODY_SECONDS:.0f} s"
                raise BodyTooSlow(msg) from None
        if message["type"] == "http.disconnect":
            msg = "the client went away before the body was whole"
            raise BadRequest(msg)
        is_whole = not message.get("more_body", False)
        return message

    return next_part


async def read_json(request: Request, *, max_bytes: int) -> Any:
    """Return the decoded body; raise `RefusedRequest` (400, 413, 415) that says why not."""
    return loads(await read_body(request, max_bytes=max_bytes))


async def read_body(request: Request, *, max_bytes: int) -> bytes:
    """Return the bytes of a JSON body; raise `RefusedRequest` (413, 415) that says why not."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() not in _JSON_TYPES:
        msg = "send the request as Content-Type: application/json"
        raise UnsupportedMediaType(msg)
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if charset not in ("", "utf-8", "utf8"):
        msg = "JSON is UTF-8: leave the charset out"
        raise UnsupportedMediaType(msg)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        msg = "compressed bodies are not read: send the body without Content-Encoding"
        raise UnsupportedMediaType(msg)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        _refuse_size(max_bytes)
    size, parts = 0, []
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            _refuse_size(max_bytes)
        if part:
            parts.append(part)
    return b"".join(parts)


def _refuse_size(max_bytes: int) -> None:
    msg = f"the body is larger than {max_bytes} bytes (CDS_MAX_BODY_BYTES)"
    raise BodyTooLarge(msg)
