"""Our own extensions, by their canonical URLs."""

from typing import Final

CANONICAL_BASE: Final = "https://fhir-cds.example.org/fhir"
# On a Quantity that was converted: the Quantity as it was received.
ORIGINAL_QUANTITY: Final = f"{CANONICAL_BASE}/StructureDefinition/original-quantity"
# On a medicationCodeableConcept that stands for a reference: the contained Medication it was taken from.
MEDICATION_REFERENCE: Final = f"{CANONICAL_BASE}/StructureDefinition/medication-reference"
