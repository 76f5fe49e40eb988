"""Elements, quantities, bundles, outcomes, compartments, search parameters."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds.fhir.bundles import link_of, links_of, match_count, outcomes_of, resources_of, searchset, sorted_entries
from cds.fhir.elements import codings_of, values_at
from cds.fhir.operation_outcome import operation_outcome, reports_failure
from cds.fhir.patient_compartment import patient_reference
from cds.fhir.quantities import unit_of, value_of
from cds.fhir.search_parameters import patient_parameter, search_parameters, searchable_types
from cds.fhir.systems import UCUM


def test_values_at_flattens_lists_and_skips_what_is_absent():
    node = {"a": [{"b": 1}, {"b": [2, 3]}, {}, "text"]}
    assert values_at(node, "a.b") == [1, 2, 3]
    assert values_at(node, "a.c") == []
    assert values_at({"a": False}, "a") == [False]


def test_codings_come_from_a_concept_or_a_coding():
    coding = {"system": "s", "code": "c"}
    assert list(codings_of({"coding": [coding, "broken"]})) == [coding]
    assert list(codings_of(coding)) == [coding]
    assert list(codings_of({"text": "free"})) == []
    assert list(codings_of(None)) == []


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [
        ({"system": UCUM, "code": "mg/dL", "unit": "milligrams"}, "mg/dL"),
        ({"unit": "mg/dL"}, "mg/dL"),
        ({"unit": "\u00b5mol/L"}, "umol/L"),
        ({"system": "urn:oid:2.16.840.1.113883.6.8", "code": "g"}, "g"),
        ({"system": "urn:units", "code": "mg"}, None),
        ({"unit": ""}, None),
        ({}, None),
    ],
)
def test_the_unit_is_ucum_or_unknown(quantity, unit):
    assert unit_of(quantity) == unit


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (2, Decimal(2)),
        (Decimal("6.10"), Decimal("6.10")),
        (0.1, Decimal("0.1")),
        (True, None),
        ("2", None),
        (None, None),
    ],
)
def test_a_value_is_a_number_or_none(value, number):
    assert value_of({"value": value}) == number


def test_a_searchset_tells_matches_includes_and_outcomes_apart():
    match, included = {"resourceType": "Observation", "id": "a"}, {"resourceType": "Medication", "id": "b"}
    outcome = operation_outcome("not-supported", "x", severity="warning")
    bundle = searchset([match], [included], [outcome], base_url="https://x", total=1, links={"self": "https://x/s"})
    assert list(resources_of(bundle)) == [match, included]
    assert list(outcomes_of(bundle)) == [outcome]
    assert match_count(bundle) == 1
    assert sorted_entries(bundle) == ([match, included], [outcome], 1)
    assert sorted_entries({"entry": [{"resource": match}, {"fullUrl": "https://x"}]}) is None
    assert link_of(bundle, "self") == "https://x/s"
    assert link_of(bundle, "next") is None
    assert bundle["entry"][0]["fullUrl"] == "https://x/Observation/a"


def test_of_links_with_one_relation_the_first_counts_and_what_is_no_text_is_none():
    links = [{"relation": "self", "url": 1}, {"relation": "self", "url": "x"}, {"relation": [], "url": "y"}, "z"]
    assert links_of({"link": links}) == {"self": None}
    assert links_of({}) == {}


@pytest.mark.parametrize(
    ("outcome", "failed"),
    [
        (operation_outcome("exception", "x"), True),
        (operation_outcome("exception", "x", severity="fatal"), True),
        (operation_outcome("informational", "x", severity="warning"), False),
        (operation_outcome("informational", "x", severity="information"), False),
        (operation_outcome("not-supported", "x", severity="warning"), False),
        (operation_outcome("incomplete", "x", severity="warning"), True),
        (operation_outcome("timeout", "x", severity="information"), True),
        ({"resourceType": "OperationOutcome"}, True),
        ({"resourceType": "OperationOutcome", "issue": []}, True),
        ({"resourceType": "OperationOutcome", "issue": [{}]}, True),
        ({"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": ["timeout"]}]}, False),
        ({"resourceType": "OperationOutcome", "issue": [{"severity": ["warning"], "code": {}}]}, True),
    ],
)
def test_an_outcome_is_a_failure_unless_it_says_otherwise(outcome, failed):
    assert reports_failure(outcome) is failed


@pytest.mark.parametrize(
    ("resource", "reference"),
    [
        ({"resourceType": "Observation", "subject": {"reference": "Patient/1"}}, {"reference": "Patient/1"}),
        ({"resourceType": "Immunization", "patient": {"reference": "Patient/1"}}, {"reference": "Patient/1"}),
        ({"resourceType": "Task", "for": {"reference": "Patient/1"}}, {"reference": "Patient/1"}),
        ({"resourceType": "Immunization", "subject": {"reference": "Patient/1"}}, None),
        ({"resourceType": "Observation"}, None),
    ],
)
def test_the_patient_is_named_by_the_element_of_the_type(resource, reference):
    assert patient_reference(resource) == reference


def test_every_type_has_wellformed_parameters():
    kinds = {"token", "reference", "date", "quantity", "string", "uri"}
    for resource_type in searchable_types():
        for name, parameter in search_parameters(resource_type).items():
            assert parameter.name == name
            assert parameter.kind in kinds
            assert all(parameter.paths)
    assert patient_parameter("Observation") == "patient"
    assert patient_parameter("AdverseEvent") == "subject"
    assert patient_parameter("Practitioner") is None
