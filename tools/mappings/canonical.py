"""The names under which the mappings are published: base, version, code system addresses."""

from __future__ import annotations

from typing import Any

BASE = "https://fhir-cds.example.org/fhir"
VERSION = "1.0.0"
DATE = "2026-11-20"
CLINICAL_CONCEPT = f"{BASE}/CodeSystem/clinical-concept"
CLINICAL_FINDING = f"{BASE}/CodeSystem/clinical-finding"
RECOMMENDATION = f"{BASE}/CodeSystem/recommendation"
# Danish hospital diagnoses: the letter D, then the ICD-10 code without its dot (DC900 = C90.0).
DANISH_SKS = "urn:oid:1.2.208.176.2.4.12"

SYSTEMS = {
    "LOINC": "http://loinc.org",
    "NPU": "http://npu-terminology.org",
    "UCUM": "http://unitsofmeasure.org",
    "ATC": "http://www.whocc.no/atc",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "SNOMED": "http://snomed.info/sct",
    "ICD-10": "http://hl7.org/fhir/sid/icd-10",
    "CVX": "http://hl7.org/fhir/sid/cvx",
}


def header(resource_type: str, identifier: str, title: str, description: str) -> dict[str, Any]:
    """Return the elements that every canonical resource of the mappings starts with."""
    return {
        "resourceType": resource_type,
        "id": identifier,
        "url": f"{BASE}/{resource_type}/{identifier}",
        "version": VERSION,
        "name": pascal_case(identifier),
        "title": title,
        "status": "active",
        "experimental": False,
        "date": DATE,
        "publisher": "fhir-cds",
        "description": description,
    }


def pascal_case(identifier: str) -> str:
    """Return a name that follows the rule of FHIR for computable names."""
    name = "".join(part[:1].upper() + part[1:] for part in identifier.replace("_", "-").split("-"))
    return name if name[:1].isalpha() else f"V{name}"
