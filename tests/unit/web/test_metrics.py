"""What a decision adds to the metrics."""

from __future__ import annotations

from cds.expressions.outcome import Outcome
from cds.web.metrics import Metrics
from tests.unit.decisions.test_log import decision
from tests.unit.reasoning.traces import action, trace


def test_a_decision_counts_what_was_open_where_data_came_from_and_what_was_wrong_with_them():
    metrics = Metrics()
    strange = {"kind": "not-understood", "origin": "context", "resource": "MedicationRequest/d"}
    data = {"resources": {"prefetch": 3}, "problems": [strange, strange]}
    metrics.count(decision(data=data, client="ehr-1", trace=trace(action("r", Outcome.UNKNOWN))))
    counted = metrics.registry.get_sample_value
    assert counted("cds_data_problems_total", {"client": "ehr-1", "kind": "not-understood"}) == 2
    assert counted("cds_resources_total", {"client": "ehr-1", "origin": "prefetch"}) == 3
    assert counted("cds_undecided_total", {"recommendation": "r", "outcome": "unknown"}) == 1


def test_a_child_is_asked_for_once_and_counts_in_its_metric():
    metrics = Metrics()
    child = metrics.calls["renal", "200"]
    child.inc()
    metrics.calls["renal", "200"].inc()
    assert metrics.calls["renal", "200"] is child
    assert metrics.registry.get_sample_value("cds_calls_total", {"service": "renal", "status": "200"}) == 2
