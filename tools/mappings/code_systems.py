"""The project's own code systems: concepts (targets of local maps), findings, recommendations; and system aliases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from canonical import SYSTEMS, header

_LISTS = ("observations", "drugs", "drug_groups", "conditions", "procedures", "vaccines")
_OID = re.compile(r"urn:oid:[0-9.]+")


def clinical_concepts(catalogue: dict[str, Any]) -> dict[str, Any]:
    """Return the code system to which an integrator maps local codes: one code per concept."""
    resource = header(
        "CodeSystem",
        "clinical-concept",
        "Clinical concepts of the guidelines",
        "One code per observation, drug, drug group, condition, procedure and vaccine that a guideline speaks of. Map a"
        " local code to one of them with a ConceptMap and the guidelines read it.",
    )
    concepts = {
        concept["id"]: {"code": concept["id"], "display": concept["name"]}
        for name in _LISTS
        for concept in catalogue[name]
    }
    return _complete(resource, concepts.values())


def clinical_findings(catalogue: dict[str, Any]) -> dict[str, Any]:
    """Return the facts for which no public code could be verified, defined so that a clinician can apply them."""
    resource = header(
        "CodeSystem",
        "clinical-finding",
        "Clinical findings without a verified public code",
        "Facts that the guidelines ask for and that no public code system was found to express. Sent as"
        " Observation.code (with a value, or present by being there) or Condition.code; map local codes to them with a"
        " ConceptMap.",
    )
    return _complete(
        resource,
        (
            {"code": finding["id"], "display": finding["name"], "definition": finding["definition"]}
            for finding in catalogue["findings"]
        ),
    )


def recommendations(guidelines: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the ids of all recommendations, as in Card.source.topic."""
    resource = header(
        "CodeSystem",
        "recommendation",
        "Recommendations",
        "The stable id of every recommendation of the guidelines, as it stands in Card.source.topic.",
    )
    concepts = [
        {"code": entry["id"], "display": _words(entry["id"], guideline["guideline"]["id"])}
        for guideline in guidelines
        for entry in guideline["recommendations"]
    ]
    return _complete(resource, concepts)


def naming_systems(catalogue: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a NamingSystem per code system that is also sent under another address."""
    for system in catalogue["systems"]:
        oids = [found for alias in system.get("aliases", ()) for found in _OID.findall(alias)]
        if oids and system["key"] != "ICD-10":
            yield _naming_system(system, oids)
        if system["key"] == "ICD-10":
            # The Danish alias writes its codes differently (DC900): the value sets list it as a system of its own.
            yield _naming_system(system, oids[:1])
    for system in catalogue["other_systems"]:
        yield _naming_system(system, system.get("oids", []), uri=system["uri"])


def _naming_system(system: dict[str, Any], oids: list[str], uri: str | None = None) -> dict[str, Any]:
    identifier = system["key"].lower()
    resource = header("NamingSystem", identifier, system["key"], system["use"])
    for absent in ("url", "version", "title", "experimental"):
        del resource[absent]
    resource["kind"] = "codesystem"
    unique = [{"type": "uri", "value": uri or SYSTEMS[system["key"]], "preferred": True}]
    resource["uniqueId"] = unique + [{"type": "other", "value": oid, "preferred": False} for oid in oids]
    return resource


def _complete(resource: dict[str, Any], concepts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    listed = list(concepts)
    resource.update(caseSensitive=True, content="complete", count=len(listed), concept=listed)
    return resource


def _words(identifier: str, guideline: str) -> str:
    words = identifier.removeprefix(f"{guideline}-").replace("-", " ")
    return words[:1].upper() + words[1:]
