"""Local codes become concept codes only where the target may stand for the source."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds.errors import ContentError
from cds.terminology.concept_maps import ConceptMaps
from cds.terminology.mappings import Mappings
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


def test_a_code_that_is_provided_as_it_is_stands_for_itself_in_the_other_system():
    maps = ConceptMaps([concept_map({"code": "14682-9", "equivalence": "narrower"}, unmapped={"mode": "provided"})])
    assert maps.concept_codes(LOCAL, "2951-2") == ({"system": LOINC, "code": "2951-2"},)
    assert maps.concept_codes(LOCAL, "CREA") == ()


def test_the_systems_are_those_of_which_any_code_is_mapped():
    assert ConceptMaps([concept_map({"code": "14682-9", "equivalence": "equal"})]).systems == {LOCAL}
    assert ConceptMaps([concept_map(unmapped={"mode": "provided"})]).systems == {LOCAL}
    assert ConceptMaps([]).systems == frozenset()


def test_translate_can_be_limited_to_one_target_system():
    maps = ConceptMaps([concept_map({"code": "14682-9", "equivalence": "equivalent", "display": "Creatinine"})])
    assert translate(maps, LOCAL, "CREA", target=LOINC)["parameter"][1]["part"][1]["valueCoding"]["code"] == "14682-9"
    assert maps.translate(LOCAL, "CREA", target="http://other.example.org") == ()


def observation_definition(extension: list | None = None, **details: object) -> dict:
    coding = [{"system": LOINC, "code": "14682-9"}, {"system": LOINC, "code": "2160-0"}]
    unit = {"coding": [{"system": "http://unitsofmeasure.org", "code": "umol/L"}]}
    return {
        "resourceType": "ObservationDefinition",
        "extension": extension or [],
        "code": {"coding": coding},
        "quantitativeDetails": {"unit": unit} | details,
    }


def test_a_factor_between_mass_and_substance_is_found_by_any_code_of_the_concept():
    conversion = {
        "url": "https://fhir-cds.example.org/fhir/StructureDefinition/unit-conversion",
        "extension": [{"url": "from", "valueString": "mg/dL"}, {"url": "factor", "valueDecimal": 88.4}],
    }
    mappings = Mappings([observation_definition(extension=[conversion])])
    assert mappings.conversion({("x", "y"), (LOINC, "2160-0")}, "mg/dL") == ("umol/L", Decimal("88.4"))
    assert mappings.conversion({(LOINC, "2160-0")}, "umol/L") is None
    assert mappings.conversion({(LOINC, "718-7")}, "mg/dL") is None


def test_the_conversion_factor_of_r4_leads_from_the_canonical_to_the_customary_unit():
    customary = {"coding": [{"code": "mg/dL"}]}
    mappings = Mappings([observation_definition(customaryUnit=customary, conversionFactor=0.02)])
    assert mappings.conversion({(LOINC, "2160-0")}, "mg/dL") == ("umol/L", Decimal(50))


def test_the_local_codes_of_a_standard_code_are_found_backwards():
    mappings = Mappings([concept_map({"code": "14682-9", "equivalence": "equivalent"})])
    assert mappings.sources(LOINC, "14682-9") == ((LOCAL, "CREA"),)
    assert mappings.sources(LOINC, "718-7") == ()
    narrower = Mappings([concept_map({"code": "14682-9", "equivalence": "narrower"})])
    assert narrower.sources(LOINC, "14682-9") == ()


def test_a_factor_without_its_unit_stops_the_start():
    broken = {
        "url": "https://x/StructureDefinition/unit-conversion",
        "extension": [{"url": "from", "valueString": "mg/dL"}],
    }
    with pytest.raises(ContentError, match="factor"):
        Mappings([observation_definition(extension=[broken])])
