"""Write cds/engine/model/r4.json from the FHIR 4.0.1 model information of the CQL project.

    python tools/model/generate_r4.py path/to/fhir-modelinfo-4.0.1.xml

The XML is the one the CQL translator reads (npm package cql-exec-fhir, Maven artefact info.cqframework:quick), so the
engine and the translator see the same types. It is not committed; the compact table made from it is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, parse

NAMESPACE = "{urn:hl7-org:elm-modelinfo:r1}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
TARGET = Path(__file__).resolve().parents[2] / "cds" / "engine" / "model" / "r4.json"

# The reference that makes a resource a patient's own, in the order in which R4 names it.
PATIENT_ELEMENTS = ("subject", "patient", "beneficiary", "individual", "candidate", "for")

# Search parameters whose expression casts a choice element; the model information leaves them out.
# https://hl7.org/fhir/R4/searchparameter-registry.html
MEDICATION_SEARCHES = {"code": ["token", "medication"], "medication": ["reference", "medication"]}
MISSING_SEARCHES: dict[str, dict[str, list[str]]] = {
    "MedicationAdministration": MEDICATION_SEARCHES,
    "MedicationDispense": MEDICATION_SEARCHES,
    "MedicationRequest": MEDICATION_SEARCHES,
    "MedicationStatement": MEDICATION_SEARCHES,
    "Observation": {"value-concept": ["token", "value"], "value-date": ["date", "value"]},
    "Patient": {"death-date": ["date", "deceased"]},
}
SEARCH_KINDS = {"System.Code": "token", "System.DateTime": "date", "FHIR.Reference": "reference"}


def local_name(name: str) -> str:
    """Drop the FHIR namespace; System types keep theirs."""
    return name.removeprefix("FHIR.")


def type_text(element: Element) -> str:
    """Encode an element's type: "Quantity", "Quantity*" for a list, "?Quantity|string" for a choice."""
    if name := element.get("elementType"):
        return local_name(name)
    specifier = element.find(NAMESPACE + "elementTypeSpecifier")
    if specifier is None:
        message = f"element {element.get('name')} has no type"
        raise ValueError(message)
    if specifier.get(XSI_TYPE) == "ChoiceTypeSpecifier":
        return "?" + "|".join(choice.get("name", "") for choice in specifier)
    if name := specifier.get("elementType"):
        return local_name(name) + "*"
    return specifier[0].get("name", "") + "*"


def searches(info: Element) -> dict[str, list[str]]:
    """Collect the search parameters over one plain path: name → [kind, path]."""
    found: dict[str, list[str]] = {}
    for search in info.findall(NAMESPACE + "search"):
        kind = SEARCH_KINDS.get(search.get("type", ""))
        path = search.get("path", "")
        if kind is None or search.get("name", "").startswith("combo-"):
            continue
        alternatives = {part.split(".as(")[0] for part in path.split("|")}
        path = min(sorted(alternatives), key=len)
        if all(part.isidentifier() for part in path.split(".")):
            found[search.get("name", "")] = [kind, path]
    found.update(MISSING_SEARCHES.get(info.get("name", ""), {}))
    return dict(sorted(found.items()))


def patient_element(info: Element, elements: dict[str, str]) -> str | None:
    """Name the element that refers to the patient, for resources that have one."""
    if info.get("retrievable") != "true" or info.get("name", "").startswith("MedicinalProduct"):
        return None
    return next((name for name in PATIENT_ELEMENTS if elements.get(name) in ("Reference", "Reference*")), None)


def type_entry(info: Element) -> dict[str, Any]:
    """Make one row of the table."""
    elements = {e.get("name", ""): type_text(e) for e in info.findall(NAMESPACE + "element")}
    entry: dict[str, Any] = {}
    base = local_name(info.get("baseType", ""))
    if base != "System.Any":
        entry["base"] = base
    if list(elements) == ["value"] and elements["value"].startswith("System."):
        entry["value"] = elements["value"].removeprefix("System.")
        if info.get("name", "")[0].isupper():
            entry["enum"] = True
        return entry
    if info.get("retrievable") == "true":
        entry["resource"] = True
    if code := info.get("primaryCodePath"):
        entry["code"] = code
    if patient := patient_element(info, elements):
        entry["patient"] = patient
    if found := searches(info):
        entry["search"] = found
    if elements:
        entry["elements"] = elements
    return entry


def main(source: str) -> None:
    """Read the model information and write the table, one type a line, in the order of their names."""
    root = parse(source).getroot()
    rows = {info.get("name", ""): type_entry(info) for info in root.findall(NAMESPACE + "typeInfo")}
    lines = [f"{json.dumps(name)}:{json.dumps(rows[name], separators=(',', ':'))}" for name in sorted(rows)]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    sys.stdout.write(f"{len(rows)} types, {TARGET.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1])
