"""What one ELM library retrieves, as FHIR DataRequirement (Library.dataRequirement, FHIR R4)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

JSONObject = dict[str, Any]


def nodes(value: Any) -> Iterator[JSONObject]:
    """Yield every JSON object of a document, depth first, in the order of the document."""
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, dict):
            yield current
            stack.extend(reversed(list(current.values())))
        elif isinstance(current, list):
            stack.extend(reversed(current))


def data_requirements(elm: JSONObject, libraries: Mapping[str, JSONObject]) -> list[JSONObject]:
    """List the retrieves of a library, each once, sorted by type.

    `libraries` are the ELM documents by library name, to look up what an included library declares. A code filter that
    is computed is left out: the requirement then asks for more than the logic reads, never for less.
    """
    found: dict[str, JSONObject] = {}
    for node in nodes(elm):
        if node.get("type") == "Retrieve":
            requirement = _requirement(node, elm, libraries)
            found[json.dumps(requirement, sort_keys=True)] = requirement
    return [found[key] for key in sorted(found, key=lambda key: (found[key]["type"], key))]


def _requirement(retrieve: JSONObject, elm: JSONObject, libraries: Mapping[str, JSONObject]) -> JSONObject:
    requirement: JSONObject = {"type": retrieve["dataType"].partition("}")[2]}
    if template := retrieve.get("templateId"):
        requirement["profile"] = [template]
    path = retrieve.get("codeProperty")
    criteria = _code_criteria(retrieve.get("codes"), elm, libraries)
    if path and criteria:
        requirement["codeFilter"] = [{"path": path, **criteria}]
    return requirement


def _code_criteria(codes: JSONObject | None, elm: JSONObject, libraries: Mapping[str, JSONObject]) -> JSONObject | None:
    """Turn the `codes` operand of a Retrieve into {"valueSet": …} or {"code": [Coding …]}."""
    if codes is None:
        return None
    match codes.get("type"):
        case "ValueSetRef":
            declared = declaration("valueSets", codes, elm, libraries)
            return {"valueSet": declared["id"]} if declared else None
        case "ExpandValueSet" | "ToList" | "ToConcept":
            return _code_criteria(codes.get("operand"), elm, libraries)
        case "Property" if codes.get("path") == "codes":
            return _code_criteria(codes.get("source"), elm, libraries)
        case "CodeRef":
            coding = _coding(codes, elm, libraries)
            return {"code": [coding]} if coding else None
        case "ConceptRef":
            owner = _owner(codes, elm, libraries)
            concept = declaration("concepts", codes, elm, libraries)
            codings = [_coding(code, owner, libraries) for code in concept["code"]] if concept and owner else [None]
            return {"code": codings} if all(codings) else None
        case "List":
            parts = [_code_criteria(element, elm, libraries) for element in codes.get("element", [])]
            if parts and all(part and "code" in part for part in parts):
                return {"code": [coding for part in parts if part for coding in part["code"]]}
    return None


def _owner(reference: JSONObject, elm: JSONObject, libraries: Mapping[str, JSONObject]) -> JSONObject | None:
    """Find the ELM document in which a reference is declared."""
    alias = reference.get("libraryName")
    if alias is None:
        return elm
    includes = elm["library"].get("includes", {}).get("def", [])
    path = next((include["path"] for include in includes if include["localIdentifier"] == alias), None)
    return libraries.get(path.rpartition("/")[2]) if path else None


def declaration(
    kind: str, reference: JSONObject, elm: JSONObject, libraries: Mapping[str, JSONObject]
) -> JSONObject | None:
    """Find the definition that a ValueSetRef, CodeRef, ConceptRef or CodeSystemRef names; None if it is not at hand."""
    owner = _owner(reference, elm, libraries)
    if owner is None:
        return None
    definitions: list[JSONObject] = owner["library"].get(kind, {}).get("def", [])
    return next((found for found in definitions if found["name"] == reference["name"]), None)


def _coding(reference: JSONObject, elm: JSONObject | None, libraries: Mapping[str, JSONObject]) -> JSONObject | None:
    if elm is None:
        return None
    code = declaration("codes", reference, elm, libraries)
    owner = _owner(reference, elm, libraries)
    if code is None or owner is None:
        return None
    system = declaration("codeSystems", code["codeSystem"], owner, libraries)
    if system is None:
        return None
    coding = {"system": system["id"], "code": code["id"]}
    if display := code.get("display"):
        coding["display"] = display
    return coding
