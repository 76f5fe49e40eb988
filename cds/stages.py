"""The stages of a call, timed once: for metrics, the line in the log, and OpenTelemetry traces.

Nothing of a request is ever an attribute of a span: names of ours only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from time import perf_counter
from types import TracebackType
from typing import Any

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


class stage:  # noqa: N801 - it is used as a word, `with stage("parse")`, and a class costs a tenth of a generator
    """Time one stage of the call that runs; the same stage twice is summed.

    A stage is a span below the call's where that is recorded; where nobody collects traces there is none.
    """

    __slots__ = ("_name", "_span", "_started")

    def __init__(self, name: str) -> None:
        self._name = name
        self._span: AbstractContextManager[Any] | None = None

    def __enter__(self) -> None:
        self._started = perf_counter()
        if trace.get_current_span().is_recording():
            self._span = _tracer.start_as_current_span(
                self._name, record_exception=False, set_status_on_exception=False
            )
            self._span.__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._span is not None:
            self._span.__exit__(kind, error, at)
        seconds = _seconds.get()
        if seconds is not None:
            seconds[self._name] = seconds.get(self._name, 0.0) + perf_counter() - self._started
