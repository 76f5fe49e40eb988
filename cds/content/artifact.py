"""A knowledge artifact: one FHIR resource an author wrote, with the file it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cds.content.canonical import Canonical

KNOWLEDGE_TYPES = frozenset(
    {
        "PlanDefinition",
        "ActivityDefinition",
        "Library",
        "ValueSet",
        "CodeSystem",
        "ConceptMap",
        "ObservationDefinition",
        "NamingSystem",
        "Questionnaire",
        "Measure",
        "StructureMap",
    }
)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Artifact:
    """One resource as the author wrote it.

    `file` is the file's name as a person would look for it, `root` the folder or package it belongs to, and `path` the
    place of the resource in the file ("" for the whole file, `Bundle.entry[2].resource` in a Bundle).
    """

    resource: Mapping[str, Any]
    file: str
    root: str
    path: str = ""

    @property
    def type(self) -> str:
        """The resource type, such as "PlanDefinition"."""
        return str(self.resource["resourceType"])

    @property
    def id(self) -> str | None:
        """The logical id, if the author gave one."""
        return self.resource.get("id")

    @property
    def url(self) -> str | None:
        """The canonical URL without the version."""
        return self.resource.get("url")

    @property
    def version(self) -> str | None:
        """The business version."""
        return self.resource.get("version")

    @property
    def canonical(self) -> str:
        """`url|version`, or `Type/id` for a resource without a URL: how people and logs name the artifact."""
        if self.url is None:
            return f"{self.type}/{self.id}"
        return str(Canonical(self.url, self.version))

    def at(self, path: str) -> str:
        """Return the JSON path of `path` inside the file, such as `PlanDefinition.action[0].title`."""
        inside = ".".join(part for part in (self.path or self.type, path) if part)
        return inside.replace(".[", "[")


def contained(resource: Mapping[str, Any], fragment: str, types: Iterable[str] = ()) -> Mapping[str, Any] | None:
    """Return the contained resource whose id is `fragment` (without #), of one of `types` if given."""
    for candidate in resource.get("contained", ()):
        if candidate.get("id") == fragment and (not types or candidate.get("resourceType") in types):
            found: Mapping[str, Any] = candidate
            return found
    return None
