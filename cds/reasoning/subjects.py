"""What a plan, an action or an activity is about: one of the subjects of the call, by its type (PD-031 … PD-036)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds.reasoning.call import Call

# R4 PlanDefinition.subject[x], subject-type; RequestGroup and CarePlan can be about the first two only.
SUBJECT_TYPES = ("Patient", "Group", "Practitioner", "Organization", "Location", "Device")
GROUP_SUBJECTS = frozenset({"Patient", "Group"})


def subject_type(holder: Mapping[str, Any]) -> str | None:
    """Return the type of subject that a plan, action or activity declares, None when it declares none."""
    if "subjectCodeableConcept" in holder:
        for coding in holder["subjectCodeableConcept"].get("coding", ()):
            if coding.get("code") in SUBJECT_TYPES:
                return str(coding["code"])
    reference: Mapping[str, Any] = holder.get("subjectReference", {})
    return reference.get("type") or ("Group" if reference else None)


def find_subject(holder: Mapping[str, Any], call: Call) -> Mapping[str, Any] | None:
    """Return the subject that the holder is about; without a declaration the patient, None when the call has none."""
    return call.subjects.get(subject_type(holder) or "Patient")


def reference_to(subject: Mapping[str, Any]) -> dict[str, str]:
    """Return a Reference to a subject."""
    return {"reference": f"{subject['resourceType']}/{subject['id']}"}
