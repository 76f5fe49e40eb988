"""The stages of a call, timed once: for metrics, the line in the log, and OpenTelemetry traces.

Nothing of a request is ever an attribute of a span: names of ours only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter

from opentelemetry import trace
from opentelemetry.propagate import extract

_tracer = trace.get_tracer("fhir-cds")
_seconds: ContextVar[dict[str, float] | None] = ContextVar("seconds", default=None)


@contextmanager
def timed_call(name: str, attributes: Mapping[str, str], headers: Mapping[str, str]) -> Iterator[dict[str, float]]:
    """Time a call; yields the seconds by stage, filled as the stages end.

    `headers` may carry the caller's W3C traceparent: the span becomes a part of that trace.
    """
    seconds: dict[str, float] = {}
    token = _seconds.set(seconds)
    try:
        with _tracer.start_as_current_span(
            name, extract(headers), attributes=dict(attributes), record_exception=False, set_status_on_exception=False
        ):
            yield seconds
    finally:
        _seconds.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time one stage of the call that runs; the same stage twice is summed."""
    started = perf_counter()
    with _tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False):
        try:
            yield
        finally:
            seconds = _seconds.get()
            if seconds is not None:
                seconds[name] = seconds.get(name, 0.0) + perf_counter() - started
