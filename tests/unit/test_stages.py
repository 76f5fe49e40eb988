"""The stages of a call: their seconds always, their spans where somebody collects them."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cds import stages
from cds.stages import stage, timed_call

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(monkeypatch):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(stages, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def test_the_same_stage_twice_is_summed_and_one_that_fails_is_timed(monkeypatch):
    moments = iter(range(100))
    monkeypatch.setattr(stages, "perf_counter", lambda: next(moments))
    with timed_call("call", {}, {}) as seconds:
        with stage("gather"):
            pass
        with pytest.raises(ValueError, match="x"), stage("apply"):
            raise ValueError("x")
        with stage("gather"):
            pass
    assert seconds == {"gather": 2, "apply": 1}


def test_a_stage_outside_a_call_is_nothing():
    with stage("gather"):
        pass


def test_stages_are_spans_below_the_call_which_is_part_of_the_callers_trace(spans):
    with timed_call("hook call", {"cds.hook": "patient-view"}, {"traceparent": PARENT}), stage("gather"):
        pass
    inner, outer = spans.get_finished_spans()
    assert (inner.name, outer.name) == ("gather", "hook call")
    assert inner.parent.span_id == outer.context.span_id
    assert format(outer.context.trace_id, "032x") in PARENT
    assert not inner.attributes


def test_a_call_that_the_caller_does_not_sample_has_no_spans(spans):
    with timed_call("hook call", {}, {"traceparent": PARENT[:-2] + "00"}), stage("gather"):
        pass
    assert spans.get_finished_spans() == ()
