"""What definitions rest on: each definition's own readings once, and what it used."""

from __future__ import annotations

import gc
import json
import weakref

import pytest

from cds.engine import Engine, EngineError, Evidence
from cds.engine.evidence import Name, explain, path_of
from tests.unit.engine.conftest import LOINC, NOW, ValueSets, elm, observation

READS = ("Guide", "Final eGFR")
EGFR = {"resourceType": "Observation", "id": "e1", "status": "final", "valueQuantity": {"value": 25}}


NAMES = [Name.of("Guide", name) for name in ("Final eGFR", "Alert", "Adult")]


def notes(*entries):
    return explain(NAMES, {0: list(entries)})


def paths(*texts):
    return tuple(map(path_of, texts))


@pytest.fixture(scope="module")
def session():
    engine = Engine([elm("Guide")], value_sets=ValueSets())
    resources = [
        {"resourceType": "Patient", "id": "p1", "birthDate": "1950-06-15"},
        observation("e1", "62238-1", "2026-11-01T10:00:00Z", 25, unit="mL/min/{1.73_m2}"),
    ]
    made = engine.session(resources, now=NOW, explain=True)
    assert made.evaluate("Guide", "Alert") is False
    return made


def test_each_definition_is_explained_by_its_own_readings(session):
    explanation = session.explanation()
    assert explanation.readings("Guide", "Adult") == [("Patient/p1", {"birthDate": "1950-06-15"})]
    [(resource, elements)] = explanation.readings(*READS)
    assert resource == "Observation/e1"
    assert elements["status"] == "final"
    assert elements["code"]["coding"][0]["system"] == LOINC


def test_a_definition_that_was_not_needed_is_not_there(session):
    known = session.explanation()
    explained = {known.names[place].text for place in known.reads.keys() | known.uses.keys()}
    assert "Guide.Low eGFR unit" not in explained
    assert "Guide.On Metformin" not in explained
    used = {known.names[place].definition for place in known.uses[known.names.index(Name.of("Guide", "Alert"))]}
    assert used <= {"Adult", "Low eGFR", "Has Diabetes"}


def test_the_evidence_of_a_definition_is_its_own_and_that_of_all_it_used(session):
    found = session.evidence("Guide", "Latest eGFR")
    assert found[0].definition == "Latest eGFR"
    assert Evidence("Final eGFR", "Observation/e1", "status", "final") in found
    assert len(found) == len({(one.definition, one.resource, one.path) for one in found})


def test_what_is_explained_later_is_in_a_later_explanation(session):
    before = session.explanation()
    session.evaluate("Guide", "Low eGFR unit")
    assert before.readings("Guide", "Low eGFR unit") == []
    assert session.explanation().readings("Guide", "Low eGFR unit") != []


def test_a_session_without_evidence_has_no_explanation():
    with pytest.raises(EngineError, match="explain=True"):
        Engine([elm("Guide")], value_sets=ValueSets()).session([], now=NOW).explanation()


def test_a_resource_noted_twice_is_one_reading_with_all_its_elements():
    found = notes((EGFR, paths("status")), ([EGFR], paths("valueQuantity.value")), (EGFR, ()))
    assert found.readings(*READS) == [("Observation/e1", {"status": "final", "valueQuantity.value": 25})]


def test_what_a_loop_notes_again_and_again_is_there_once():
    found = notes(*[(EGFR, paths("status")), ([EGFR], paths("valueQuantity.value", "status"))] * 3)
    [(_, read)] = found.reads[0].values()
    assert read == paths("status", "valueQuantity.value")


def test_two_resources_without_an_id_stay_two():
    orders = [{"resourceType": "MedicationRequest", "status": status} for status in ("draft", "active")]
    found = notes((orders, paths("status")))
    assert found.readings(*READS) == [
        ("MedicationRequest", {"status": "draft"}),
        ("MedicationRequest", {"status": "active"}),
    ]


def test_what_stood_nowhere_is_no_element_and_a_resource_as_a_whole_has_an_empty_path():
    found = notes((EGFR, paths("note", "valueQuantity.unit")))
    assert found.readings(*READS) == [("Observation/e1", {})]
    assert found.evidence(*READS) == (Evidence("Final eGFR", "Observation/e1", "", None),)


