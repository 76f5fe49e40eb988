"""Value sets: expansion and membership, from what the resource itself says.

There is no terminology server behind this: a value set is decided by its compose over listed codes, filters on codes,
other value sets and loaded code systems, else by its expansion. What cannot be decided so is None, which the engine
turns into an error: a code that is not known to be in a value set is not known to be outside it (PD-058).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cds.fhir.elements import values_at
from cds.terminology.code_systems import CodeSystems
from cds.terminology.membership import (
    Codes,
    Difference,
    Intersection,
    Listed,
    Matching,
    Membership,
    Undecidable,
    Union,
)

_ON_CODE = frozenset({"code", "concept"})


class ValueSets:
    """The value sets of one server: the engine's terminology port. Compiled on first use, then memoised."""

    def __init__(self, resources: Iterable[Mapping[str, Any]]) -> None:
        """Take ValueSet and CodeSystem resources; others are passed over."""
        listed = list(resources)
        self.code_systems = CodeSystems(listed)
        self._resources: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for resource in listed:
            if resource.get("resourceType") == "ValueSet" and "url" in resource:
                self._resources[resource["url"]].append(resource)
        self._memberships: dict[tuple[str, str | None], Membership] = {}
        self.systems = frozenset(
            system
            for resources in self._resources.values()
            for resource in resources
            for system in (
                *values_at(resource, "compose.include.system"),
                *values_at(resource, "expansion.contains.system"),
            )
            if isinstance(system, str)
        )
        """The code systems that any value set names: a code of another one is seen by no rule."""

    def find(self, url: str, version: str | None = None) -> Mapping[str, Any] | None:
        """Return the ValueSet resource of that version (also written `url|version`), without one the last loaded."""
        url, _, pinned = url.partition("|")
        wanted = version or pinned or None
        candidates = [one for one in self._resources.get(url, ()) if wanted in (None, one.get("version"))]
        return candidates[-1] if candidates else None

    def codes(self, url: str, version: str | None = None) -> Codes | None:
        """Return system → codes of a value set that is loaded and can be written as a list; None for others."""
        return self.membership(url, version).enumerated

    def contains(self, url: str, version: str | None, system: str | None, code: str) -> bool | None:
        """Tell whether the code is in the value set; `system` None means any system; None means it cannot be known."""
        return self.membership(url, version).contains(system, code)

    def undecidable(self, url: str, version: str | None = None) -> str | None:
        """Return why membership cannot always be decided, None when it can."""
        return self.membership(url, version).undecidable

    def membership(self, url: str, version: str | None = None) -> Membership:
        """Return the value set as a set of codes; undecidable when it is not loaded."""
        key = (url, version)
        if key not in self._memberships:
            self._memberships[key] = Undecidable(f"{url} imports itself")
            resource = self.find(url, version)
            self._memberships[key] = Undecidable(f"{url} is not loaded") if resource is None else self._of(resource)
        return self._memberships[key]

    def _of(self, resource: Mapping[str, Any]) -> Membership:
        """Prefer the definition: it holds for codes that were not there when the expansion was made."""
        expanded = _expanded(resource.get("expansion"))
        composed = self._composed(resource.get("compose"), whole_systems=expanded is None)
        return composed if expanded is None or composed.undecidable is None else expanded

    def _composed(self, compose: Mapping[str, Any] | None, *, whole_systems: bool) -> Membership:
        if compose is None:
            return Undecidable("it has neither a definition nor a complete expansion")
        included = Union([self._part(part, whole_systems=whole_systems) for part in compose.get("include", ())])
        if "exclude" not in compose:
            return included
        return Difference(included, Union([self._part(part, whole_systems=True) for part in compose["exclude"]]))

    def _part(self, part: Mapping[str, Any], *, whole_systems: bool) -> Membership:
        """Compile one include or exclude; all that it says is required together (R4 ValueSet.compose.include)."""
        required = [self.membership(canonical) for canonical in part.get("valueSet", ())]
        if "system" in part:
            required += self._of_system(part, whole_systems=whole_systems)
        return required[0] if len(required) == 1 else Intersection(required)

    def _of_system(self, part: Mapping[str, Any], *, whole_systems: bool) -> Iterator[Membership]:
        system = part["system"]
        if "concept" in part:
            yield Listed({system: frozenset(concept["code"] for concept in part["concept"])})
        for one in part.get("filter", ()):
            yield self._filtered(system, one["property"], one["op"], one["value"])
        if "concept" not in part and "filter" not in part:
            codes = self.code_systems.all_codes(system)
            if codes is not None:
                yield Listed({system: codes})
            elif whole_systems:
                yield Matching(system, ".*")
            else:
                yield Undecidable(f"the code system {system} is not loaded")

    def _filtered(self, system: str, name: str, operator: str, value: str) -> Membership:
        if name in _ON_CODE and operator == "regex":
            try:
                return Matching(system, value)
            except re.error as error:
                return Undecidable(f"the pattern {value!r} is no regular expression ({error})")
        if name in _ON_CODE and operator in ("=", "in"):
            return Listed({system: frozenset(code.strip() for code in value.split(","))})
        if name in _ON_CODE and operator in ("is-a", "descendent-of"):
            below = self.code_systems.descendants(system, value)
            if below is not None:
                return Listed({system: below | {value} if operator == "is-a" else below})
            return Undecidable(f"the hierarchy of {system} is not loaded: list the codes, or give an expansion")
        return Undecidable(f"the filter {name} {operator} on {system} is not supported: list the codes")


def _expanded(expansion: Mapping[str, Any] | None) -> Membership | None:
    """Return the expansion as a set, None when there is none or it is only one page of it."""
    if expansion is None:
        return None
    members: dict[str, set[str]] = defaultdict(set)
    count = 0
    for entry in entries(expansion.get("contains", ())):
        count += 1
        if "code" in entry and not entry.get("abstract", False):
            members[entry.get("system", "")].add(entry["code"])
    if expansion.get("total", count) > count:
        return None
    return Listed({system: frozenset(codes) for system, codes in members.items()})


def entries(contains: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield every entry of an expansion, nested ones after the one that holds them."""
    for entry in contains:
        yield entry
        yield from entries(entry.get("contains", ()))
