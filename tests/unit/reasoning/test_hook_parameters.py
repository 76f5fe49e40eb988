"""The hook's context reaches the logic by name, then by type (PD-211)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cds.reasoning.hook_parameters import bind_hook_context

MEDICATION = {"resourceType": "MedicationRequest", "id": "m"}
SERVICE = {"resourceType": "ServiceRequest", "id": "s"}
BUNDLE = {"resourceType": "Bundle", "entry": [{"resource": MEDICATION}, {"resource": SERVICE}, {"fullUrl": "x"}]}
CONTEXT = {
    "patientId": "p1",
    "hook": "order-select",
    "draftOrders": [MEDICATION, SERVICE],
    "selections": ["A/1"],
    "x": None,
}


@dataclass(frozen=True)
class Declared:
    name: str
    type: str


@pytest.mark.pd("PD-057", "PD-211")
@pytest.mark.parametrize(
    ("name", "declared", "value"),
    [
        ("draftOrders", "List<FHIR.MedicationRequest>", [MEDICATION]),
        ("DraftOrders", "List<FHIR.Resource>", [MEDICATION, SERVICE]),
        ("draftServiceRequests", "List<FHIR.ServiceRequest>", [SERVICE]),
        ("hook", "List<System.String>", ["order-select"]),
        ("ContextPrescriptions", "List<FHIR.MedicationRequest>", [MEDICATION]),
        (
            "draftOrders",
            "FHIR.Bundle",
            {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [{"resource": MEDICATION}, {"resource": SERVICE}],
            },
        ),
        ("selections", "List<System.String>", ["A/1"]),
        ("hook", "System.String", "order-select"),
        ("other", "List<FHIR.Condition>", []),
    ],
)
@pytest.mark.parametrize("drafts", [[MEDICATION, SERVICE], BUNDLE])
def test_a_parameter_gets_the_field_of_its_name_or_the_resources_of_its_type(name, declared, value, drafts):
    assert bind_hook_context([Declared(name, declared)], CONTEXT | {"draftOrders": drafts}) == {name: value}


@pytest.mark.pd("PD-057")
@pytest.mark.parametrize(
    ("name", "declared"), [("threshold", "System.Decimal"), ("x", "System.String"), ("one", "FHIR.Patient")]
)
def test_what_the_context_does_not_tell_stays_unbound_and_takes_its_default(name, declared):
    assert bind_hook_context([Declared(name, declared)], CONTEXT) == {}


def test_two_fields_with_resources_are_ambiguous_by_type():
    context = CONTEXT | {"medications": BUNDLE}
    assert bind_hook_context([Declared("orders", "List<FHIR.MedicationRequest>")], context) == {}


def test_a_single_resource_is_bound_by_name():
    allergy = {"resourceType": "AllergyIntolerance", "id": "a"}
    declared = Declared("allergyIntolerance", "FHIR.AllergyIntolerance")
    assert bind_hook_context([declared], {"allergyIntolerance": allergy}) == {"allergyIntolerance": allergy}
