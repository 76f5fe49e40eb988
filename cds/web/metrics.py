"""Prometheus metrics of the service calls; labels are names of ours and of registered clients, never of patients."""

from __future__ import annotations

import os
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector

from cds.decisions.decision import Decision
from cds.expressions.outcome import Outcome
from cds.hooks.feedback import Feedback
from cds.service import DecisionLog

_UNDECIDED = (Outcome.UNKNOWN, Outcome.ERROR)
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2, 5)


_Child = TypeVar("_Child", bound=MetricWrapperBase)


class Children(dict[tuple[str, ...], _Child]):
    """The children of a metric by their labels, each asked for once: that costs as much as counting, several times."""

    def __init__(self, metric: _Child) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, labels: tuple[str, ...]) -> _Child:
        """Let the library make a child, or find it."""
        child = self[labels] = self._metric.labels(*labels)
        return child


class Metrics:
    """The metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Children(
            Counter("cds_calls", "Hook calls by outcome", ("service", "status"), registry=self.registry)
        )
        self.seconds = Children(
            Histogram(
                "cds_call_seconds", "Time to answer a hook call", ("service",), buckets=_BUCKETS, registry=self.registry
            )
        )
        self.stages = Children(
            Histogram(
                "cds_stage_seconds",
                "Time of a stage of a hook call",
                ("stage",),
                buckets=_BUCKETS,
                registry=self.registry,
            )
        )
        self.undecided = Children(
            Counter(
                "cds_undecided",
                "Recommendations that could not be decided, by why: "
                "data missing (unknown), or logic that failed (error)",
                ("recommendation", "outcome"),
                registry=self.registry,
            )
        )
        self.resources = Children(
            Counter(
                "cds_resources",
                "Resources that decisions rested on, by where they came from: prefetch, search, read or data",
                ("client", "origin"),
                registry=self.registry,
            )
        )
        self.data_problems = Counter(
            "cds_data_problems",
            "What was wrong with data: of another patient, a drug in unknown codes, a dangling reference",
            ("client", "kind"),
            registry=self.registry,
        )
        self.cards = Children(
            Counter(
                "cds_cards", "Cards shown by recommendation", ("recommendation", "indicator"), registry=self.registry
            )
        )
        self.reloads = Counter(
            "cds_content_reloads", "Newer content, by what became of it", ("outcome",), registry=self.registry
        )
        self.stale = Gauge(
            "cds_content_stale",
            "1 while newer content is broken and not served",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.refusals = Counter("cds_refusals", "Requests refused at the edge", ("status",), registry=self.registry)
        self.in_flight = Gauge(
            "cds_in_flight", "Requests that are being answered", registry=self.registry, multiprocess_mode="livesum"
        )
        self.feedback = Counter("cds_feedback", "Feedback by outcome", ("service", "outcome"), registry=self.registry)

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text form; of all workers, where there are several."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library has no types here
        return generate_latest(together)

    def count(self, decision: Decision) -> None:
        """Count what a decision could not decide, where its data came from, and what was wrong with them."""
        for action in decision.trace.actions:
            if action.outcome in _UNDECIDED:
                self.undecided[action.recommendation or "none", action.outcome].inc()
        for origin, count in decision.data["resources"].items():
            self.resources[decision.client or "none", origin].inc(count)
        for problem in decision.data.get("problems", ()):
            self.data_problems.labels(decision.client or "none", problem["kind"]).inc()


class CountingLog:
    """A decision log whose decisions are counted once they are on record."""

    def __init__(self, log: DecisionLog, metrics: Metrics) -> None:
        self._log = log
        self._metrics = metrics

    async def record(self, decision: Decision) -> None:
        """Keep one decision."""
        await self._log.record(decision)
        self._metrics.count(decision)

    async def receive_feedback(self, service: str, outcomes: tuple[Feedback, ...], *, client: str | None) -> int:
        """Keep outcomes of cards; return how many are about cards that this client got from this service."""
        return await self._log.receive_feedback(service, outcomes, client=client)
