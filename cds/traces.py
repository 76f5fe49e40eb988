"""Send OpenTelemetry traces to a collector; without this, the spans of `cds.stages` cost next to nothing."""

from __future__ import annotations

from typing import Literal

from opentelemetry import trace

from cds import __version__
from cds.errors import SettingsError


def export_traces(way: Literal["none", "otlp"]) -> None:
    """Export spans in the background as CDS_TRACES says; raises `SettingsError` when the extra is not installed."""
    if way == "none":
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        msg = "CDS_TRACES: otlp needs the extra: pip install 'fhir-cds[otel]'"
        raise SettingsError(msg) from None
    resource = Resource.create({"service.name": "fhir-cds", "service.version": __version__})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
