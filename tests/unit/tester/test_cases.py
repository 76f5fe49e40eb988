"""Case files: fixtures, copies with changes, and what is refused."""

from __future__ import annotations

import json

import pytest

from cds.errors import ContentError
from cds.tester.cases import read_cases

FIXTURES = {
    "woman": {"resourceType": "Patient", "id": "p", "gender": "female"},
    "creatinine": {
        "resourceType": "Observation",
        "id": "crea",
        "code": {"coding": [{"system": "http://loinc.org", "code": "14682-9"}]},
        "valueQuantity": {"value": 80, "unit": "umol/L"},
    },
    "high creatinine": {"like": "creatinine", "valueQuantity.value": 300},
}
CASE = {
    "name": "c",
    "hook": "patient-view",
    "now": "2026-03-02T10:00:00+01:00",
    "resources": ["woman", "creatinine"],
    "expect": {"fires": ["x"]},
}


def read(tmp_path, **changes):
    tests = tmp_path / "g" / "tests"
    tests.mkdir(parents=True)
    (tests / "fixtures.json").write_text(json.dumps(FIXTURES))
    case = {name: value for name, value in {**CASE, **changes}.items() if value is not ...}
    (tests / "a.json").write_text(json.dumps({"recommendation": "r", "cases": [case]}))
    return next(read_cases(tmp_path / "g"))


def test_a_resource_gets_its_subject_from_the_one_patient(tmp_path):
    assert read(tmp_path).resources[1]["subject"] == {"reference": "Patient/p"}


def test_a_copy_replaces_adds_and_removes_elements_by_path_and_leaves_the_fixture_alone(tmp_path):
    changed = {
        "like": "high creatinine",
        "code.coding[1].code": "NPU18016",
        "valueQuantity.unit": None,
        "note[0].text": "n",
    }
    resources = read(tmp_path, resources=["woman", changed, "creatinine"]).resources
    assert resources[1]["valueQuantity"] == {"value": 300}
    assert resources[1]["code"]["coding"][1] == {"code": "NPU18016"}
    assert resources[1]["note"] == [{"text": "n"}]
    assert resources[2]["valueQuantity"] == {"value": 80, "unit": "umol/L"}


def test_copies_of_one_fixture_get_ids_of_their_own(tmp_path):
    resources = read(tmp_path, resources=["woman", "creatinine", "creatinine"]).resources
    assert resources[1]["id"] != resources[2]["id"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"resources": ["nobody"]}, "no fixture `nobody`"),
        ({"resources": ["creatinine"]}, "exactly one Patient"),
        ({"now": "2026-03-02T10:00:00"}, "zone"),
        ({"now": ...}, "now"),
        ({"expect": {}}, "cannot fail"),
        ({"expect": {"fire": []}}, "unknown member fire"),
        ({"extra": 1}, "unknown member extra"),
        ({"resources": ["woman", {"like": "creatinine", "a..b": 1}]}, "not a path"),
    ],
)
def test_a_faulty_case_is_refused_with_file_and_place(tmp_path, changes, reason):
    with pytest.raises(ContentError, match=reason) as refused:
        read(tmp_path, **changes)
    assert refused.value.file == "g/tests/a.json"
    assert refused.value.path == "cases[0]"
