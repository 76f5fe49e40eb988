"""Code systems that are loaded: which codes they have, and which lie below which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_PARENT_PROPERTIES = frozenset({"parent", "subsumedBy"})


class CodeSystems:
    """The CodeSystem resources of one server."""

    def __init__(self, resources: Iterable[Mapping[str, Any]]) -> None:
        """Take CodeSystem resources; others are passed over."""
        self._resources = {
            resource["url"]: resource
            for resource in resources
            if resource.get("resourceType") == "CodeSystem" and "url" in resource
        }

    def all_codes(self, system: str) -> frozenset[str] | None:
        """Return every code of a system whose content is complete here, None for other systems."""
        resource = self._resources.get(system)
        if resource is None or resource.get("content") != "complete":
            return None
        return frozenset(concept["code"] for concept, _ in _concepts(resource.get("concept", ()), None))

    def display(self, system: str, code: str) -> str | None:
        """Return the display of a code, None when it is not known here."""
        for concept, _ in _concepts(self._resources.get(system, {}).get("concept", ()), None):
            if concept["code"] == code:
                display: str | None = concept.get("display")
                return display
        return None

    def descendants(self, system: str, code: str) -> frozenset[str] | None:
        """Return the codes below `code`, itself left out; None when the system or the code is not loaded here."""
        resource = self._resources.get(system)
        if resource is None:
            return None
        children: dict[str, set[str]] = defaultdict(set)
        known = set()
        for concept, parent in _concepts(resource.get("concept", ()), None):
            known.add(concept["code"])
            for above in _parents(concept, parent):
                children[above].add(concept["code"])
        if code not in known:
            return None
        found: set[str] = set()
        waiting = [code]
        while waiting:
            below = children[waiting.pop()] - found
            found |= below
            waiting.extend(below)
        return frozenset(found)

    def subsumes(self, system: str, ancestor: str, descendant: str) -> bool | None:
        """Tell whether a code lies above another one; None when the system does not say so here.

        Only a hierarchy of kinds counts (`hierarchyMeaning` is-a, or none given), and only a complete code system can
        say no. https://hl7.org/fhir/R4/codesystem-definitions.html#CodeSystem.hierarchyMeaning
        """
        below = self.descendants(system, ancestor)
        if below is None or self._resources[system].get("hierarchyMeaning", "is-a") != "is-a":
            return None
        if descendant in below:
            return True
        return False if descendant in (self.all_codes(system) or ()) else None


def _concepts(
    concepts: Iterable[Mapping[str, Any]], parent: str | None
) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    for concept in concepts:
        yield concept, parent
        yield from _concepts(concept.get("concept", ()), concept["code"])


def _parents(concept: Mapping[str, Any], nested_in: str | None) -> Iterator[str]:
    if nested_in is not None:
        yield nested_in
    for item in concept.get("property", ()):
        if item["code"] in _PARENT_PROPERTIES and (value := item.get("valueCode")):
            yield value
