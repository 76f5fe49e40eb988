"""The author's side of CQL: translate it with the official translator, keep CQL and ELM in FHIR Library resources."""
