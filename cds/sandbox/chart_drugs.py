"""Write drugs, doses and timings as FHIR R4 does."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cds.fhir.systems import ATC, RXNORM, UCUM
from cds.sandbox.chart_codes import DRUGS

_DAYS_OF_CYCLE = "http://hl7.org/fhir/StructureDefinition/timing-daysOfCycle"


def daily(dose: str, unit: str = "mg", *, times: int = 1, text: str | None = None) -> dict[str, Any]:
    """Write a dosage: so much, so many times a day."""
    return _dosage(
        text or f"{dose} {unit} x {times} daily", dose, unit, {"frequency": times, "period": 1, "periodUnit": "d"}
    )


def every(period: int, period_unit: str, dose: str, unit: str = "mg") -> dict[str, Any]:
    """Write a dosage: so much once every so many days (d), weeks (wk) or months (mo)."""
    text = f"{dose} {unit} once every {period} {period_unit}"
    return _dosage(text, dose, unit, {"frequency": 1, "period": period, "periodUnit": period_unit})


def cycle(dose: str, days: int, length: int = 28, unit: str = "mg") -> dict[str, Any]:
    """Write a dosage: once daily on the first days of a cycle, in text, repeat and the days-of-cycle extension."""
    text = f"{dose} {unit} once daily on days 1-{days} of a {length}-day cycle"
    bounds = {"value": days, "unit": "day", "system": UCUM, "code": "d"}
    repeat = {"boundsDuration": bounds, "frequency": 1, "period": 1, "periodUnit": "d"}
    dosage = _dosage(text, dose, unit, repeat)
    numbers = [{"url": "day", "valueInteger": day} for day in range(1, days + 1)]
    dosage["timing"]["extension"] = [{"url": _DAYS_OF_CYCLE, "extension": numbers}]
    return dosage


def drug_concept(drug: str) -> dict[str, Any]:
    """Write the CodeableConcept of a drug."""
    code = DRUGS[drug]
    return {"coding": codings([(ATC, code.atc), (RXNORM, code.rxnorm)], code.display), "text": code.display}


def product(identifier: str, drug: str, strength_mg: str, form: str) -> dict[str, Any]:
    """Write a Medication with the strength of one piece in mg."""
    strength = {"numerator": quantity(strength_mg, "mg"), "denominator": {"value": 1, "unit": form}}
    return {
        "resourceType": "Medication",
        "id": identifier,
        "code": {**drug_concept(drug), "text": f"{DRUGS[drug].display} {strength_mg} mg {form}"},
        "form": {"text": form},
        "ingredient": [{"itemCodeableConcept": drug_concept(drug), "isActive": True, "strength": strength}],
    }


def _dosage(text: str, dose: str, unit: str, repeat: dict[str, Any]) -> dict[str, Any]:
    return {"text": text, "timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": quantity(dose, unit)}]}


def at_least(value: str, unit: str) -> dict[str, Any]:
    """Write a value beyond the range of the method, as laboratories report a good eGFR: `>90`."""
    return {"comparator": ">", **quantity(value, unit)}


def quantity(value: str, unit: str | None) -> dict[str, Any]:
    """Write a Quantity; a unit that is not UCUM (capsule) stays a word, no unit stays no unit."""
    number = Decimal(value)
    quantity: dict[str, Any] = {"value": int(number) if "." not in value else number}
    if unit:
        quantity["unit"] = unit
    if unit and unit not in ("capsule", "tablet"):
        quantity |= {"system": UCUM, "code": unit}
    return quantity


def codings(pairs: Sequence[tuple[str, str | None]], display: str) -> list[dict[str, Any]]:
    """Write Codings with one display, leaving out systems without a code."""
    return [{"system": system, "code": code, "display": display} for system, code in pairs if code is not None]
