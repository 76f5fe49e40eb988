"""Paths over plain FHIR JSON: choice elements, primitives with extensions, types, strictness."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from cds.engine.errors import EvaluationError, FHIRPathSyntaxError
from cds.engine.fhirpath import fhirpath
from cds.engine.runtime.fhir_values import Element
from cds.engine.runtime.temporal import Date
from cds.engine.runtime.values import Code, Concept, Quantity

NOW = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
UCUM = "http://unitsofmeasure.org"
PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "gender": "female",
    "birthDate": "1980-05-06",
    "_birthDate": {
        "id": "b",
        "extension": [{"url": "http://example.org/time", "valueDateTime": "1980-05-06T04:00:00Z"}],
    },
    "_active": {"extension": [{"url": "http://example.org/absent", "valueCode": "unknown"}]},
    "deceasedBoolean": False,
    "multipleBirthInteger": 2,
    "name": [
        {
            "family": "Doe",
            "given": ["Ann", None, "Bea"],
            "_given": [
                None,
                {"extension": [{"url": "http://example.org/absent", "valueCode": "masked"}]},
                {"id": "g3"},
            ],
        }
    ],
    "contact": [{"gender": "male"}],
    "maritalStatus": {"coding": [{"code": "M"}]},
}
OBSERVATION = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
    "effectiveDateTime": "2026-02-01T08:00:00+01:00",
    "valueQuantity": {"value": 11.5, "unit": "g/dL", "system": UCUM, "code": "g/dL"},
}
MEDICATION_REQUEST = {
    "resourceType": "MedicationRequest",
    "medicationCodeableConcept": {"coding": [{"code": "860975"}]},
    "dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": 500, "code": "mg", "system": UCUM}}]}],
}


def evaluate(expression, focus=PATIENT, *, strict=True, **variables):
    return fhirpath(expression, strict=strict).evaluate(focus, variables, now=NOW)


@pytest.mark.parametrize(
    ("expression", "focus", "expected"),
    [
        ("value.ofType(Quantity).value", OBSERVATION, [11.5]),
        ("Observation.value.ofType(Quantity).unit", OBSERVATION, ["g/dL"]),
        ("value.unit", OBSERVATION, ["g/dL"]),
        ("value.exists()", OBSERVATION, [True]),
        ("value is Quantity", OBSERVATION, [True]),
        ("value is CodeableConcept", OBSERVATION, [False]),
        ("(value as Quantity).code", OBSERVATION, ["g/dL"]),
        ("value.as(CodeableConcept)", OBSERVATION, []),
        ("value.ofType(CodeableConcept).exists()", OBSERVATION, [False]),
        ("effective.ofType(Period).start", OBSERVATION, []),
        ("effective", OBSERVATION, ["2026-02-01T08:00:00+01:00"]),
        ("value", OBSERVATION, [OBSERVATION["valueQuantity"]]),
        ("medication.ofType(CodeableConcept).coding.code", MEDICATION_REQUEST, ["860975"]),
        ("medication.coding.code", MEDICATION_REQUEST, ["860975"]),
        ("dosageInstruction.doseAndRate.dose.ofType(Quantity).value", MEDICATION_REQUEST, [500]),
        ("deceased", PATIENT, [False]),
        ("deceased.ofType(boolean)", PATIENT, [False]),
        ("deceased.ofType(dateTime).exists()", PATIENT, [False]),
        ("multipleBirth.ofType(integer) > 1", PATIENT, [True]),
    ],
)
def test_a_choice_element_is_read_by_its_name_without_the_type(expression, focus, expected):
    assert evaluate(expression, focus) == expected


def test_a_primitive_with_extensions_keeps_value_id_and_extensions():
    assert evaluate("birthDate") == ["1980-05-06"]
    assert evaluate("birthDate.id") == ["b"]
    assert evaluate("birthDate.extension.url") == ["http://example.org/time"]
    assert evaluate("birthDate.extension('http://example.org/time').value") == ["1980-05-06T04:00:00Z"]
    assert evaluate("birthDate = @1980-05-06") == [True]
    assert evaluate("birthDate < @1981") == [True]


def test_a_primitive_without_value_is_there_but_has_no_value():
    assert evaluate("active.exists()") == [True]
    assert evaluate("active.hasValue()") == [False]
    assert evaluate("active") == []
    assert evaluate("active = true") == []
    assert fhirpath("active").evaluate_boolean(PATIENT, now=NOW) is None


def test_a_repeating_primitive_counts_positions_that_have_only_extensions():
    assert evaluate("name.given") == ["Ann", "Bea"]
    assert evaluate("name.given.count()") == [3]
    assert evaluate("name.given[2]") == ["Bea"]
    assert evaluate("name.given[2].id") == ["g3"]
    assert evaluate("name.given.where(hasValue()).count()") == [2]
    assert evaluate("name.given.where(extension.exists()).count()") == [1]
    assert evaluate("'Bea' in name.given") == [True]


def test_the_type_of_the_focus_at_the_head_of_a_path_changes_nothing():
    assert evaluate("Patient.gender") == ["female"]
    assert evaluate("DomainResource.gender") == ["female"]
    assert evaluate("FHIR.gender", strict=False) == []


@pytest.mark.parametrize(
    "expression",
    ["nme.given", "name.first().givn", "Encounter.status", "valueQuantity", "contact.gender.coding", "deceasedBoolean"],
)
def test_a_misspelt_element_is_an_error_when_strict_and_empty_otherwise(expression):
    with pytest.raises(EvaluationError, match="has no element"):
        evaluate(expression)
    assert evaluate(expression, strict=False) == []


def test_a_misspelt_element_is_found_before_there_is_data():
    expression = fhirpath("%observations.where(valeu.exists())")
    with pytest.raises(FHIRPathSyntaxError, match=r"FHIR\.Observation has no element valeu"):
        expression.check(focus="Patient", variables={"observations": "Observation"})


def test_a_collection_of_several_types_is_read_item_by_item():
    bundle = {"resourceType": "Bundle", "entry": [{"resource": PATIENT}, {"resource": OBSERVATION}]}
    assert evaluate("entry.resource.ofType(Observation).status", bundle) == ["final"]
    assert evaluate("entry.resource.status", bundle) == ["final"]
    assert evaluate("entry.resource.name.family", bundle) == ["Doe"]
    assert evaluate("entry.resource.type().name", bundle) == ["Patient", "Observation"]
    assert evaluate("entry.resource.where($this is DomainResource).count()", bundle) == [2]
    assert evaluate("(%a | %b).ofType(Patient).gender", None, a=PATIENT, b=OBSERVATION) == ["female"]


def test_variables_know_their_types():
    assert evaluate("%patient is Patient", None, patient=PATIENT) == [True]
    assert evaluate("%all.ofType(Observation).count()", None, all=[OBSERVATION, PATIENT]) == [1]
    assert evaluate("%all.ofType(Observation).count()", None, all=[OBSERVATION]) == [1]
    assert evaluate("%patient.birthDate is date", None, patient=PATIENT) == [True]
    assert evaluate("%patient.birthDate is System.Date", None, patient=PATIENT) == [False]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("gender is code", [True]),
        ("gender is string", [True]),
        ("gender.ofType(string)", []),
        ("gender.ofType(code)", ["female"]),
        ("gender is System.String", [False]),
        ("'x' is String", [True]),
        ("'x' is string", [False]),
        ("1 'mg' is Quantity", [True]),
        ("maritalStatus is CodeableConcept", [True]),
        ("name is HumanName", [True]),
        ("contact.type().name", ["BackboneElement"]),
        ("name.is(FHIR.`HumanName`)", [True]),
    ],
)
def test_types(expression, expected):
    assert evaluate(expression) == expected


def test_plain_and_engine_values_may_be_handed_in():
    assert evaluate("%limit + 1", limit=2) == [3]
    assert evaluate("%limit = 2.1", limit=2.1) == [True]
    assert evaluate("%limit", limit=Decimal("2.10")) == [Decimal("2.10")]
    assert evaluate("%codes contains 'a'", codes=["a", "b"]) == [True]
    assert evaluate("%codes contains 'a'", codes=("b",)) == [False]
    assert evaluate("%day", day=dt.date(2026, 1, 2)) == [Date(2026, 1, 2)]
    assert evaluate("%q < 1 'g'", q=Quantity(Decimal(5), "mg")) == [True]
    assert evaluate("%code.system", code=Code("a", "http://example.org")) == ["http://example.org"]
    assert evaluate("%concept.coding.code", concept=Concept((Code("a"), Code("b")))) == ["a", "b"]
    assert evaluate("%nothing.exists()", nothing=None) == [False]
    assert evaluate("%nothing.exists()", nothing=[]) == [False]
    assert evaluate("coding.code", Element("CodeableConcept", {"coding": [{"code": "x"}]})) == ["x"]


def test_an_object_of_unknown_type_is_an_error_not_a_guess():
    with pytest.raises(EvaluationError, match="type of a JSON object"):
        evaluate("coding.code", {"coding": [{"code": "x"}]})
    with pytest.raises(EvaluationError, match="no resource type"):
        evaluate("%x.id", x={"resourceType": "Nonsense", "id": "1"})


def test_an_undefined_variable_is_an_error():
    with pytest.raises(EvaluationError, match="%other is not handed in"):
        evaluate("%other.exists()")


def test_the_variables_of_the_specification_are_there():
    assert evaluate("%ucum") == [UCUM]
    assert evaluate("%sct | %loinc") == ["http://snomed.info/sct", "http://loinc.org"]
    assert evaluate("%`vs-administrative-gender`") == ["http://hl7.org/fhir/ValueSet/administrative-gender"]
    assert evaluate("%'ext-data-absent-reason'") == ["http://hl7.org/fhir/StructureDefinition/data-absent-reason"]
    assert evaluate("name.select(%context.gender)") == ["female"]
    assert evaluate("%resource.id | %rootResource.id") == ["p"]
    assert evaluate("%resource.id", resource=OBSERVATION) == ["o"]


def test_a_defined_variable_lives_for_the_rest_of_its_path():
    assert evaluate("name.defineVariable('n').given.first().select(%n.family & ', ' & $this)") == ["Doe, Ann"]
    assert evaluate("defineVariable('x', 1).select(%x + 1)") == [2]
    assert evaluate("name.select(defineVariable('g', given.first()).select(%g))") == ["Ann"]
    with pytest.raises(FHIRPathSyntaxError, match="%x is not defined"):
        fhirpath("defineVariable('x', 1).select(%x) | %x")
    with pytest.raises(FHIRPathSyntaxError, match="exists already"):
        fhirpath("defineVariable('x', 1).defineVariable('x', 2)")
    with pytest.raises(FHIRPathSyntaxError, match="exists already"):
        fhirpath("defineVariable('context', 1)")


def test_the_same_expression_serves_data_of_different_types():
    expression = fhirpath("%things.id")
    for things, ids in ((PATIENT, ["p"]), ([OBSERVATION], ["o"]), ([PATIENT, OBSERVATION], ["p", "o"]), (None, [])):
        assert expression.evaluate(None, {"things": things}, now=NOW) == ids


def test_elements_come_back_as_json_or_as_engine_values():
    expression = fhirpath("value | effective | birthDate", strict=False)
    assert expression.evaluate(OBSERVATION, now=NOW) == [OBSERVATION["valueQuantity"], "2026-02-01T08:00:00+01:00"]
    assert expression.evaluate_values(OBSERVATION, now=NOW)[0] == Quantity(Decimal("11.5"), "g/dL")
    assert fhirpath("birthDate").evaluate_values(PATIENT, now=NOW) == [Date(1980, 5, 6)]
