"""Whose resource it is: by its subject or patient, and of an appointment by who takes part."""

from __future__ import annotations

import pytest

from cds.fhir.patient_compartment import patient_reference

MINE = {"reference": "Patient/1"}
DOCTOR = {"reference": "Practitioner/1"}


@pytest.mark.parametrize(
    ("resource", "reference"),
    [
        ({"resourceType": "Observation", "subject": MINE}, MINE),
        ({"resourceType": "AllergyIntolerance", "patient": MINE}, MINE),
        ({"resourceType": "Task", "for": MINE}, MINE),
        ({"resourceType": "Observation"}, None),
        ({"resourceType": "Appointment", "participant": [{"actor": DOCTOR}, {"actor": MINE}]}, MINE),
        ({"resourceType": "Appointment", "participant": [{"actor": DOCTOR}, {}]}, None),
        ({"resourceType": "Appointment"}, None),
        ({"resourceType": "Appointment", "participant": [None, {"actor": {"display": "somebody"}}]}, None),
    ],
)
def test_the_patient_of_a_resource(resource, reference):
    assert patient_reference(resource) == reference
