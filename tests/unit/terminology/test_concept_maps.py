"""Local codes become concept codes only where the target may stand for the source."""

from __future__ import annotations

import pytest

from cds.terminology.concept_maps import ConceptMaps
from cds.terminology.operations import translate

LOCAL, LOINC = "http://hospital.example.org/lab", "http://loinc.org"


def concept_map(*targets: dict, unmapped: dict | None = None) -> dict:
    group = {"source": LOCAL, "target": LOINC, "element": [{"code": "CREA", "target": list(targets)}]}
    return {"resourceType": "ConceptMap", "url": "m", "group": [group | ({"unmapped": unmapped} if unmapped else {})]}


@pytest.mark.parametrize(
    ("equivalence", "kept"),
    [("equivalent", True), ("equal", True), ("wider", True), ("narrower", False), ("relatedto", False)],
)
def test_a_target_is_added_only_if_it_holds_whenever_the_source_does(equivalence, kept):
    maps = ConceptMaps([concept_map({"code": "14682-9", "equivalence": equivalence})])
    assert bool(maps.concept_codes(LOCAL, "CREA")) is kept


def test_a_code_without_mapping_has_no_translation_and_says_so():
    maps = ConceptMaps([concept_map({"code": "14682-9", "equivalence": "equivalent"})])
    assert maps.concept_codes(LOCAL, "NA") == ()
    assert translate(maps, LOCAL, "NA")["parameter"] == [{"name": "result", "valueBoolean": False}]


def test_an_unmatched_element_without_target_code_adds_nothing():
    assert ConceptMaps([concept_map({"equivalence": "unmatched"})]).translate(LOCAL, "CREA") == ()


def test_a_fixed_code_for_everything_else_is_never_read_for_the_source():
    maps = ConceptMaps([concept_map(unmapped={"mode": "fixed", "code": "unknown"})])
    assert maps.translate(LOCAL, "NA")[0].code == "unknown"
    assert maps.concept_codes(LOCAL, "NA") == ()


def test_translate_can_be_limited_to_one_target_system():
    maps = ConceptMaps([concept_map({"code": "14682-9", "equivalence": "equivalent", "display": "Creatinine"})])
    assert translate(maps, LOCAL, "CREA", target=LOINC)["parameter"][1]["part"][1]["valueCoding"]["code"] == "14682-9"
    assert maps.translate(LOCAL, "CREA", target="http://other.example.org") == ()
