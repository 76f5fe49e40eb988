"""The nine definitions of the eGFR guide, translated without result types, over plain FHIR JSON."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from cds.engine import BudgetExceeded, Engine, EngineError, EvaluationError, ResourceIndex
from tests.unit.engine.conftest import LOINC, NOW, SNOMED, ValueSets, elm, observation

EGFR, UNIT = "62238-1", "mL/min/{1.73_m2}"
PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "1950-06-15"}
DIABETES = {
    "resourceType": "Condition",
    "id": "c1",
    "clinicalStatus": {"coding": [{"code": "active"}]},
    "code": {"coding": [{"system": SNOMED, "code": "44054006"}]},
}
METFORMIN = {
    "resourceType": "MedicationRequest",
    "id": "m1",
    "status": "active",
    "medicationCodeableConcept": {"coding": [{"code": "860975"}]},
}


def egfr(id_, date, value, **more):
    return observation(id_, EGFR, date, value, unit=UNIT, **more)


@pytest.fixture(scope="module")
def engine():
    return Engine([elm("Guide")], value_sets=ValueSets())


def ask(engine, definition, *resources, now=NOW, **options):
    return engine.session(resources, now=now, **options).evaluate("Guide", definition)


def test_the_alert_fires_when_all_four_conditions_hold(engine):
    low = egfr("e1", "2026-11-01T10:00:00Z", 25)
    assert ask(engine, "Alert", PATIENT, DIABETES, METFORMIN, low) is True
    assert ask(engine, "Alert", PATIENT, METFORMIN, low) is False
    assert ask(engine, "Alert", PATIENT, DIABETES, low) is False


def test_without_a_value_the_alert_is_unknown_and_not_false(engine):
    assert ask(engine, "Low eGFR", PATIENT) is None
    assert ask(engine, "Alert", PATIENT, DIABETES, METFORMIN) is None


@pytest.mark.parametrize(("value", "low"), [(29.9, True), (30, False), (30.0, False)])
def test_the_threshold_is_exact(engine, value, low):
    result = egfr("e1", "2026-11-01T10:00:00Z", value)
    assert ask(engine, "Low eGFR", result) is low
    assert ask(engine, "Low eGFR unit", result) is low


def test_a_value_in_a_unit_that_does_not_convert_is_unknown(engine):
    assert ask(engine, "Low eGFR unit", observation("e1", EGFR, "2026-11-01", 25, unit="mg/dL")) is None


@pytest.mark.parametrize(("days", "recent"), [(89, 1), (90, 0), (91, 0)])
def test_on_the_very_day_of_the_limit_it_is_unknown_whether_a_time_is_after_it(engine, days, recent):
    date = (NOW - timedelta(days=days)).date().isoformat()
    assert len(ask(engine, "Recent eGFR", egfr("e1", f"{date}T00:00:00Z", 25))) == recent


def test_a_date_too_imprecise_for_the_window_does_not_count_as_inside_it(engine):
    assert ask(engine, "Recent eGFR", egfr("e1", "2026", 25)) == []


def test_the_latest_is_the_latest_whatever_the_order_of_the_data(engine):
    results = [
        egfr("a", "2026-10-01", 1),
        egfr("b", "2026-11-02T10:00:00+02:00", 2),
        egfr("c", "2026-11-02T09:30:00Z", 3),
    ]
    for order in (results, results[::-1]):
        assert ask(engine, "Latest eGFR", *order)["id"] == "c"


def test_preliminary_results_are_left_out(engine):
    assert ask(engine, "Final eGFR", egfr("e1", "2026-11-01", 25, status="preliminary")) == []


def test_another_code_system_with_the_same_code_does_not_match(engine):
    other = egfr("e1", "2026-11-01", 25)
    other["code"]["coding"] = [{"system": "urn:local", "code": EGFR}, {"code": EGFR}]
    assert ask(engine, "Final eGFR", other) == []


def test_an_unknown_value_set_is_an_error_and_never_an_empty_list():
    engine = Engine([elm("Guide")])
    with pytest.raises(EvaluationError, match=r"the value set http.* is not known") as failure:
        ask(engine, "Has Diabetes", PATIENT, DIABETES)
    assert (failure.value.library, failure.value.definition, failure.value.locator) == (
        "Guide",
        "Has Diabetes",
        "13:31-13:53",
    )


@pytest.mark.parametrize(("birth_date", "adult"), [("2008-11-20", True), ("2008-11-21", False), ("2008", None)])
def test_age_is_counted_on_the_clock_of_the_evaluation(engine, birth_date, adult):
    assert ask(engine, "Adult", {"resourceType": "Patient", "id": "p", "birthDate": birth_date}) is adult


def test_today_is_the_day_where_the_evaluation_takes_place(engine):
    late = datetime(2026, 11, 20, 23, 30, tzinfo=timezone(timedelta(hours=-1)))
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "2008-11-21"}
    assert ask(engine, "Adult", patient, now=late) is False
    assert ask(engine, "Adult", patient, now=late.astimezone(UTC)) is True


def test_two_patients_are_an_error(engine):
    with pytest.raises(EvaluationError):
        ask(engine, "Adult", PATIENT, {**PATIENT, "id": "p2"})


@pytest.mark.parametrize(
    "broken",
    [
        {"status": 5},
        {"code": "62238-1"},
        {"valueQuantity": "25"},
        {"valueQuantity": {"value": "25"}},
        {"effectiveDateTime": 7},
    ],
)
def test_data_of_a_wrong_shape_is_an_error_or_unknown_but_never_a_crash(engine, broken):
    resource = {**egfr("e1", "2026-11-01", 25), **broken}
    with contextlib.suppress(EvaluationError):
        assert ask(engine, "Low eGFR", resource) is None


def test_a_definition_is_evaluated_once_and_its_error_is_kept(engine):
    session = engine.session([PATIENT, {**PATIENT, "id": "p2"}], now=NOW)
    with pytest.raises(EvaluationError) as first:
        session.evaluate("Guide", "Adult")
    with pytest.raises(EvaluationError) as second:
        session.evaluate("Guide", "Adult")
    assert first.value is second.value
    good = engine.session([egfr("e1", "2026-11-01", 25)], now=NOW)
    assert good.evaluate("Guide", "Final eGFR") is good.evaluate("Guide", "Final eGFR")


def test_an_index_can_be_shared_by_engines(engine):
    index = ResourceIndex([PATIENT, DIABETES])
    assert engine.session(index, now=NOW).evaluate("Guide", "Has Diabetes") is True
    assert engine.evaluate([("Guide", "Adult")], index, now=NOW) == {("Guide", "Adult"): True}


def test_what_does_not_exist_is_an_error(engine):
    for library, definition in (("Guide", "low egfr"), ("Guidance", "Low eGFR")):
        with pytest.raises(EngineError):
            engine.session([], now=NOW).evaluate(library, definition)
    with pytest.raises(EngineError, match="time zone"):
        engine.session([], now=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_the_budget_of_steps_ends_an_evaluation():
    results = [egfr(str(i), "2026-11-01", 25) for i in range(50)]
    with pytest.raises(BudgetExceeded) as failure:
        ask(Engine([elm("Guide")], max_steps=49), "Final eGFR", *results)
    assert failure.value.definition == "Final eGFR"
    assert len(ask(Engine([elm("Guide")], max_steps=50), "Final eGFR", *results)) == 50


def test_a_deadline_that_has_passed_ends_an_evaluation(engine):
    with pytest.raises(BudgetExceeded, match="time"):
        ask(engine, "Adult", PATIENT, deadline=0.0)


def test_the_evidence_names_what_was_read_and_found(engine):
    old, new = egfr("old", "2026-10-01", 55.5), egfr("new", "2026-11-01", 25)
    session = engine.session([PATIENT, DIABETES, METFORMIN, old, new], now=NOW, explain=True)
    assert session.evaluate("Guide", "Alert") is True
    seen = {(e.definition, e.resource, e.path): e.value for e in session.evidence("Guide", "Alert")}
    assert seen["Low eGFR", "Observation/new", "valueQuantity.value"] == 25
    assert seen["Adult", "Patient/p1", "birthDate"] == "1950-06-15"
    assert seen["On Metformin", "MedicationRequest/m1", "medicationCodeableConcept.coding.code"] == "860975"
    assert ("Low eGFR", "Observation/old", "valueQuantity.value") not in seen
    assert seen["Latest eGFR", "Observation/new", ""] is None
    only = {e.definition for e in session.evidence("Guide", "Adult")}
    assert only == {"Adult"}


def test_a_session_that_does_not_explain_has_no_evidence(engine):
    with pytest.raises(EngineError, match="explain=True"):
        engine.session([], now=NOW).evidence("Guide", "Alert")


def test_the_data_requirements_reach_through_the_definitions_used(engine):
    wanted = {
        (r.type, r.code_path, r.value_set, r.codes and r.codes[0].code) for r in engine.retrieves("Guide", "Alert")
    }
    assert wanted == {
        ("Patient", None, None, None),
        ("Observation", "code", None, EGFR),
        ("Condition", "code", "http://example.org/vs/diabetes", None),
        ("MedicationRequest", None, None, None),
    }
    assert {r.type for r in engine.retrieves("Guide", "Low eGFR")} == {"Observation"}
    [retrieve] = engine.retrieves("Guide", "Final eGFR")
    assert retrieve.codes[0].system == LOINC
    assert retrieve.locator == "8:22-8:42"


def test_definitions_say_their_type_and_place(engine):
    by_name = {d.name: d for d in engine.definitions("Guide")}
    assert by_name["Alert"].result_type == "System.Boolean"
    assert by_name["Recent eGFR"].result_type == "List<FHIR.Observation>"
    assert by_name["Alert"].locator == "16:1-16:76"
