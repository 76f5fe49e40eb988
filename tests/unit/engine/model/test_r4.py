"""The R4 type tables, against facts of the FHIR 4.0.1 specification."""

import subprocess
import sys

import pytest

from cds.engine.model import r4


def test_a_choice_element_lists_its_types_and_json_members():
    effective = r4.element("Observation", "effective")
    assert effective is not None
    assert effective.is_choice
    assert not effective.is_list
    assert effective.types == ("dateTime", "Period", "Timing", "instant")
    assert r4.choice_names("Observation", "effective")["dateTime"] == "effectiveDateTime"
    assert r4.choice_names("Observation", "value")["CodeableConcept"] == "valueCodeableConcept"


def test_an_element_that_is_no_choice_has_no_choice_members():
    assert dict(r4.choice_names("Observation", "status")) == {}
    assert dict(r4.choice_names("Observation", "nothing")) == {}


def test_inherited_elements_are_found():
    assert r4.element("Observation", "id").types == ("id",)
    assert r4.element("Observation", "extension").is_list
    assert r4.element("Observation.Component", "modifierExtension").is_list
    assert r4.element("Age", "value").types == ("decimal",)


def test_a_dotted_path_steps_through_choices_and_backbones():
    assert r4.element("Observation", "component.code.coding").types == ("Coding",)
    assert r4.element("Observation", "value.unit").types == ("string",)
    assert r4.element("Observation", "component.value.start").types == ("dateTime",)
    assert r4.element("Observation", "component.nothing") is None


@pytest.mark.parametrize(
    ("type_name", "of", "expected"),
    [
        ("Observation", "Observation", True),
        ("Observation", "DomainResource", True),
        ("Observation", "Resource", True),
        ("Observation", "Element", False),
        ("Resource", "Observation", False),
        ("Age", "Quantity", True),
        ("Quantity", "Age", False),
        ("id", "string", True),
        ("string", "id", False),
        ("positiveInt", "integer", True),
        ("ObservationStatus", "code", True),
        ("ObservationStatus", "string", True),
        ("code", "ObservationStatus", False),
        ("NoSuchType", "Element", False),
    ],
)
def test_inheritance(type_name, of, expected):
    assert r4.is_subtype(type_name, of) is expected


def test_primitives_know_the_system_type_of_their_value():
    assert r4.is_primitive("dateTime")
    assert r4.system_type("dateTime") == "DateTime"
    assert r4.system_type("positiveInt") == "Integer"
    assert r4.is_primitive("AdministrativeGender")
    assert r4.fhir_type("AdministrativeGender") == "code"
    assert not r4.is_primitive("Quantity")
    assert r4.system_type("Quantity") is None


def test_code_and_patient_paths():
    assert r4.primary_code_path("Observation") == "code"
    assert r4.primary_code_path("MedicationRequest") == "medication"
    assert r4.primary_code_path("Patient") is None
    assert r4.patient_path("Condition") == "subject"
    assert r4.patient_path("AllergyIntolerance") == "patient"
    assert r4.patient_path("Coverage") == "beneficiary"
    assert r4.patient_path("PlanDefinition") is None


@pytest.mark.parametrize(
    ("type_name", "path", "kind", "name"),
    [
        ("Observation", "code", "token", "code"),
        ("Observation", "effective", "date", "date"),
        ("Observation", "status", "token", "status"),
        ("Observation", "issued", "date", None),
        ("MedicationRequest", "medication", "token", "code"),
        ("MedicationRequest", "authoredOn", "date", "authoredon"),
        ("MedicationStatement", "effective", "date", "effective"),
        ("Condition", "onset", "date", "onset-date"),
        ("Condition", "recordedDate", "date", "recorded-date"),
        ("Condition", "clinicalStatus", "token", "clinical-status"),
        ("Procedure", "performed", "date", "date"),
        ("Immunization", "vaccineCode", "token", "vaccine-code"),
        ("Encounter", "period", "date", "date"),
        ("AllergyIntolerance", "code", "token", "code"),
        ("Observation", "code", "date", None),
        ("NoSuchType", "code", "token", None),
    ],
)
def test_search_parameters_of_an_element(type_name, path, kind, name):
    assert r4.search_parameter(type_name, path, kind) == name


def test_every_element_type_is_a_type_of_the_model():
    unknown = {
        f"{owner}.{found.name}: {name}"
        for owner in r4.types()
        for found in r4.elements(owner).values()
        for name in found.types
        if not name.startswith("System.") and name not in r4.types()
    }
    assert unknown == set()


def test_the_146_concrete_resources_of_r4_are_there_without_the_abstract_ones():
    assert len(r4.resource_types()) == 146
    assert {"Patient", "Observation", "Bundle", "Parameters"} <= r4.resource_types()
    assert "Resource" not in r4.resource_types()
    assert "DomainResource" not in r4.resource_types()


def test_the_table_is_not_read_at_import():
    code = (
        "import cds.engine.model.r4 as m; assert m._table.cache_info().currsize == 0; "
        "m.element('Observation', 'value'); assert m._table.cache_info().currsize == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
