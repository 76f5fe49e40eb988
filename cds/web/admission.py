"""Whose turn is it? Calls are worked on one at a time and in order; who would wait too long is told so at once.

The logic of a call uses the processor and nothing else, so that two calls at a time make both slower and no call
faster. While a call waits for a FHIR server or the database it stands aside and the next one has its turn.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import perf_counter

from cds.errors import RefusedRequest

_SMOOTHING = 0.1
_turn: ContextVar[_Turn | None] = ContextVar("turn", default=None)


class Overloaded(RefusedRequest):
    """The call would have to wait longer than its answer is worth."""

    status = 503
    code = "throttled"


class TooManyAtOnce(RefusedRequest):
    """One client has more calls open than its share while others wait."""

    status = 429
    code = "throttled"


class Admission:
    """The queue of one process. `max_wait` is in seconds; `share` is the part of the queue that one client may fill."""

    def __init__(self, max_wait: float, *, share: float = 0.5, first_guess: float = 0.01) -> None:
        self._max_wait = max_wait
        self._share = share
        self._lock = asyncio.Lock()
        self._waiting: Counter[str | None] = Counter()
        self._seconds = first_guess

    @property
    def places(self) -> int:
        """How many calls may wait, at the pace of the last ones."""
        return max(1, int(self._max_wait / self._seconds))

    def refuse_if_full(self, client: str | None) -> None:
        """Raise `Overloaded` or `TooManyAtOnce` for a call that would wait too long: before its body is read."""
        places = self.places
        if self._waiting.total() >= places:
            msg = "the server has all it can do: try again"
            raise Overloaded(msg)
        if client is not None and self._waiting[client] >= max(1, int(places * self._share)):
            msg = "too many calls of this client at once: wait for answers first"
            raise TooManyAtOnce(msg)

    @asynccontextmanager
    async def turn(self, client: str | None) -> AsyncIterator[None]:
        """Wait for this call's turn and have it until the end of the block, except where it stands `aside`."""
        self.refuse_if_full(client)
        turn = _Turn(self._lock)
        self._waiting[client] += 1
        try:
            await turn.begin()
        finally:
            self._waiting[client] -= 1
        token = _turn.set(turn)
        try:
            yield
        finally:
            _turn.reset(token)
            turn.end()
            self._seconds += _SMOOTHING * (turn.worked - self._seconds)


@asynccontextmanager
async def aside() -> AsyncIterator[None]:
    """Let others work while this call waits for something; outside a turn it does nothing."""
    turn = _turn.get()
    if turn is None:
        yield
        return
    turn.step_aside()
    try:
        yield
    finally:
        await turn.come_back()


class _Turn:
    """The lock as one call holds it: several waits at once, as for parallel reads, are one standing aside."""

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock
        self._held = False
        self._waits = 0
        self._since = 0.0
        self.worked = 0.0

    async def begin(self) -> None:
        await self._lock.acquire()
        self._held, self._since = True, perf_counter()

    def end(self) -> None:
        if self._held:
            self._held = False
            self.worked += perf_counter() - self._since
            self._lock.release()

    def step_aside(self) -> None:
        self._waits += 1
        self.end()

    async def come_back(self) -> None:
        self._waits -= 1
        if self._waits == 0:
            await self.begin()
            if self._waits:  # another wait began while this one queued for the lock
                self.end()
