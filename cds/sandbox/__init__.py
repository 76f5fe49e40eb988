"""A small FHIR R4 server in memory, filled with synthetic patients: the EHR of the demonstration and of `cds test`."""
