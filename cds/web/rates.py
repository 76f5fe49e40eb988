"""How many calls one client may make in a second."""

from __future__ import annotations

from collections.abc import Callable

from cds.web.admission import TooManyAtOnce


class CallRates:
    """A moving window per client and process; `per_second` 0 is no limit."""

    def __init__(self, per_second: int) -> None:
        self._hit = _window(per_second) if per_second else None

    def count(self, client: str) -> None:
        """Count one call; raise `TooManyAtOnce` when it is one too many."""
        if self._hit is not None and not self._hit(client):
            msg = "too many calls of this client in a second (CDS_CLIENT_CALLS_PER_SECOND): send fewer"
            raise TooManyAtOnce(msg)


def _window(per_second: int) -> Callable[[str], bool]:
    """Return what counts a call of a client, and says whether it is one of those that it may make."""
    from limits import RateLimitItemPerSecond  # read where there is a limit: a server without one starts sooner
    from limits.storage import MemoryStorage
    from limits.strategies import MovingWindowRateLimiter

    limit, limiter = RateLimitItemPerSecond(per_second), MovingWindowRateLimiter(MemoryStorage())
    return lambda client: limiter.hit(limit, client)
