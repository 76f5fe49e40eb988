"""Whose turn is it? Calls are worked on one at a time and in order; who would wait too long is told so at once.

The logic of a call uses the processor and nothing else, so that two calls at a time make both slower and no call
faster. While a call waits for a FHIR server or the database it stands aside and the next one has its turn.

Calls often come together (a chart that is opened asks several services at once): such a burst may wait. When more
calls come than can be worked on, and go on coming, waiting helps nobody: each call that is answered would have waited
as long as the queue is. From then on one call waits, or none where twice as many come, and the others are refused; a
call from another address than the one that is worked on finds a place of its own.

A call is work from when its body is there: headers alone fill no queue, and those that are refused are no load. Only
in overload a call waits behind headers that came before, from its own address.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import perf_counter

from cds.errors import RefusedRequest
from cds.web.turn_queue import TurnQueue

PLACE = "place"  # the name under which a request carries its place
WHOLE = "whole"  # the name under which it carries that its body is there
_SMOOTHING = 0.1
_BODY_SECONDS = 0.05  # how long a place is kept for a call whose body is still on its way
_SURPLUS = 1, 20  # times the longest wait: from where on the server is overloaded, and up to where it is remembered
_IDLE_CALLS = 4
_turn: ContextVar[_Turn | None] = ContextVar("turn", default=None)


class Overloaded(RefusedRequest):
    """The call would have to wait longer than its answer is worth."""

    status = 503
    code = "throttled"


class TooManyAtOnce(RefusedRequest):
    """One client has more calls open than its share while others wait."""

    status = 429
    code = "throttled"


class Place:
    """A place in the queue: taken when the headers of a call are there, kept until it has its turn or is refused.

    `is_whole` says that its body is there too.
    """

    def __init__(self, address: str, until: float, queue: list[Place], *, is_whole: bool) -> None:
        self.address = address
        self.until = until
        self.is_whole = is_whole
        self.client: str | None = None
        self._queue = queue

    @property
    def is_kept(self) -> bool:
        """Say whether the place was not given back, nor lost because the body took its time."""
        return self in self._queue

    def leave(self) -> None:
        """Give the place back, unless it was given back or lost already."""
        if self in self._queue:
            self._queue.remove(self)


class Admission:
    """The queue of one process. `max_wait` is in seconds; `share` is the part of the queue that one client may fill."""

    def __init__(
        self,
        max_wait: float,
        *,
        share: float = 0.5,
        first_guess: float = 0.01,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._max_wait = max_wait
        self._share = share
        self._clock = clock
        self._queue = TurnQueue()
        self._places: list[Place] = []
        self._open: list[str] = []
        self._seconds = first_guess
        self._surplus = 0.0
        self._counted = self._ended = clock()

    @property
    def places(self) -> int:
        """How many calls may wait, at the pace of the last ones, unless the server is overloaded."""
        return max(1, int(self._max_wait / self._seconds))

    @property
    def is_overloaded(self) -> bool:
        """Say whether more calls were refused of late than a burst brings: as much work as may wait."""
        return self._surplus > _SURPLUS[0] * self._max_wait

    def take_place(self, address: str, *, is_whole: bool = False) -> Place:
        """Let a call from this address into the queue; raise `Overloaded` when it would wait too long.

        `is_whole` says that its body is there; a refused call whose body comes later is counted then.
        """
        now = self._clock()
        self._forget(now)
        self._places[:] = [place for place in self._places if place.until > now]
        if self._is_full(address):
            if is_whole:
                self.count_refused()
            msg = "the server has all it can do: try again"
            raise Overloaded(msg)
        place = Place(address, now + _BODY_SECONDS, self._places, is_whole=is_whole)
        self._places.append(place)
        return place

    def body_came(self, place: Place) -> None:
        """Note that the call of a place is whole; the place is lost if the queue was filled in the meantime."""
        if place.is_whole or not place.is_kept:
            return
        place.leave()
        if not self._is_full(place.address):
            place.is_whole = True
            self._places.append(place)

    def count_refused(self) -> None:
        """Count the work of a call that was refused: its body came, so that it was one."""
        self._surplus = min(self._surplus + self._seconds, _SURPLUS[1] * self._max_wait)

    def _is_full(self, address: str) -> bool:
        """Say whether a call from this address would wait too long."""
        ahead = sum(place.is_whole for place in self._places) + (0 if self._queue.is_free else 1)
        if not self.is_overloaded:
            return ahead > self.places
        may_wait = 0 if self._surplus > _SURPLUS[1] * self._max_wait / 2 else 1
        own = [place.is_whole for place in self._places if place.address == address]
        ahead += own.count(False)
        return ahead > may_wait + 1 or (ahead > may_wait and (bool(own) or address in self._open))

    def refuse_if_greedy(self, client: str | None) -> None:
        """Raise `TooManyAtOnce` for a client whose calls fill its share of the queue."""
        if client is None:
            return
        waiting = Counter(place.client for place in self._places)
        if waiting[client] >= max(1, int(self.places * self._share)):
            msg = "too many calls of this client at once: wait for answers first"
            raise TooManyAtOnce(msg)

    @asynccontextmanager
    async def turn(self, place: Place, client: str | None = None) -> AsyncIterator[None]:
        """Wait for this call's turn and have it until the end of the block, except where it stands `aside`.

        Raises `Overloaded` when the place is lost, because the body took its time, and none is free;
        `TooManyAtOnce` as above.
        """
        self.body_came(place)
        if not place.is_kept:
            place = self.take_place(place.address, is_whole=True)
        self.refuse_if_greedy(client)
        place.until, place.client = float("inf"), client
        turn = _Turn(self._queue, self)
        self._open.append(place.address)
        try:
            try:
                await turn.begin()
            finally:
                place.leave()
            token = _turn.set(turn)
            try:
                yield
            finally:
                _turn.reset(token)
                turn.finish()
                self._seconds += _SMOOTHING * (turn.worked - self._seconds)
        finally:
            self._open.remove(place.address)
            self._ended = self._clock()

    def _forget(self, now: float) -> None:
        """Let go of the surplus, the work of the calls that were refused, as time goes by in which it could be done."""
        done, self._counted = now - self._counted, now
        # Idle for longer than some calls take: there is room, whatever the estimates say. Once may be a process that
        # was held up, so that it takes a few such pauses to forget an overload.
        waiting = any(place.is_whole for place in self._places)
        idle = not self._open and not waiting and now - self._ended > _IDLE_CALLS * self._seconds
        self._surplus = max(0.0, (self._surplus / 2 if idle else self._surplus) - done)


@asynccontextmanager
async def aside(*, briefly: bool = False) -> AsyncIterator[None]:
    """Let others work while this call waits for something; outside a turn it does nothing.

    For a brief wait the turn is kept while the server is overloaded: the next call would begin, and this one, which
    is nearly done, would wait for it.
    """
    turn = _turn.get()
    if turn is None or (briefly and turn.admission.is_overloaded):
        yield
        return
    turn.step_aside()
    since = perf_counter()
    try:
        yield
    finally:
        if briefly:  # who keeps the turn for it in overload works no faster than that
            turn.worked += perf_counter() - since
        await turn.come_back()


class _Turn:
    """The lock as one call holds it: several waits at once, as for parallel reads, are one standing aside."""

    def __init__(self, queue: TurnQueue, admission: Admission) -> None:
        self.admission = admission
        self._queue = queue
        self._held = False
        self._is_over = False
        self._waits = 0
        self._coming_back: asyncio.Future[None] | None = None
        self._since = 0.0
        self.worked = 0.0

    async def begin(self, *, back: bool = False) -> None:
        await self._queue.acquire(back=back)
        self._held, self._since = True, perf_counter()

    def end(self) -> None:
        if self._held:
            self._held = False
            self.worked += perf_counter() - self._since
            self._queue.release()

    def _goes_on(self) -> bool:
        return not (self._waits or self._is_over)

    def finish(self) -> None:
        """End for good: who of this call comes back now finds it over."""
        self._is_over = True
        self.end()

    def step_aside(self) -> None:
        self._waits += 1
        self.end()

    async def come_back(self) -> None:
        """Wait for the lock when nobody of this call waits any more.

        One queues for all of the call: two in the queue would wait for each other.
        """
        self._waits -= 1
        while self._goes_on() and not self._held:
            if self._coming_back is not None:
                await asyncio.shield(self._coming_back)
                continue
            self._coming_back = queued = asyncio.get_running_loop().create_future()
            try:
                await self.begin(back=True)
            finally:
                self._coming_back = None
                queued.set_result(None)
            if not self._goes_on():  # another wait began, or the call ended, while this one queued
                self.end()
