"""HTTP connections that do not wait for ever, nor hold an address or headers of any length.

A hook call is refused here too, at its headers, when the queue is full.
"""

from __future__ import annotations

import asyncio
from typing import Any

from httptools import HttpParserInvalidURLError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cds.web.admission import PLACE
from cds.web.door import STATE, Door, end_of_connection, is_hook_call
from cds.web.guard import MAX_HEADER_BYTES, MAX_URL_BYTES

HEADER_SECONDS = 10.0
MAX_HEAD_BYTES = MAX_URL_BYTES + 2 * MAX_HEADER_BYTES  # what is below may be refused by the guard, which names the cap


class TimedConnection(HttpToolsProtocol):
    """uvicorn's protocol, closed when the headers of a request are not whole in time."""

    header_seconds = HEADER_SECONDS
    _waiting: asyncio.TimerHandle | None = None
    _refused = False
    _in_head = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Start the clock for the first request."""
        super().connection_made(transport)
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Give up on a request whose address or headers go on and on: until they are whole, they are held."""
        in_head = self._in_head
        super().data_received(data)
        if in_head and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._end(431)

    def on_message_begin(self) -> None:
        """Start the clock for a further request on this connection."""
        super().on_message_begin()
        self._refused, self._in_head, self._head_bytes = False, True, 0
        if self._waiting is None:
            self._wait_for_headers()

    def on_url(self, url: bytes) -> None:
        """Take the address of the request; a whole URL is refused with 400, as it may name another host than Host."""
        super().on_url(url)
        if not self.url.startswith((b"/", b"*")):
            raise HttpParserInvalidURLError

    def on_headers_complete(self) -> Any:
        """Stop the clock: from here on the body has its own. A call without a place is answered here."""
        self._in_head = False
        if len(self.url) > MAX_URL_BYTES:
            self._end(414)
            return None
        door: Door | None = self.app_state.get(STATE)
        if door is not None and self._is_idle and is_hook_call(self.parser.get_method(), self.url):
            place = door.enter(self.client[0] if self.client else "")
            if place is None:
                self._refuse(door)
                return None
            self.scope["state"][PLACE] = place
        self._stop_waiting()
        return super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request that was refused at its headers: its body was read and dropped, the next one may come."""
        super().on_message_complete()
        if self._refused:
            self._stop_waiting()
            self.on_response_complete()

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _refuse(self, door: Door) -> None:
        """Write the refusal; the body that may still come has the time that headers have."""
        self._refused = True
        self.cycle = _ANSWERED
        last = self.expect_100_continue or not self.parser.should_keep_alive()
        headers = [*self.server_state.default_headers, *([(b"connection", b"close")] if last else [])]
        self.transport.write(door.refusal(self.headers, headers))
        if last:
            self.transport.close()

    def _end(self, status: int) -> None:
        """Refuse a request whose head is too long, and the connection with it."""
        if self.transport.is_closing() or not self._is_idle:
            return
        self._in_head = False
        self._stop_waiting()
        self.cycle = _ANSWERED
        self.transport.write(end_of_connection(status, self.headers, self.app_state.get(STATE)))
        self.transport.close()

    def _wait_for_headers(self) -> None:
        self._waiting = self.loop.call_later(self.header_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class _Answered:
    """What stands where uvicorn keeps the request that is worked on, after one that needs no work any more."""

    response_complete = True
    disconnected = False
    keep_alive = True
    message_event = asyncio.Event()


_ANSWERED: Any = _Answered()
