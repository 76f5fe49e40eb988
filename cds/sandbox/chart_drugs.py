"""Write drugs, doses and timings as FHIR R4 does."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cds.fhir.systems import ATC, RXNORM, UCUM
from cds.sandbox.chart_codes import DRUGS
from cds.sandbox.seed import Dosage

_DAYS_OF_CYCLE = "http://hl7.org/fhir/StructureDefinition/timing-daysOfCycle"


def dosage(taken: Dosage) -> dict[str, Any]:
    """Write a Dosage: text, structured timing and dose; days of a cycle also by the days-of-cycle extension."""
    if taken.dose is None:
        return {"text": taken.text}
    number, _, unit = taken.dose.partition(" ")
    words, timing = _timing(taken)
    return {
        "text": taken.text or f"{number} {unit} {words}",
        "timing": timing,
        "doseAndRate": [{"doseQuantity": quantity(Decimal(number), unit)}],
    }


def _timing(taken: Dosage) -> tuple[str, dict[str, Any]]:
    """Give the timing in words and as a FHIR Timing."""
    if taken.daily is not None:
        return f"x {taken.daily} daily", {"repeat": {"frequency": taken.daily, "period": 1, "periodUnit": "d"}}
    if taken.every is not None:
        period, _, unit = taken.every.partition(" ")
        return f"once every {taken.every}", {"repeat": {"frequency": 1, "period": int(period), "periodUnit": unit}}
    span, _, length = str(taken.days).partition(" of ")
    last = int(span.removeprefix("1-"))
    bounds = {"value": last, "unit": "day", "system": UCUM, "code": "d"}
    numbers = [{"url": "day", "valueInteger": day} for day in range(1, last + 1)]
    timing = {
        "extension": [{"url": _DAYS_OF_CYCLE, "extension": numbers}],
        "repeat": {"boundsDuration": bounds, "frequency": 1, "period": 1, "periodUnit": "d"},
    }
    return f"once daily on days {span} of a {length}-day cycle", timing


def drug_concept(drug: str) -> dict[str, Any]:
    """Write the CodeableConcept of a drug."""
    code = DRUGS[drug]
    return {"coding": codings([(ATC, code.atc), (RXNORM, code.rxnorm)], code.display), "text": code.display}


def product(identifier: str, drug: str, strength_mg: str, form: str) -> dict[str, Any]:
    """Write a Medication with the strength of one piece in mg."""
    strength = {"numerator": quantity(Decimal(strength_mg), "mg"), "denominator": {"value": 1, "unit": form}}
    return {
        "resourceType": "Medication",
        "id": identifier,
        "code": {**drug_concept(drug), "text": f"{DRUGS[drug].display} {strength_mg} mg {form}"},
        "form": {"text": form},
        "ingredient": [{"itemCodeableConcept": drug_concept(drug), "isActive": True, "strength": strength}],
    }


def quantity(value: Decimal, unit: str | None) -> dict[str, Any]:
    """Write a Quantity; a unit that is not UCUM (capsule) stays a word, no unit stays no unit."""
    quantity: dict[str, Any] = {"value": int(value) if value.as_tuple().exponent == 0 else value}
    if unit:
        quantity["unit"] = unit
    if unit and unit not in ("capsule", "tablet"):
        quantity |= {"system": UCUM, "code": unit}
    return quantity


def codings(pairs: Sequence[tuple[str, str | None]], display: str) -> list[dict[str, Any]]:
    """Write Codings with one display, leaving out systems without a code."""
    return [{"system": system, "code": code, "display": display} for system, code in pairs if code is not None]
