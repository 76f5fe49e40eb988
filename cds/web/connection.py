"""HTTP connections that do not wait for ever: uvicorn has no time limit for headers."""

from __future__ import annotations

import asyncio
from typing import Any

from httptools import HttpParserInvalidURLError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 10.0


class TimedConnection(HttpToolsProtocol):
    """uvicorn's protocol, closed when the headers of a request are not whole in time."""

    header_seconds = HEADER_SECONDS
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Start the clock for the first request."""
        super().connection_made(transport)
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Start the clock for a further request on this connection."""
        super().on_message_begin()
        if self._waiting is None:
            self._wait_for_headers()

    def on_url(self, url: bytes) -> None:
        """Take the address of the request; a whole URL is refused with 400, as it may name another host than Host."""
        super().on_url(url)
        if not self.url.startswith((b"/", b"*")):
            raise HttpParserInvalidURLError

    def on_headers_complete(self) -> Any:
        """Stop the clock: from here on the body has its own."""
        self._stop_waiting()
        return super().on_headers_complete()

    def _wait_for_headers(self) -> None:
        self._waiting = self.loop.call_later(self.header_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
