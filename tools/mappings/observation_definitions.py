"""One ObservationDefinition per measured quantity: the unit of the guidelines and how other units become it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from canonical import BASE, CLINICAL_CONCEPT, SYSTEMS

UNIT_CONVERSION = f"{BASE}/StructureDefinition/unit-conversion"


def observation_definitions(catalogue: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield an ObservationDefinition for every observation with a canonical unit."""
    for concept in catalogue["observations"]:
        if concept.get("canonical_unit"):
            yield observation_definition(concept, catalogue["unit_spellings"])


def observation_definition(concept: dict[str, Any], spellings: dict[str, list[str]]) -> dict[str, Any]:
    """Return the definition of one observable.

    `extension` unit-conversion: `from` (the code or text of the unit received), `factor` (canonical = received x
    factor) and `basis`. It holds what UCUM cannot know (mass to substance, arbitrary units) and usual spellings of the
    canonical unit that are no UCUM; everything else is left to UCUM.
    """
    unit = concept["canonical_unit"]
    factors = {
        one["from"]: (one["factor"], one["basis"])
        for one in concept.get("conversions", ())
        if one["to"] == unit and isinstance(one["factor"], int | float)
    }
    for spelling in spellings.get(unit, ()):
        factors.setdefault(spelling, (1, f"another spelling of {unit}"))
    coding = [{"system": CLINICAL_CONCEPT, "code": concept["id"], "display": concept["name"]}]
    coding += [
        {"system": SYSTEMS[code["system"]], "code": code["code"], "display": code["display"]}
        for code in concept["codes"]
    ]
    resource: dict[str, Any] = {"resourceType": "ObservationDefinition", "id": concept["id"]}
    if factors:
        resource["extension"] = [_conversion(source, factor, basis) for source, (factor, basis) in factors.items()]
    resource["code"] = {"coding": coding, "text": concept["name"]}
    resource["permittedDataType"] = ["Quantity"]
    resource["quantitativeDetails"] = {
        "unit": {"coding": [{"system": SYSTEMS["UCUM"], "code": unit}], "text": unit},
    }
    return resource


def _conversion(source: str, factor: float, basis: str) -> dict[str, Any]:
    return {
        "url": UNIT_CONVERSION,
        "extension": [
            {"url": "from", "valueString": source},
            {"url": "factor", "valueDecimal": factor},
            {"url": "basis", "valueString": basis},
        ],
    }