def test_a_path_leads_through_lists():
    coded = {"resourceType": "Observation", "code": {"coding": [{"code": "a"}, {"code": "b"}, {"display": "c"}]}}
    one = {"resourceType": "Observation", "code": {"coding": [{"code": "a"}]}}
    found = notes(([coded, one], paths("code.coding.code")))
    assert [elements["code.coding.code"] for _, elements in found.readings(*READS)] == [["a", "b"], "a"]


def test_zero_and_false_are_readings():
    found = notes(({"resourceType": "Patient", "id": "p", "active": False, "n": 0}, paths("active", "n")))
    assert found.readings(*READS) == [("Patient/p", {"active": False, "n": 0})]


def test_definitions_that_use_each_other_over_several_ways_count_once():
    reads, alert, adult = range(3)
    found = explain(NAMES, {reads: [(EGFR, paths("status"))], alert: [adult, reads, adult], adult: [reads]})
    assert list(found.uses[alert]) == [adult, reads]
    assert found.evidence("Guide", "Alert") == (Evidence("Final eGFR", "Observation/e1", "status", "final"),)


def test_what_a_function_noted_counts_after_what_the_definition_noted_itself():
    [reads, alert, adult] = range(3)
    known = [(EGFR, paths("status")), adult]
    found = explain(NAMES, {alert: [known, reads, known], reads: [known, (EGFR, paths("valueQuantity.value"))]})
    assert list(found.uses[alert]) == [reads, adult]
    assert found.readings(*READS) == [("Observation/e1", {"valueQuantity.value": 25, "status": "final"})]
    assert found.readings("Guide", "Alert") == [("Observation/e1", {"status": "final"})]


def test_a_session_is_freed_without_the_garbage_collector():
    engine = Engine([elm("Guide")], value_sets=ValueSets())
    session = engine.session([EGFR], now=NOW)
    session.evaluate("Guide", "Final eGFR")
    gone = weakref.ref(session)
    gc.disable()
    try:
        del session
        assert gone() is None
    finally:
        gc.enable()


def test_what_was_used_is_named_as_json_whether_it_was_known_or_not():
    names = [Name.of("Guide", text) for text in ('Über "x"', "Alert", "Adult")]
    known = {}
    first = explain(names, {1: [0, 2, 0]}, known)
    assert json.loads(first.quoted[1]) == ['Guide.Über "x"', "Guide.Adult"]
    again = explain(names, {1: [0, 2, 0], 2: [0]}, known)
    assert again.quoted[1] is first.quoted[1]
    assert list(again.uses.items()) == [(1, {0: None, 2: None}), (2, {0: None})]


def test_what_is_known_of_one_patient_is_not_told_of_another():
    known = {}
    explain(NAMES, {1: [0, 2]}, known)
    other = explain(NAMES, {1: [2]}, known)
    assert list(other.uses[1]) == [2]
    assert json.loads(other.quoted[1]) == ["Guide.Adult"]
    assert list(explain(NAMES, {1: [0, 2]}, known).uses[1]) == [0, 2]


def test_a_definition_that_read_or_called_is_not_kept_for_the_next_patient():
    known = {}
    explain(NAMES, {0: [1, (EGFR, paths("status"))], 1: [2, [0]], 2: []}, known)
    assert known == {}


def test_what_functions_noted_does_not_change_what_is_known():
    known = {}
    explain(NAMES, {1: [2]}, known)
    found = explain(NAMES, {1: [[2], [0]]}, known)
    assert list(found.uses[1]) == [2, 0]
    assert list(explain(NAMES, {1: [2]}, known).uses[1]) == [2]


def test_paths_of_several_readings_are_told_once_for_each_resource():
    others = [{**EGFR, "id": name} for name in ("e2", "e3")]
    found = notes(([EGFR, *others], paths("status")), ([*others], paths("valueQuantity.value", "status")))
    assert [list(elements) for _, elements in found.readings(*READS)] == [
        ["status"],
        ["status", "valueQuantity.value"],
        ["status", "valueQuantity.value"],
    ]
