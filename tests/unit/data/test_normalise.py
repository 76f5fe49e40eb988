"""One shape for the logic: drugs resolved, codes translated, units converted; nothing guessed, nothing lost."""

from __future__ import annotations

import copy
import json
from decimal import Decimal

import pytest

from cds.data.normalise import normalise, normalise_all
from cds.fhir.extensions import MEDICATION_REFERENCE, ORIGINAL_QUANTITY
from cds.fhir.systems import LOINC, UCUM
from tests.unit.data.small_guideline import LENALIDOMIDE, FactorTable, condition, observation, order

MEDICATION = {
    "resourceType": "Medication",
    "id": "len-10",
    "code": {"coding": [LENALIDOMIDE], "text": "lenalidomide 10 mg"},
    "ingredient": [{"strength": {"numerator": {"value": 10, "unit": "mg"}}}],
}
CODEABLE = order("r", medicationCodeableConcept={"coding": [LENALIDOMIDE]})


def codes(concept: dict) -> list[str]:
    return [coding["code"] for coding in concept["coding"]]


class TestMedication:
    def test_a_codeable_concept_stays_as_it_is(self):
        assert normalise(CODEABLE, {}, None) is CODEABLE

    def test_a_contained_medication_gives_its_codes(self):
        received = order("r", contained=[MEDICATION], medicationReference={"reference": "#len-10"})
        result = normalise(received, {}, None)
        assert codes(result["medicationCodeableConcept"]) == ["L04AX04"]
        assert result["contained"] == [MEDICATION]
        assert "medicationReference" not in result

    def test_a_referenced_medication_is_put_inside_with_its_strength(self):
        received = order("r", medicationReference={"reference": "Medication/len-10/_history/3"})
        before = copy.deepcopy(received)
        result = normalise(received, {"Medication/len-10": MEDICATION}, None)
        assert codes(result["medicationCodeableConcept"]) == ["L04AX04"]
        assert result["contained"][0]["ingredient"][0]["strength"]["numerator"]["value"] == 10
        link = result["medicationCodeableConcept"]["extension"][0]
        assert (link["url"], link["valueReference"]["reference"]) == (MEDICATION_REFERENCE, "#len-10")
        assert received == before

    def test_the_one_ingredient_tells_the_drug_when_the_product_has_a_code_of_its_own(self):
        product = {
            **MEDICATION,
            "code": {"coding": [{"system": "urn:products", "code": "0815"}]},
            "ingredient": [{"itemCodeableConcept": {"coding": [LENALIDOMIDE]}}],
        }
        received = order("r", medicationReference={"reference": "Medication/len-10"})
        result = normalise(received, {"Medication/len-10": product}, None)
        assert codes(result["medicationCodeableConcept"]) == ["0815", "L04AX04"]

    def test_of_several_ingredients_none_is_taken_for_the_drug(self):
        both = [{"itemCodeableConcept": {"coding": [{"code": code}]}} for code in ("a", "b")]
        product = {"resourceType": "Medication", "id": "len-10", "ingredient": both}
        received = order("r", medicationReference={"reference": "Medication/len-10"})
        result = normalise(received, {"Medication/len-10": product}, None)
        assert "coding" not in result["medicationCodeableConcept"]

    def test_an_unknown_medication_stays_unknown(self):
        received = order("r", medicationReference={"reference": "Medication/other"})
        assert normalise(received, {"Medication/len-10": MEDICATION}, None) is received


def test_the_condition_that_is_the_reason_gives_its_codes_to_the_reason():
    received = order("r", reasonCode=[{"text": "relapse"}], reasonReference=[{"reference": "Condition/mm"}])
    result = normalise(received, {"Condition/mm": condition("mm", "C90.0")}, None)
    assert result["reasonCode"][0] == {"text": "relapse"}
    assert codes(result["reasonCode"][1]) == ["C90.0"]
    assert result["reasonReference"] == received["reasonReference"]


class TestCodes:
    def test_a_local_code_gets_its_meaning_after_what_the_sender_wrote(self, mappings):
        received = observation("o", "urn:local", "CREA", "80", "umol/L")
        result = normalise(received, {}, mappings)
        assert codes(result["code"]) == ["CREA", "2160-0"]
        assert codes(received["code"]) == ["CREA"]

    def test_a_code_that_is_there_already_is_not_added_twice(self, mappings):
        received = observation("o", "urn:local", "CREA", "80", "umol/L")
        received["code"]["coding"].append({"system": LOINC, "code": "2160-0"})
        assert normalise(received, {}, mappings) is received

    def test_codes_inside_components_and_contained_medications_are_translated_too(self, mappings):
        local = {"coding": [{"system": "urn:local", "code": "CREA"}]}
        panel = {"resourceType": "Observation", "id": "p", "component": [{"code": local}]}
        assert codes(normalise(panel, {}, mappings)["component"][0]["code"]) == ["CREA", "2160-0"]

    @pytest.mark.parametrize("name", ["code", "category", "valueCodeableConcept", "interpretation"])
    def test_each_of_several_concepts_is_translated(self, mappings, name):
        local = {"coding": [{"system": "urn:local", "code": "CREA"}]}
        other = {"coding": [{"system": "urn:other", "code": "x"}, {"code": "y"}, {"display": "z"}]}
        received = {"resourceType": "Observation", "id": "o", name: [other, {"text": "x"}, None, local]}
        result = normalise(received, {}, mappings)
        assert result[name][:3] == received[name][:3]
        assert codes(result[name][3]) == ["CREA", "2160-0"]

    def test_a_coding_beside_no_list_is_left_alone(self, mappings):
        received = {"resourceType": "Observation", "id": "o", "code": {"system": "urn:local", "code": "CREA"}}
        assert normalise(received, {}, mappings) is received

    def test_objects_of_one_call_may_have_other_members_each(self, mappings):
        local = {"coding": [{"system": "urn:local", "code": "CREA"}]}
        names = [("code",), ("code", "method"), ("method", "code"), ("reasonCode",), ("component",)]
        received = [
            {
                "resourceType": kind,
                "id": "o",
                **{name: {"code": local} if name == "component" else local for name in at},
            }
            for at in names
            for kind in ("Observation", "Procedure")
        ]
        together = normalise_all(received, {}, mappings)
        assert together == [normalise(one, {}, mappings) for one in received]
        assert all(json.dumps(one).count("2160-0") == json.dumps(one).count("CREA") > 0 for one in together)

    def test_free_text_means_nothing(self, mappings):
        received = {"resourceType": "Observation", "id": "o", "code": {"text": "creatinine"}}
        assert normalise(received, {}, mappings) is received


