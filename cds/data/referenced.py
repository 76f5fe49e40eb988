"""What other resources say of one that refers to them: the drug of an order, the reason for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds.fhir.elements import codings_of, object_at, objects_at, values_at
from cds.fhir.extensions import MEDICATION_REFERENCE
from cds.fhir.references import contained, parse_reference


def medication_of(resource: Mapping[str, Any], pool: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Find the Medication that `medicationReference` means: contained, or among the data."""
    text = object_at(resource, "medicationReference").get("reference")
    return contained(resource, text) or _in_pool(text, pool)


def with_medication(resource: dict[str, Any], pool: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Put the Medication's codes where the logic looks for them, and the Medication with its strength inside."""
    medication = medication_of(resource, pool)
    if medication is None:
        return resource
    changed = {name: value for name, value in resource.items() if name != "medicationReference"}
    if contained(resource, object_at(resource, "medicationReference").get("reference")) is None:
        changed["contained"] = [*objects_at(resource, "contained"), medication]
    concept = dict(object_at(medication, "code"))
    ingredients = objects_at(medication, "ingredient")
    if len(ingredients) == 1:
        own = list(codings_of(concept))
        concept["coding"] = own + [
            coding for coding in codings_of(ingredients[0].get("itemCodeableConcept")) if coding not in own
        ]
    link = {"url": MEDICATION_REFERENCE, "valueReference": {"reference": f"#{medication.get('id')}"}}
    concept["extension"] = [*objects_at(concept, "extension"), link]
    changed["medicationCodeableConcept"] = concept
    return changed


def with_reasons(resource: dict[str, Any], pool: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Add the codes of the Conditions that `reasonReference` means to `reasonCode`."""
    references = values_at(resource, "reasonReference.reference")
    found = [contained(resource, text) or _in_pool(text, pool) for text in references]
    codes = [
        condition["code"]
        for condition in found
        if condition is not None and condition.get("resourceType") == "Condition" and "code" in condition
    ]
    if not codes:
        return resource
    own = objects_at(resource, "reasonCode")
    return {**resource, "reasonCode": own + [code for code in codes if code not in own]}


def _in_pool(text: object, pool: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    reference = parse_reference(text)
    return pool.get(reference.literal) if reference else None
