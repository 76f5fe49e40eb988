"""The outermost layer: refuse what no honest client sends before anything of it is read.

Caps on the address, the headers and the calls in flight; one Host; a request id for every answer and every line of
the log. What the HTTP parser refuses itself (Content-Length with Transfer-Encoding, bad lines) never comes here.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable

import structlog
from fastapi import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds.web.admission import PLACE, Place
from cds.web.error_responses import outcome_response
from cds.web.metrics import Metrics

MAX_URL_BYTES = 8_192
MAX_HEADER_BYTES = 32_768
MAX_HEADERS = 100
_REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{1,64}")
_ALWAYS_ANSWERED = ("/livez", "/readyz", "/metrics")

_log = structlog.get_logger()
Headers = list[tuple[bytes, bytes]]


class Guard:
    """ASGI middleware around everything; `max_in_flight` requests at a time are let through, health checks always."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, max_in_flight: int) -> None:
        self._app = app
        self._metrics = metrics
        self._max_in_flight = max_in_flight
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through or answer it at once; either answer carries the request id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope["headers"])
        with structlog.contextvars.bound_contextvars(request_id=request_id.decode()):
            try:
                await self._answer(scope, receive, _with_header(send, b"x-request-id", request_id))
            finally:
                place: Place | None = scope.get("state", {}).get(PLACE)
                if place is not None:
                    place.leave()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope) or self._refusal_for_load(scope)
        if refusal is not None:
            self._metrics.refusals.labels(str(refusal.status_code)).inc()
            _log.warning("request refused at the edge", status=refusal.status_code)
            await refusal(scope, receive, send)
            return
        self._in_flight += 1
        self._metrics.in_flight.set(self._in_flight)
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_flight -= 1
            self._metrics.in_flight.set(self._in_flight)

    def _refusal_for_load(self, scope: Scope) -> Response | None:
        if self._in_flight < self._max_in_flight or scope["path"] in _ALWAYS_ANSWERED:
            return None
        text = "the server has all it can do: try again"
        return outcome_response(503, "throttled", text, headers={"Retry-After": "1"})


def _refusal(scope: Scope) -> Response | None:
    """Answer for a request whose address or headers are not those of an honest client; None when there is no fault."""
    headers: Headers = scope["headers"]
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL_BYTES:
        return _closing(414, "too-long", f"the address is longer than {MAX_URL_BYTES} bytes")
    if len(headers) > MAX_HEADERS or sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
        return _closing(431, "too-long", f"more than {MAX_HEADERS} headers, or {MAX_HEADER_BYTES} bytes of them")
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1 and scope.get("http_version") != "1.0":
        return _closing(400, "invalid", "a request has exactly one Host header")
    if not scope["raw_path"].startswith(b"/"):
        return _closing(400, "invalid", "the address is a path, not a whole URL")
    return None


def _closing(status: int, code: str, text: str) -> Response:
    return outcome_response(status, code, text, headers={"Connection": "close"})


def request_id_of(headers: Headers) -> bytes:
    """Return the caller's request id where it is a plain one, else a new one: it goes into logs and answers."""
    given = [value for name, value in headers if name == b"x-request-id"]
    return given[0] if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]) else str(uuid.uuid4()).encode()


def _with_header(send: Send, name: bytes, value: bytes) -> Callable[[Message], Awaitable[None]]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), (name, value)]
        await send(message)

    return sending
