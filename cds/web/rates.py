"""How many calls one client may make in a second."""

from __future__ import annotations

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from cds.web.admission import TooManyAtOnce


class CallRates:
    """A moving window per client and process; `per_second` 0 is no limit."""

    def __init__(self, per_second: int) -> None:
        self._limit = RateLimitItemPerSecond(per_second) if per_second else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, client: str) -> None:
        """Count one call; raise `TooManyAtOnce` when it is one too many."""
        if self._limit is not None and not self._limiter.hit(self._limit, client):
            msg = "too many calls of this client in a second (CDS_CLIENT_CALLS_PER_SECOND): send fewer"
            raise TooManyAtOnce(msg)
