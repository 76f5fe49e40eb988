"""FHIRPath values: FHIR elements with their types, the steps between them, and what they are to an operator."""
