"""The FHIR R4 (4.0.1) types as the CQL translator sees them: elements, choices, inheritance, code and patient paths."""
