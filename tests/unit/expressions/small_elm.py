"""A small compiled library, as the translator writes it, for tests of what runs it."""

from __future__ import annotations

import base64
import json
from typing import Any

BASE = "https://example.org/fhir"
SYSTEM = "{urn:hl7-org:elm-types:r1}"
FHIR = "{http://hl7.org/fhir}"


def boolean(name: str, value: bool, locator: str | None = None) -> dict[str, Any]:
    literal = {"type": "Literal", "valueType": f"{SYSTEM}Boolean", "value": str(value).lower()}
    literal["resultTypeName"] = f"{SYSTEM}Boolean"
    return define(name, literal | ({"locator": locator} if locator else {}))


def define(name: str, expression: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "context": "Patient", "accessLevel": "Public", "expression": expression}


def exists(name: str, resource: str, value_set: str | None = None) -> dict[str, Any]:
    retrieve: dict[str, Any] = {"type": "Retrieve", "dataType": FHIR + resource}
    retrieve["resultTypeSpecifier"] = {
        "type": "ListTypeSpecifier",
        "elementType": {"type": "NamedTypeSpecifier", "name": FHIR + resource},
    }
    if value_set:
        codes = {"type": "ValueSetRef", "name": value_set, "preserve": True, "resultTypeName": f"{SYSTEM}ValueSet"}
        retrieve |= {"codeProperty": "code", "codeComparator": "in", "codes": codes}
    return define(name, {"type": "Exists", "operand": retrieve, "resultTypeName": f"{SYSTEM}Boolean"})


def refers(name: str, to: str) -> dict[str, Any]:
    return define(name, {"type": "ExpressionRef", "name": to, "resultTypeName": f"{SYSTEM}Boolean"})


def library(
    *definitions: dict[str, Any], name: str = "Logic", value_sets: tuple[str, ...] = (), cql: str | None = None
) -> dict[str, Any]:
    elm = {
        "library": {
            "identifier": {"id": name, "version": "1"},
            "schemaIdentifier": {"id": "urn:hl7-org:elm", "version": "r1"},
            "usings": {
                "def": [
                    {"localIdentifier": "System", "uri": "urn:hl7-org:elm-types:r1"},
                    {"localIdentifier": "FHIR", "uri": "http://hl7.org/fhir", "version": "4.0.1"},
                ]
            },
            "valueSets": {"def": [{"name": url, "id": url, "accessLevel": "Public"} for url in value_sets]},
            "contexts": {"def": [{"name": "Patient"}]},
            "statements": {"def": list(definitions)},
        }
    }
    content = [{"contentType": "application/elm+json", "data": base64.b64encode(json.dumps(elm).encode()).decode()}]
    if cql is not None:
        content.append({"contentType": "text/cql", "data": base64.b64encode(cql.encode()).decode()})
    return {
        "resourceType": "Library",
        "id": name.lower(),
        "url": f"{BASE}/Library/{name}",
        "version": "1",
        "status": "active",
        "type": {"text": "logic"},
        "content": content,
    }


def plan(*actions: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {
        "resourceType": "PlanDefinition",
        "id": "demo",
        "url": f"{BASE}/PlanDefinition/demo",
        "version": "1",
        "status": "active",
        "library": [f"{BASE}/Library/Logic"],
        "action": list(actions),
    } | others


def action(
    name: str, expression: str, *hooks: str, language: str = "text/cql-identifier", **others: Any
) -> dict[str, Any]:
    return {
        "id": name,
        "title": name,
        "trigger": [{"type": "named-event", "name": hook} for hook in hooks or ("patient-view",)],
        "condition": [{"kind": "applicability", "expression": {"language": language, "expression": expression}}],
    } | others
