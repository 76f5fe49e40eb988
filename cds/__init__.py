"""A CDS Hooks server whose guidelines are FHIR files."""

__version__ = "0.1.0"
