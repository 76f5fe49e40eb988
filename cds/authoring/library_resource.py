"""The FHIR R4 Library that carries a CQL text and its ELM (https://hl7.org/fhir/R4/library.html).

What the translation determines is written anew each time; what an author added to the file (title, publisher,
approval date, citations …) stays.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from cds.authoring.data_requirements import JSONObject, data_requirements
from cds.authoring.sources import CqlFile

CANONICAL_BASE = "https://fhir-cds.example.org/fhir"
ENGINE_LIBRARIES = frozenset({"FHIRHelpers"})  # answered by the engine itself, so never shipped
LOGIC_LIBRARY = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/library-type", "code": "logic-library"}],
}
SYSTEM_TYPES = {
    "Boolean": "boolean",
    "Integer": "integer",
    "Decimal": "decimal",
    "String": "string",
    "Date": "date",
    "DateTime": "dateTime",
    "Time": "time",
    "Quantity": "Quantity",
    "Ratio": "Ratio",
    "Code": "Coding",
    "Concept": "CodeableConcept",
}
INTERVAL_TYPES = {"Date": "Period", "DateTime": "Period", "Quantity": "Range"}


def library_resource(
    file: CqlFile,
    elm: JSONObject,
    libraries: Mapping[str, JSONObject],
    *,
    existing: Mapping[str, Any] | None = None,
    base: str = CANONICAL_BASE,
) -> JSONObject:
    """Make the Library of one CQL file from its ELM; `libraries` are the ELM documents that it may include, by name."""
    kept = dict(existing or {})
    resource: JSONObject = {
        "resourceType": "Library",
        "id": file.name.replace("_", "-"),
        "url": f"{base}/Library/{file.name}",
        "version": file.version,
        "name": file.name,
        "title": kept.pop("title", file.name),
        "status": kept.pop("status", "active"),
        "type": LOGIC_LIBRARY,
    }
    other_artifacts = [found for found in kept.pop("relatedArtifact", []) if found.get("type") != "depends-on"]
    generated = {
        "relatedArtifact": other_artifacts + _dependencies(elm, base),
        "parameter": _parameters(elm),
        "dataRequirement": data_requirements(elm, libraries),
        "content": [
            {"contentType": "text/cql", "data": _base64(file.text)},
            {"contentType": "application/elm+json", "data": _base64(elm_text(elm))},
        ],
    }
    authored = {name: value for name, value in kept.items() if name not in resource and name not in generated}
    return resource | authored | {name: value for name, value in generated.items() if value}


def elm_text(elm: JSONObject) -> str:
    """Write ELM in one canonical form: sorted members, no blanks, no empty annotation lists."""
    return json.dumps(_without_empty_annotations(elm), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _without_empty_annotations(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_empty_annotations(member)
            for name, member in value.items()
            if not (name == "annotation" and member == [])
        }
    if isinstance(value, list):
        return [_without_empty_annotations(member) for member in value]
    return value


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def _dependencies(elm: JSONObject, base: str) -> list[JSONObject]:
    """List included libraries, value sets and code systems as canonical references, sorted."""
    library = elm["library"]
    found = set()
    for include in library.get("includes", {}).get("def", []):
        name = include["path"].rpartition("/")[2]
        if name not in ENGINE_LIBRARIES:
            found.add(_versioned(f"{base}/Library/{name}", include))
    for kind in ("codeSystems", "valueSets"):
        found.update(_versioned(declared["id"], declared) for declared in library.get(kind, {}).get("def", []))
    return [{"type": "depends-on", "resource": canonical} for canonical in sorted(found)]


def _versioned(canonical: str, declared: Mapping[str, Any]) -> str:
    version = declared.get("version")
    return f"{canonical}|{version}" if version else canonical


def _parameters(elm: JSONObject) -> list[JSONObject]:
    """List the CQL parameters (use "in") and the public definitions (use "out") as ParameterDefinition."""
    library = elm["library"]
    inputs = library.get("parameters", {}).get("def", [])
    outputs = [
        definition
        for definition in library.get("statements", {}).get("def", [])
        if definition.get("type") != "FunctionDef"
        and definition.get("accessLevel", "Public") == "Public"
        and not _is_context(definition)
    ]
    return [_parameter(found, "in") for found in inputs] + [_parameter(found, "out") for found in outputs]


def _is_context(definition: JSONObject) -> bool:
    """Whether this is the definition that `context Patient` makes."""
    expression: JSONObject = definition.get("expression", {})
    return expression.get("type") == "SingletonFrom" and definition["name"] == definition.get("context")


def _parameter(definition: JSONObject, use: str) -> JSONObject:
    specifier = definition.get("parameterTypeSpecifier") or definition.get("resultTypeSpecifier")
    name = definition.get("resultTypeName") or definition.get("parameterType")
    is_list = specifier is not None and specifier["type"] == "ListTypeSpecifier"
    if is_list and specifier is not None:
        specifier = specifier["elementType"]
    fhir_type = _fhir_type(specifier) if specifier else _fhir_type({"type": "NamedTypeSpecifier", "name": name or ""})
    return {"name": definition["name"], "use": use, "min": 0, "max": "*" if is_list else "1", "type": fhir_type}


def _fhir_type(specifier: JSONObject) -> str:
    """Name the FHIR type of an ELM type: the R4 binding of ParameterDefinition.type has "Any" for all others."""
    if specifier["type"] == "NamedTypeSpecifier":
        namespace, _, name = specifier["name"].partition("}")
        if namespace == "{http://hl7.org/fhir":
            return str(name) if "." not in name else "BackboneElement"
        return SYSTEM_TYPES.get(name, "Any")
    if specifier["type"] == "IntervalTypeSpecifier":
        point = specifier["pointType"].get("name", "")
        return INTERVAL_TYPES.get(point.partition("}")[2], "Any")
    return "Any"
