"""The stored resources of one synthetic patient: list them, and put them back as the story wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from cds.fhir.references import literal_of
from cds.web.playground.ports import Store, Story


def patient_resources(store: Store, patient_id: str) -> list[dict[str, Any]]:
    """List the Patient and every resource whose subject or patient it is, in the order of arrival."""
    patient = f"Patient/{patient_id}"
    return [
        resource
        for by_id in store.snapshot().values()
        for resource in by_id.values()
        if literal_of(resource) == patient or _subject(resource) == patient
    ]


def restore(store: Store, story: Story, today: date) -> None:
    """Remove what was done to a patient's record and write the story's chart anew."""
    for resource in patient_resources(store, story.id):
        store.delete(resource["resourceType"], resource["id"])
    for resource in story.chart(today).resources:
        store.put(resource)


def _subject(resource: Mapping[str, Any]) -> str | None:
    for name in ("subject", "patient", "for"):
        reference = resource.get(name)
        if isinstance(reference, Mapping):
            return str(reference.get("reference"))
    return None
