"""What is told of every hook call: metrics, a line in the log, a trace. Names and numbers, never data of a patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

import structlog

from cds.errors import RefusedRequest
from cds.hooks.response import CDSResponse
from cds.knowledge import Service
from cds.stages import timed_call
from cds.web.metrics import Metrics

_log = structlog.get_logger()


class WatchedCall:
    """One call; who answers it says so."""

    def __init__(self) -> None:
        self.response: CDSResponse | None = None
        self.client: str | None = None


@contextmanager
def watched_call(service: Service, metrics: Metrics, headers: Mapping[str, str]) -> Iterator[WatchedCall]:
    """Watch a call to a service to its end, however it ends."""
    watched = WatchedCall()
    started = perf_counter()
    status, reason = 500, "exception"
    with timed_call("hook call", {"cds.service": service.id, "cds.hook": service.hook}, headers) as stages:
        try:
            yield watched
            status, reason = 200, ""
        except RefusedRequest as refusal:
            status, reason = refusal.status, refusal.code
            raise
        finally:
            seconds = perf_counter() - started
            metrics.calls[service.id, str(status)].inc()
            metrics.seconds[service.id,].observe(seconds)
            for name, spent in stages.items():
                metrics.stages[name,].observe(spent)
            cards = watched.response.cards if watched.response else []
            for card in cards:
                topic = card.source.topic.code if card.source.topic else "none"
                metrics.cards[topic, card.indicator].inc()
            _log.info(
                "hook call",
                service=service.id,
                revision=service.guideline.revision,
                client=watched.client,
                status=status,
                cards=len(cards),
                milliseconds=round(1000 * seconds, 1),
                stages={name: round(1000 * spent, 1) for name, spent in stages.items()},
                **({"reason": reason} if reason else {}),
            )
