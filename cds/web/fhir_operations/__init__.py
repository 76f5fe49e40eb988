"""The FHIR R4 face of the server under `/fhir`: knowledge artefacts to read and search, and operations on them."""
