"""FHIRPath over plain FHIR R4 dictionaries: text → syntax tree → intermediate form → Python, compiled once."""

from __future__ import annotations

from cds.engine.fhirpath.expression import FHIRPath, fhirpath

__all__ = ["FHIRPath", "fhirpath"]
