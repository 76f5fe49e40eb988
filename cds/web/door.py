"""The door: in front of a full queue a hook call is refused at its headers.

Under ten times the load there are nine refusals for every answer. A task, the routing, the caller's key and the body
would cost each of them more than the answer is worth, and a refused caller may use its token again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog
from fastapi import Request

from cds.fhir.json import dumps
from cds.fhir.operation_outcome import operation_outcome
from cds.web.admission import PLACE, Admission, Overloaded, Place
from cds.web.guard import request_id_of
from cds.web.metrics import Metrics

STATE = "door"
_LOG_SECONDS = 1.0
_BODY = dumps(operation_outcome("throttled", "the server has all it can do: try again"))
_HEAD = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/fhir+json\r\nretry-after: 1\r\n"
    b"content-length: " + str(len(_BODY)).encode() + b"\r\nx-request-id: "
)

_log = structlog.get_logger()
Headers = Iterable[tuple[bytes, bytes]]


class Door:
    """Lets hook calls in, each with a place in the queue, or gives the whole refusal."""

    def __init__(self, admission: Admission, metrics: Metrics) -> None:
        self._admission = admission
        self._counter = metrics.refusals.labels("503")
        self._refused = 0

    def enter(self, address: str) -> Place | None:
        """Give a call its place; None when there is none."""
        try:
            return self._admission.take_place(address)
        except Overloaded:
            self._count()
            return None

    @staticmethod
    def refusal(headers: list[tuple[bytes, bytes]], more: Headers) -> bytes:
        """Write the refusal of a request with these headers; `more` are headers of the server's own."""
        lines = b"".join(b"\r\n%b: %b" % header for header in more)
        return b"".join((_HEAD, request_id_of(headers), lines, b"\r\n\r\n", _BODY))

    def _count(self) -> None:
        """Count a refusal; the log has one line for those of a second, which are thousands."""
        self._counter.inc()
        if not self._refused:
            asyncio.get_running_loop().call_later(_LOG_SECONDS, self._write)
        self._refused += 1

    def _write(self) -> None:
        _log.warning("hook calls refused at the door", status=503, calls=self._refused, seconds=_LOG_SECONDS)
        self._refused = 0


def place_of(request: Request, admission: Admission) -> Place:
    """Return the place that a request got at the door, or take one for it; raises `Overloaded`."""
    state = request.scope.setdefault("state", {})
    if PLACE not in state:
        state[PLACE] = admission.take_place(request.client.host if request.client else "")
    place: Place = state[PLACE]
    return place


def is_hook_call(method: bytes, url: bytes) -> bool:
    """Say whether a request is one that waits for a turn: a hook call, and no feedback."""
    return method == b"POST" and url.startswith(b"/cds-services/") and not url.partition(b"?")[0].endswith(b"/feedback")
