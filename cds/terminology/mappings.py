"""What `fhir_mappings` says about data that hospitals send: local codes, and units that only a molar factor relates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cds.terminology.concept_maps import ConceptMaps

_UNIT_CONVERSION = "/StructureDefinition/unit-conversion"


@dataclass(frozen=True, slots=True)
class _Units:
    """The canonical unit of a concept, and the factors that lead to it: canonical = value × factor."""

    canonical: str
    factors: Mapping[str, Decimal]


class Mappings:
    """ConceptMaps and ObservationDefinitions of one server, as the data layer asks them."""

    def __init__(self, resources: Iterable[Mapping[str, Any]]) -> None:
        """Take ConceptMap and ObservationDefinition resources; others are passed over."""
        listed = list(resources)
        self.concept_maps = ConceptMaps(listed)
        self._units: dict[tuple[str, str], _Units] = {}
        for resource in listed:
            if resource.get("resourceType") == "ObservationDefinition":
                self._add(resource)
        self._local: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        for source, target in self.concept_maps.pairs():
            self._local[target].append(source)

    def translate(self, system: str, code: str) -> tuple[dict[str, str], ...]:
        """Return the Codings that may be read for a local code; () where nothing is mapped."""
        return self.concept_maps.concept_codes(system, code)

    def sources(self, system: str, code: str) -> tuple[tuple[str, str], ...]:
        """Return (system, code) of every local code that may be read as this one."""
        return tuple(self._local.get((system, code), ()))

    def conversion(self, codes: Collection[tuple[str, str]], unit: str) -> tuple[str, Decimal] | None:
        """Return (canonical unit, factor) for a value in `unit` of the concept with one of the (system, code).

        None where the unit is the canonical one, or no factor is known: then UCUM decides.
        """
        for code in codes:
            units = self._units.get(code)
            if units is not None and unit in units.factors:
                return units.canonical, units.factors[unit]
        return None

    def _add(self, definition: Mapping[str, Any]) -> None:
        details = definition.get("quantitativeDetails", {})
        codings = details.get("unit", {}).get("coding", ())
        canonical = next((coding["code"] for coding in codings if "code" in coding), None)
        if canonical is None:
            return
        units = _Units(canonical, dict(_factors(details)))
        for coding in definition.get("code", {}).get("coding", ()):
            if "code" in coding:
                self._units[coding.get("system", ""), coding["code"]] = units


def _factors(details: Mapping[str, Any]) -> Iterable[tuple[str, Decimal]]:
    """Yield (unit, factor) of each conversion; R4's own conversionFactor leads the other way, to the customary unit."""
    for extension in details.get("extension", ()):
        if extension.get("url", "").endswith(_UNIT_CONVERSION):
            parts = {part["url"]: part for part in extension.get("extension", ())}
            yield parts["from"]["valueCode"], Decimal(str(parts["factor"]["valueDecimal"]))
    customary = next((coding.get("code") for coding in details.get("customaryUnit", {}).get("coding", ())), None)
    if customary is not None and "conversionFactor" in details:
        yield customary, 1 / Decimal(str(details["conversionFactor"]))
