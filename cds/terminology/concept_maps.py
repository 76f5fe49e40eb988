"""Concept maps: from the codes a hospital sends to the codes the guidelines speak of (ConceptMap/$translate)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# R4 reads the equivalence from the target: a wider target holds whenever the source does. A narrower one says more than
# was meant: a local "anaemia" is not "aplastic anaemia".
_SAFE = frozenset({"equivalent", "equal", "wider", "subsumes"})


@dataclass(frozen=True, slots=True)
class Translation:
    """One target of a mapping. `equivalence` is R4's: how the target relates to the source."""

    system: str
    code: str
    display: str | None
    equivalence: str
    concept_map: str

    @property
    def safe(self) -> bool:
        """Whether the target may stand for the source: it means the same, or something wider that holds as well."""
        return self.equivalence in _SAFE

    def as_coding(self) -> dict[str, str]:
        """Return the target as a FHIR Coding."""
        coding = {"system": self.system, "code": self.code}
        return coding | {"display": self.display} if self.display else coding


class ConceptMaps:
    """The ConceptMap resources of one server, indexed by source code."""

    def __init__(self, resources: Iterable[Mapping[str, Any]]) -> None:
        """Take ConceptMap resources; others are passed over."""
        self._targets: dict[tuple[str, str], list[Translation]] = defaultdict(list)
        self._unmapped: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = defaultdict(list)
        for resource in resources:
            if resource.get("resourceType") == "ConceptMap":
                for group in resource.get("group", ()):
                    self._add(group, resource.get("url") or f"ConceptMap/{resource.get('id')}")
        self._codings = {
            source: tuple(translation.as_coding() for translation in translations if translation.safe)
            for source, translations in self._targets.items()
        }

    def translate(self, system: str, code: str, *, target: str | None = None) -> tuple[Translation, ...]:
        """Return the targets of a code, in one system if `target` is given; () when there is no mapping."""
        found = self._targets.get((system, code)) or [
            Translation(target_system, code, None, "equal", name)
            if unmapped["mode"] == "provided"
            else Translation(target_system, unmapped["code"], unmapped.get("display"), "inexact", name)
            for target_system, name, unmapped in self._unmapped.get(system, ())
        ]
        return tuple(one for one in found if target in (None, one.system))

    @property
    def systems(self) -> frozenset[str]:
        """The systems of which any code is mapped."""
        return frozenset({system for system, _ in self._targets} | self._unmapped.keys())

    def concept_codes(self, system: str, code: str) -> tuple[Mapping[str, str], ...]:
        """Return the Codings that may be added to a local code: the targets that are safe to read for it."""
        codings = self._codings.get((system, code))
        if codings is None and system in self._unmapped:
            return tuple(translation.as_coding() for translation in self.translate(system, code) if translation.safe)
        return codings or ()

    def pairs(self) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
        """Yield (source, target) of every mapping that is safe to read, each as (system, code)."""
        for source, translations in self._targets.items():
            for translation in translations:
                if translation.safe:
                    yield source, (translation.system, translation.code)

    def _add(self, group: Mapping[str, Any], name: str) -> None:
        source, target = group.get("source", ""), group.get("target", "")
        for element in group.get("element", ()):
            for one in element.get("target", ()):
                if "code" in one and "code" in element:
                    translation = Translation(target, one["code"], one.get("display"), one["equivalence"], name)
                    self._targets[source, element["code"]].append(translation)
        unmapped = group.get("unmapped")
        if unmapped is not None and unmapped.get("mode") in ("provided", "fixed"):
            self._unmapped[source].append((target, name, unmapped))
