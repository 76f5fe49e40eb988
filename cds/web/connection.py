"""HTTP connections that do not wait for ever, nor hold an address or headers of any length.

A hook call is refused here too, at its headers, when the queue is full.
"""

from __future__ import annotations

import asyncio
from typing import Any

from httptools import HttpParserError, HttpParserInvalidURLError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cds.web.admission import PLACE, WHOLE
from cds.web.door import CLOSE, STATE, Door, end_of_connection, is_hook_call
from cds.web.guard import MAX_HEADER_BYTES, MAX_URL_BYTES

HEADER_SECONDS = 10.0
MAX_HEAD_BYTES = MAX_URL_BYTES + 2 * MAX_HEADER_BYTES  # what is below may be refused by the guard, which names the cap
_TOO_LONG = b"/" + b"a" * MAX_URL_BYTES  # stands for a longer address until the guard refuses it, in its turn


class TimedConnection(HttpToolsProtocol):
    """uvicorn's protocol, closed when the headers of a request, or what follows its answer, are not whole in time.

    Several requests may come at once: each answer is for the request whose turn it is, or the connection is closed.
    """

    header_seconds = HEADER_SECONDS
    _waiting: asyncio.TimerHandle | None = None
    _refused = False
    _in_head = False
    _in_body = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Start the clock for the first request."""
        super().connection_made(transport)
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_waiting()
        if self._door is not None:
            self._door.forget_body(self._give_up_body)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Give up on a request whose address or headers go on and on: until they are whole, they are held."""
        in_head = self._in_head
        self._unset_keepalive_if_required()
        self._read(data)
        if in_head and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._end()
        if self._in_body and not self._is_idle and self._door is not None:
            self._door.expect_body(self._give_up_body)
        if self._is_idle and self._waiting is None and self.timeout_keep_alive_task is None:
            self._wait_for_headers()  # an empty line, or a body after its answer: uvicorn's clock was stopped for it

    def _read(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._read_again(data[upgrade.args[0] :])
        except HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _read_again(self, rest: bytes) -> None:
        """Take a request to change the protocol as if it had not asked (RFC 9110, 7.8).

        The parser takes everything after its headers for another protocol; Java's client asks with every first call.
        """
        kept = [(name, value) for name, value in self.headers if name != b"upgrade"]
        if len(kept) == len(self.headers):  # CONNECT
            self.send_400_response("Invalid HTTP request received.")
            return
        line = b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        head = b"".join(b"%b: %b\r\n" % header for header in kept)
        self._read(line + head + b"\r\n" + rest)

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
        self._in_head, self._in_body = False, True
        if self.parser.should_upgrade():  # it is read again
            return None
        if self.transport.is_closing():  # the answer before was the last one
            return None
        if len(self.url) > MAX_URL_BYTES:
            self.url = _TOO_LONG
        door = self._door
        if door is not None and self._is_idle and is_hook_call(self.parser.get_method(), self.url):
            place = door.enter(self.client[0] if self.client else "")
            if place is None:
                self._refuse(door)
                return None
            self.scope["state"][PLACE] = place
        self._stop_waiting()
        return super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request; of one that was answered before, the body was read and dropped, and the next one may come."""
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._in_body = False
        if self._is_idle:
            self._stop_waiting()
        if self._refused:
            self.on_response_complete()
        state = self.scope["state"]
        state[WHOLE] = True
        if self._door is not None:
            self._door.body_came(self._give_up_body, state.get(PLACE), was_refused=self._refused)

    def on_response_complete(self) -> None:
        """Go on to the next request; a body that still comes after its answer holds nobody up."""
        super().on_response_complete()
        if self._is_idle and self._door is not None:
            self._door.forget_body(self._give_up_body)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, unless this would be taken for the answer to a request before, or for a second."""
        if self._is_idle is not self._in_body and not self.pipeline:
            super().send_400_response(msg)
        self.transport.close()

    @property
    def _door(self) -> Door | None:
        return self.app_state.get(STATE)

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _refuse(self, door: Door) -> None:
        """Write the refusal; the body that may still come has the time that headers have."""
        self._refused = True
        self.cycle = _ANSWERED
        last = self.expect_100_continue or not self.parser.should_keep_alive()
        headers = [*self.server_state.default_headers, *([CLOSE] if last else [])]
        self.transport.write(door.refusal(self.headers, headers))
        if last:
            self.transport.close()

    def _give_up_body(self) -> None:
        """End the connection, as too many bodies are on their way; say so if it is this request's turn."""
        if self._door is not None and not (self._is_idle or self.pipeline or self.cycle.response_started):
            self.cycle.disconnected = True  # what waits for the body answers no more
            self.transport.write(self._door.refusal(self.headers, [*self.server_state.default_headers, CLOSE]))
        self.transport.close()

    def _end(self) -> None:
        """End the connection, as the head of a request is too long; say so if nothing else is to be answered first."""
        if self._is_idle and not self.transport.is_closing():
            self.transport.write(end_of_connection(self.headers, self._door))
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
