"""The door: in front of a full queue a hook call is refused at its headers.

Under ten times the load there are nine refusals for every answer. A task, the routing, the caller's key and the body
would cost each of them more than the answer is worth, and a refused caller may use its token again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog
from fastapi import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from cds.fhir.json import dumps
from cds.fhir.operation_outcome import operation_outcome
from cds.web.admission import PLACE, WHOLE, Admission, Overloaded, Place
from cds.web.guard import request_id_of
from cds.web.metrics import Metrics

STATE = "door"
_LOG_SECONDS = 1.0
_BODY = dumps(operation_outcome("throttled", "the server has all it can do: try again"))
_TOO_LONG = dumps(operation_outcome("too-long", "the headers are too long"))

_log = structlog.get_logger()
Headers = Iterable[tuple[bytes, bytes]]
GiveUp = Callable[[], None]
CLOSE = (b"connection", b"close")


class Door:
    """Lets hook calls in, each with a place in the queue, or gives the whole refusal.

    Of all requests, `max_bodies` may have a body that is on its way. Of one more, the longest on its way is given up:
    an honest body takes milliseconds, from whichever address, and who only holds a connection holds up nobody.
    """

    def __init__(self, admission: Admission, metrics: Metrics, *, max_bodies: int) -> None:
        self._admission = admission
        self._refusals = metrics.refusals
        self._counter = metrics.refusals.labels("503")
        self._refused = 0
        self._max_bodies = max_bodies
        self._coming: dict[GiveUp, None] = {}

    def enter(self, address: str) -> Place | None:
        """Give a call its place; None when there is none."""
        try:
            return self._admission.take_place(address)
        except Overloaded:
            self._count_for_load()
            return None

    def expect_body(self, give_up: GiveUp) -> None:
        """Note that a body is on its way; `give_up` ends its request when it has to."""
        self._coming[give_up] = None
        if len(self._coming) > self._max_bodies:
            longest = next(iter(self._coming))
            del self._coming[longest]
            self._count_for_load()
            longest()

    def forget_body(self, give_up: GiveUp) -> None:
        """Note that a body will not come."""
        self._coming.pop(give_up, None)

    def body_came(self, give_up: GiveUp, place: Place | None, *, was_refused: bool) -> None:
        """Note that a body is whole: the call that it makes is load, in the queue or refused."""
        self.forget_body(give_up)
        if was_refused:
            self._admission.count_refused()
        elif place is not None:
            self._admission.body_came(place)

    @staticmethod
    def refusal(headers: list[tuple[bytes, bytes]], more: Headers) -> bytes:
        """Write the refusal of a request with these headers; `more` are headers of the server's own."""
        return _answer(503, _BODY, headers, [(b"retry-after", b"1"), *more])

    def count(self, status: int) -> None:
        """Count a refusal at the edge that is not for load."""
        self._refusals.labels(str(status)).inc()

    def _count_for_load(self) -> None:
        """Count a refusal; the log has one line for those of a second, which are thousands."""
        self._counter.inc()
        if not self._refused:
            asyncio.get_running_loop().call_later(_LOG_SECONDS, self._write)
        self._refused += 1

    def _write(self) -> None:
        _log.warning("requests refused at the door", status=503, requests=self._refused, seconds=_LOG_SECONDS)
        self._refused = 0


def end_of_connection(headers: list[tuple[bytes, bytes]], door: Door | None) -> bytes:
    """Write the refusal of a request whose headers are too long (431); count it and log it."""
    if door is not None:
        door.count(431)
    request_id = request_id_of(headers)
    _log.warning("request refused at the edge", status=431, request_id=request_id.decode())
    return _answer(431, _TOO_LONG, [(b"x-request-id", request_id)], [CLOSE])


def _answer(status: int, body: bytes, headers: list[tuple[bytes, bytes]], more: Headers) -> bytes:
    lines = b"".join(b"\r\n%b: %b" % header for header in more)
    first = STATUS_LINE[status] + b"content-type: application/fhir+json\r\ncontent-length: %d\r\nx-request-id: "
    return b"".join((first % len(body), request_id_of(headers), lines, b"\r\n\r\n", body))


def place_of(request: Request, admission: Admission) -> Place:
    """Return the place that a request got at the door, or take one for it; raises `Overloaded`."""
    state = request.scope.setdefault("state", {})
    if PLACE not in state:
        address = request.client.host if request.client else ""
        state[PLACE] = admission.take_place(address, is_whole=state.get(WHOLE, False))
    place: Place = state[PLACE]
    return place


def is_hook_call(method: bytes, url: bytes) -> bool:
    """Say whether a request is one that waits for a turn: a hook call, and no feedback."""
    return method == b"POST" and url.startswith(b"/cds-services/") and not url.partition(b"?")[0].endswith(b"/feedback")
