"""Whose resource is it? (https://hl7.org/fhir/R4/compartmentdefinition-patient.html)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# The element that names the patient where it is not `subject`.
_PATIENT_ELEMENT = {
    "AllergyIntolerance": "patient",
    "Consent": "patient",
    "Coverage": "beneficiary",
    "DetectedIssue": "patient",
    "Device": "patient",
    "EpisodeOfCare": "patient",
    "FamilyMemberHistory": "patient",
    "Immunization": "patient",
    "ImmunizationRecommendation": "patient",
    "NutritionOrder": "patient",
    "RelatedPerson": "patient",
    "Task": "for",
    "VisionPrescription": "patient",
}
# Shared by all patients: a resource of these types has no subject to check.
NOT_ABOUT_A_PATIENT = frozenset(
    {"Location", "Medication", "Organization", "Practitioner", "PractitionerRole", "Substance", "Provenance"}
)


def patient_element(resource_type: str) -> str:
    """Name the element that refers to the patient."""
    return _PATIENT_ELEMENT.get(resource_type, "subject")


def patient_reference(resource: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Give the Reference to the patient, None where the resource does not say."""
    resource_type = resource.get("resourceType")
    if resource_type == "Appointment":
        return next(_patients_among(resource.get("participant") or ()), None)
    reference = resource.get(_PATIENT_ELEMENT.get(str(resource_type), "subject"))
    return reference if isinstance(reference, (dict, Mapping)) else None


def _patients_among(participants: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the actors that are patients: others may take part in an appointment."""
    for participant in participants:
        actor = participant.get("actor") if isinstance(participant, Mapping) else None
        if isinstance(actor, Mapping) and "Patient/" in str(actor.get("reference")):
            yield actor
