"""The invariants of R4 are really evaluated: each is broken by one resource and kept by its neighbour."""

from __future__ import annotations

import pytest

from cds.engine.fhirpath import fhirpath
from cds.reasoning.invariants import INVARIANTS, broken_invariants
from tests.unit.reasoning.fake_session import NOW, activity, definition, plan

CASES = [
    ("app-1", {"resourceType": "Appointment", "status": "proposed"}, {"participant": [{"status": "accepted"}]}),
    ("app-2", {"resourceType": "Appointment", "status": "proposed"}, {"start": "2026-01-01T10:00:00Z"}),
    ("app-3", {"resourceType": "Appointment", "status": "proposed"}, {"status": "booked"}),
    ("app-4", {"resourceType": "Appointment", "status": "proposed"}, {"cancelationReason": {"text": "x"}}),
    (
        "cpl-3",
        {"resourceType": "CarePlan", "activity": [{"reference": {"reference": "#x"}}]},
        {"activity": [{"reference": {"reference": "#x"}, "detail": {"status": "unknown"}}]},
    ),
    (
        "gol-1",
        {"resourceType": "Goal", "target": [{"detailString": "x", "measure": {"text": "m"}}, {"dueDate": "2026"}]},
        {"target": [{"detailString": "x"}]},
    ),
    (
        "imr-1",
        {"resourceType": "ImmunizationRecommendation", "recommendation": [{"vaccineCode": [{"text": "x"}]}]},
        {"recommendation": [{"forecastStatus": {"text": "due"}}]},
    ),
    (
        "rqg-1",
        {"resourceType": "RequestGroup", "action": [{"action": [{"resource": {"reference": "#x"}}]}]},
        {"action": [{"action": [{"title": "text only"}]}]},
    ),
    ("prr-1", {"resourceType": "ServiceRequest"}, {"orderDetail": [{"text": "x"}]}),
    (
        "inv-1",
        {"resourceType": "Task", "authoredOn": "2026-01-01", "lastModified": "2026-01-02"},
        {"lastModified": "2025-12-31"},
    ),
]


@pytest.mark.pd("PD-075")
@pytest.mark.parametrize(("name", "kept", "change"), CASES, ids=[case[0] for case in CASES])
def test_an_invariant_is_kept_by_one_resource_and_broken_by_its_neighbour(name, kept, change):
    assert [*broken_invariants(kept, NOW)] == []
    assert [one.partition(":")[0] for one in broken_invariants(kept | change, NOW)] == [name]


def test_every_invariant_has_its_pair():
    assert {name for table in INVARIANTS.values() for name in table} == {case[0] for case in CASES}


@pytest.mark.parametrize(("name", "kept", "change"), CASES, ids=[case[0] for case in CASES])
def test_an_invariant_is_not_asked_of_a_resource_without_what_it_is_about_only_where_it_would_hold(name, kept, change):
    bare = {member: value for member, value in kept.items() if member not in change}
    expression = INVARIANTS[kept["resourceType"]][name]
    assert fhirpath(expression).evaluate_boolean(bare, now=NOW) is not False
    assert [*broken_invariants(bare, NOW)] == []


@pytest.mark.pd("PD-177")
def test_a_request_that_would_break_an_invariant_is_not_made(apply):
    value = {"path": "orderDetail", "expression": {"language": "text/cql-identifier", "expression": "Detail"}}
    action = {"id": "a", "title": "A", "definitionCanonical": definition()}
    detail = {"Detail": {"text": "left"}}
    assert apply(plan(action), activity("ServiceRequest", dynamicValue=[value]), values=detail).made == {}
    whole = activity("ServiceRequest", dynamicValue=[value], code={"text": "x"})
    assert len(apply(plan(action), whole, values=detail).made) == 1
