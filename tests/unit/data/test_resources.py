"""Results that no retrieve can find wait, and are as all others to whoever asks for everything."""

from __future__ import annotations

import pytest

from cds.data.components import with_components
from cds.data.normalise import normalise, normalise_retrievable
from cds.data.patient_data import PatientData
from cds.data.resources import Resources, retrievable
from cds.fhir.systems import LOINC
from tests.unit.data.small_guideline import condition, observation

PATIENT = {"resourceType": "Patient", "id": "p1"}
ASKED = frozenset({(LOINC, "2160-0")})
SODIUM = observation("na", LOINC, "2951-2", "140", "mmol/L")
WANTED = observation("crea", "urn:local", "CREA", "1", "mg/dL")
PANEL = {**SODIUM, "id": "panel", "component": [{"code": WANTED["code"], "valueQuantity": WANTED["valueQuantity"]}]}


def code_of(*codings: dict | str | None) -> dict:
    return {**SODIUM, "code": {"coding": list(codings)}}


def test_only_what_a_retrieve_can_find_is_ready(mappings):
    received = [condition("mm", "C90.0"), WANTED, SODIUM, PANEL, PATIENT]
    found = normalise_retrievable(received, {}, mappings, ASKED)
    assert isinstance(found, Resources)
    assert [one["id"] for one in found.retrievable] == ["mm", "crea", "panel", "panel", "p1"]
    assert retrievable(found) is found.retrievable


def test_who_asks_for_all_gets_each_in_its_place_and_shape(mappings):
    late = observation("late", "urn:local", "CREA", "1", "mg/dL")
    received = [SODIUM, WANTED, PANEL, late, PATIENT]
    found = normalise_retrievable(received, {}, mappings, frozenset({(LOINC, "2951-2")}))
    expected = [each for one in received for each in with_components(normalise(one, {}, mappings))]
    assert list(found) == expected == list(found[:])
    assert found[1]["valueQuantity"]["code"] == "umol/L"
    assert len(found) == len(expected)
    assert found[1] is next(one for one in found if one["id"] == "crea")
    assert all(any(one is each for each in found) for one in retrievable(found))


def test_with_nothing_that_waits_there_are_plain_resources(mappings):
    assert isinstance(normalise_retrievable([WANTED, PATIENT], {}, mappings, ASKED), tuple)
    assert isinstance(normalise_retrievable([SODIUM, PATIENT], {}, mappings, None), tuple)


@pytest.mark.parametrize(
    "unclear",
    [
        code_of(),
        code_of({"code": "2951-2"}),
        code_of({"system": "", "code": "2951-2"}),
        code_of({"system": LOINC, "display": "Sodium"}),
        code_of({"system": LOINC, "code": ["2951-2"]}),
        code_of(None),
        code_of("2951-2"),
        {**SODIUM, "code": [SODIUM["code"]]},
        {**SODIUM, "code": {"text": "sodium"}},
        {**SODIUM, "code": None},
        {name: value for name, value in SODIUM.items() if name != "code"},
        code_of({"system": "urn:local", "code": "x"}, {"system": LOINC, "code": "2160-0"}),
    ],
)
def test_a_result_of_which_it_cannot_be_told_does_not_wait(mappings, unclear):
    assert retrievable(normalise_retrievable([unclear, SODIUM], {}, mappings, ASKED))[0]["id"] == "na"
    assert len(retrievable(normalise_retrievable([unclear, SODIUM], {}, mappings, ASKED))) == 1


def test_the_patient_is_told_without_the_results_that_wait():
    def later(position: int) -> dict:
        pytest.fail(f"{position} was asked for")

    data = PatientData(patient_id="p1", resources=Resources([None, (PATIENT,)], later))
    assert data.patient is PATIENT
