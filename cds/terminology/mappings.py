"""What `fhir_mappings` says about data that hospitals send: local codes, other names of a code system, and units."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cds.errors import ContentError
from cds.terminology.concept_maps import ConceptMaps

_UNIT_CONVERSION = "/StructureDefinition/unit-conversion"
_SMALL_LITRE = re.compile(r"(?<![A-Za-z])([dcmunp]?)l(?![A-Za-z])")  # UCUM has the litre as l and as L


@dataclass(frozen=True, slots=True)
class _Units:
    """The canonical unit of a concept, and the factors that lead to it: canonical = value × factor."""

    canonical: str
    factors: Mapping[str, Decimal]


class Mappings:
    """ConceptMaps, NamingSystems and ObservationDefinitions of one server, as the data layer asks them."""

    def __init__(self, resources: Iterable[Mapping[str, Any]]) -> None:
        """Take ConceptMap, NamingSystem and ObservationDefinition resources; others are passed over."""
        listed = list(resources)
        self._preferred: dict[str, str] = {}  # urn:oid:… → the URI that the value sets use
        self.concept_maps = ConceptMaps(listed)
        self._units: dict[tuple[str, str], _Units] = {}
        for resource in listed:
            if resource.get("resourceType") == "ObservationDefinition":
                self._add(resource)
            elif resource.get("resourceType") == "NamingSystem":
                self._preferred.update(_other_names(resource))
        self._local: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        for source, target in self.concept_maps.pairs():
            self._local[target].append(source)
        self.systems = self.concept_maps.systems | self._preferred.keys()
        """The systems of which any code is translated."""

    def translate(self, system: str, code: str) -> tuple[Mapping[str, str], ...]:
        """Return the Codings that may be read for a local code; () where nothing is mapped.

        A code that comes under another name of its system stands for the same code under the preferred name.
        """
        preferred = self._preferred.get(system)
        if preferred is None:
            return self.concept_maps.concept_codes(system, code)
        return ({"system": preferred, "code": code}, *self.concept_maps.concept_codes(preferred, code))

    def sources(self, system: str, code: str) -> tuple[tuple[str, str], ...]:
        """Return (system, code) of every local code that may be read as this one, and its other names."""
        other_names = [(other, code) for other, preferred in self._preferred.items() if preferred == system]
        return (*self._local.get((system, code), ()), *other_names)

    def conversion(self, codes: Collection[tuple[str, str]], unit: str) -> tuple[str, Decimal] | None:
        """Return (canonical unit, factor) for a value in `unit` of the concept with one of the (system, code).

        None where the unit is the canonical one, or no factor is known: then UCUM decides. A litre written small is
        a litre: mg/dl has the factor of mg/dL.
        """
        known = [self._units[code] for code in codes if code in self._units]
        if not known:
            return None
        for spelling in (unit, _SMALL_LITRE.sub(r"\1L", unit)):
            for units in known:
                if spelling in units.factors:
                    return units.canonical, units.factors[spelling]
        return None

    def _add(self, definition: Mapping[str, Any]) -> None:
        details = definition.get("quantitativeDetails", {})
        codings = details.get("unit", {}).get("coding", ())
        canonical = next((coding["code"] for coding in codings if "code" in coding), None)
        if canonical is None:
            return
        units = _Units(canonical, dict(_factors(definition)))
        for coding in definition.get("code", {}).get("coding", ()):
            if "code" in coding:
                self._units[coding.get("system", ""), coding["code"]] = units


def _factors(definition: Mapping[str, Any]) -> Iterable[tuple[str, Decimal]]:
    """Yield (unit, factor) of each conversion; R4's own conversionFactor leads the other way, to the customary unit."""
    details = definition["quantitativeDetails"]
    for extension in (*definition.get("extension", ()), *details.get("extension", ())):
        if extension.get("url", "").endswith(_UNIT_CONVERSION):
            parts = {part["url"]: part for part in extension.get("extension", ())}
            unit, factor = parts.get("from", {}), parts.get("factor", {})
            name = unit.get("valueString") or unit.get("valueCode")
            if name is None or "valueDecimal" not in factor:
                msg = f"{definition.get('id')}: a unit-conversion needs from (valueString) and factor (valueDecimal)"
                raise ContentError(msg, path="ObservationDefinition.extension")
            yield name, Decimal(str(factor["valueDecimal"]))
    customary = next((coding.get("code") for coding in details.get("customaryUnit", {}).get("coding", ())), None)
    if customary is not None and "conversionFactor" in details:
        yield customary, 1 / Decimal(str(details["conversionFactor"]))


def _other_names(naming_system: Mapping[str, Any]) -> dict[str, str]:
    """Map each unique id of a code system to its preferred URI."""
    names = [name for name in naming_system.get("uniqueId", ()) if "value" in name]
    preferred = next((name["value"] for name in names if name.get("preferred")), None)
    return {name["value"]: preferred for name in names if preferred and name["value"] != preferred}
