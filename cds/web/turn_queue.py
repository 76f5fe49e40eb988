"""The order in which calls have their turns: a lock that is handed on, not fought for."""

from __future__ import annotations

import asyncio
from collections import deque


class TurnQueue:
    """A lock with an order: calls that come back from standing aside go first, then the new ones as they came."""

    def __init__(self) -> None:
        self._held = False
        self._back: deque[asyncio.Future[None]] = deque()
        self._new: deque[asyncio.Future[None]] = deque()

    @property
    def is_free(self) -> bool:
        """Say whether nobody has the turn."""
        return not self._held

    async def acquire(self, *, back: bool) -> None:
        """Wait for the turn; `back` says that the call had it before and stood aside."""
        if not self._held:
            self._held = True
            return
        waiting = asyncio.get_running_loop().create_future()
        (self._back if back else self._new).append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():  # it was this call's turn already
                self.release()
            raise

    def release(self) -> None:
        """Hand the turn on."""
        for waiting in (self._back, self._new):
            while waiting:
                first = waiting.popleft()
                if not first.done():
                    first.set_result(None)
                    return
        self._held = False
