"""Prometheus metrics of the service calls; labels are names of ours, never of patients or clients."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2, 5)


class Metrics:
    """The metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("cds_calls", "Hook calls by outcome", ("service", "status"), registry=self.registry)
        self.seconds = Histogram(
            "cds_call_seconds", "Time to answer a hook call", ("service",), buckets=_BUCKETS, registry=self.registry
        )
        self.cards = Counter(
            "cds_cards", "Cards shown by recommendation", ("recommendation", "indicator"), registry=self.registry
        )
        self.reloads = Counter(
            "cds_content_reloads", "Newer content, by what became of it", ("outcome",), registry=self.registry
        )
        self.stale = Gauge(
            "cds_content_stale", "1 while newer content is broken and not served", registry=self.registry
        )
        self.refusals = Counter("cds_refusals", "Requests refused at the edge", ("status",), registry=self.registry)
        self.in_flight = Gauge("cds_in_flight", "Requests that are being answered", registry=self.registry)
        self.feedback = Counter("cds_feedback", "Feedback by outcome", ("service", "outcome"), registry=self.registry)