class TestUnits:
    def test_mass_becomes_substance_and_the_original_is_kept(self, mappings):
        received = observation("o", LOINC, "2160-0", "2.00", "mg/dL")
        quantity = normalise(received, {}, mappings)["valueQuantity"]
        assert quantity["value"] == Decimal("176.8")
        assert (quantity["unit"], quantity["system"], quantity["code"]) == ("umol/L", UCUM, "umol/L")
        assert quantity["extension"] == [{"url": ORIGINAL_QUANTITY, "valueQuantity": received["valueQuantity"]}]

    def test_a_local_code_is_understood_before_its_unit(self, mappings):
        received = observation("o", "urn:local", "CREA", "1", "mg/dL")
        assert normalise(received, {}, mappings)["valueQuantity"]["value"] == Decimal("88.4")

    def test_the_canonical_unit_stays_as_it_is(self, mappings):
        received = observation("o", LOINC, "2160-0", "177", "umol/L")
        assert normalise(received, {}, mappings) is received

    def test_a_comparator_is_kept(self, mappings):
        received = observation("o", LOINC, "2160-0", "0.5", "mg/dL")
        received["valueQuantity"]["comparator"] = "<"
        quantity = normalise(received, {}, mappings)["valueQuantity"]
        assert (quantity["comparator"], quantity["value"]) == ("<", Decimal("44.2"))

    def test_the_reference_range_goes_along(self, mappings):
        received = observation("o", LOINC, "2160-0", "1", "mg/dL")
        received["referenceRange"] = [{"high": {"value": Decimal("1.2"), "unit": "mg/dL"}, "text": "adults"}]
        high = normalise(received, {}, mappings)["referenceRange"][0]["high"]
        assert (high["value"], high["code"]) == (Decimal("106.08"), "umol/L")

    @pytest.mark.parametrize(
        "quantity",
        [
            {"value": 2},
            {"value": 2, "unit": "mystery"},
            {"value": 2, "unit": "mg/dL", "system": "urn:units", "code": "mg/dL"},
            {"unit": "mg/dL"},
            {"value": True, "unit": "mg/dL"},
            {"value": "2", "unit": "mg/dL"},
        ],
    )
    def test_what_cannot_be_read_stays_as_it_came(self, mappings, quantity):
        received = {**observation("o", LOINC, "2160-0", "1", "mg/dL"), "valueQuantity": quantity}
        assert normalise(received, {}, mappings)["valueQuantity"] == quantity

    def test_a_unit_code_decides_and_not_the_printed_unit_beside_it(self, mappings):
        quantity = {"value": 80, "unit": "mg/dL", "system": UCUM, "code": "umol/L"}
        received = {**observation("o", LOINC, "2160-0", "1", "x"), "valueQuantity": quantity}
        assert normalise(received, {}, mappings)["valueQuantity"] == quantity

    @pytest.mark.parametrize("micro", ["\u00b5", "\u03bc"])
    def test_a_printed_micro_sign_is_written_as_ucum_writes_it(self, micro):
        received = {
            **observation("o", LOINC, "2160-0", "1", "x"),
            "valueQuantity": {"value": 80, "unit": f"{micro}mol/L"},
        }
        assert normalise(received, {}, None)["valueQuantity"] == {"value": 80, "unit": "umol/L"}

    def test_a_table_that_writes_the_unit_as_ucum_does_knows_the_printed_one_too(self):
        class MicrogramTable(FactorTable):
            def conversion(self, codes, unit):
                return ("ng/L", Decimal(1000)) if unit == "ug/L" else None

        received = {**observation("o", LOINC, "2160-0", "1", "x"), "valueQuantity": {"value": 2, "unit": "µg/L"}}
        quantity = normalise(received, {}, MicrogramTable())["valueQuantity"]
        assert (quantity["value"], quantity["code"]) == (2000, "ng/L")

    def test_a_component_is_converted_by_its_own_code(self, mappings):
        single = observation("o", LOINC, "2160-0", "1", "mg/dL")
        component = {"code": single["code"], "valueQuantity": single["valueQuantity"]}
        panel = {"resourceType": "Observation", "id": "p", "code": {"text": "panel"}, "component": [component]}
        converted = normalise(panel, {}, mappings)["component"][0]["valueQuantity"]
        assert converted["value"] == Decimal("88.4")

    def test_a_product_has_no_more_digits_than_a_cql_decimal(self, mappings):
        received = observation("o", LOINC, "2160-0", "0.123456789", "mg/dL")
        assert normalise(received, {}, mappings)["valueQuantity"]["value"] == Decimal("10.91358015")
