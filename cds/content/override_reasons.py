"""Reasons for not following a card: the codes of a ValueSet or CodeSystem, with the words the user sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cds.content.artifact import Artifact
from cds.content.canonical import Canonical

OVERRIDE_REASONS = "/StructureDefinition/override-reasons"


def override_reason_canonicals(resource: Mapping[str, Any]) -> Iterator[str]:
    """Yield the canonicals of the override reasons of a plan and its actions."""
    for extension in resource.get("extension", ()):
        if extension.get("url", "").endswith(OVERRIDE_REASONS) and "valueCanonical" in extension:
            yield extension["valueCanonical"]
    for action in resource.get("action", ()):
        yield from override_reason_canonicals(action)


def codes_with_displays(canonical: str, artifacts: tuple[Artifact, ...]) -> list[dict[str, str]]:
    """Return the Codings of a ValueSet or CodeSystem among `artifacts` in its order; those without display are left."""
    wanted = Canonical.parse(canonical)
    for artifact in artifacts:
        if artifact.url == wanted.url and wanted.version in (None, artifact.version):
            return [coding for coding in _codings(artifact, artifacts) if coding["display"]]
    return []


def _codings(artifact: Artifact, artifacts: tuple[Artifact, ...]) -> Iterator[dict[str, str]]:
    if artifact.type == "CodeSystem":
        for concept in artifact.resource.get("concept", ()):
            yield _coding(artifact.url or "", concept)
    for include in artifact.resource.get("compose", {}).get("include", ()):
        if "concept" in include:
            for concept in include["concept"]:
                yield _coding(include["system"], concept)
        elif "system" in include:
            yield from codes_with_displays(include["system"], artifacts)


def _coding(system: str, concept: Mapping[str, Any]) -> dict[str, str]:
    return {"system": system, "code": concept["code"], "display": concept.get("display", "")}
