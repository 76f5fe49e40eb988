"""FHIR elements as a reader expects them on a page: a number keeps its unit, a date its precision.

The sandbox stores what it is sent: what is of another type than FHIR has it is written as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds.fhir.elements import codings_of, object_at, objects_at
from cds.fhir.json import dumps
from cds.fhir.references import contained, parse_reference
from cds.web.playground.ports import Store

_TIMES = {"1": "once", "2": "twice", "3": "three times", "4": "four times"}
_UNITS = {"h": "hour", "d": "day", "wk": "week", "mo": "month", "a": "year"}
_LONGEST = 140
_EFFECTIVE = ("effectiveDateTime", "effectiveInstant", "onsetDateTime", "performedDateTime", "occurrenceDateTime")


def concept_text(concept: Any) -> str:
    """Name a CodeableConcept or Coding: its text, else a display, else a code."""
    if not isinstance(concept, Mapping):
        return ""
    if concept.get("text"):
        return str(concept["text"])
    codings = list(codings_of(concept))
    return next((str(coding[key]) for key in ("display", "code") for coding in codings if coding.get(key)), "")


def quantity_text(quantity: Mapping[str, Any]) -> str:
    """Write a Quantity with its comparator and unit; say so when it has none."""
    if "value" not in quantity:
        return "no value"
    unit = quantity.get("unit") or quantity.get("code") or "(no unit)"
    return f"{quantity.get('comparator', '')}{quantity['value']} {unit}"


def value_text(value: Any) -> str:
    """Write any JSON value of a resource or of evidence in one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if "value" in value:
            return quantity_text(value)
        if "coding" in value or "code" in value:
            return concept_text(value)
        if "reference" in value:
            return str(value.get("display") or value["reference"])
        if "start" in value or "end" in value:
            return f"{value.get('start', '…')} to {value.get('end', '…')}"
        if "doseAndRate" in value or "timing" in value:
            return dosage_text(value)
    if isinstance(value, list):
        return "; ".join(value_text(item) for item in value)
    text = value if isinstance(value, str) else dumps(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def text_at(element: Mapping[str, Any], name: str) -> str:
    """Write the value of a member in one line; "" where there is none."""
    value = element.get(name)
    return "" if value is None else value_text(value)


def dosage_text(dosage: Mapping[str, Any]) -> str:
    """Write a Dosage: its own text, else dose and schedule."""
    if dosage.get("text"):
        return str(dosage["text"])
    doses = [object_at(each, "doseQuantity") for each in objects_at(dosage, "doseAndRate")]
    dose = quantity_text(doses[0]) if doses and doses[0] else "dose not given"
    return f"{dose} {schedule_text(object_at(object_at(dosage, 'timing'), 'repeat'))}".strip()


def schedule_text(repeat: Mapping[str, Any]) -> str:
    """Write frequency and period: "once daily", "twice every 3 weeks"."""
    code = text_at(repeat, "periodUnit")
    if not code:
        return ""
    frequency, period = text_at(repeat, "frequency") or "1", text_at(repeat, "period") or "1"
    unit = _UNITS.get(code, code)
    times = _TIMES.get(frequency, f"{frequency} times")
    if period == "1":
        return f"{times} daily" if unit == "day" else f"{times} a {unit}"
    return f"{times} every {period} {unit}s"


def medication_text(resource: Mapping[str, Any], store: Store) -> str:
    """Name the drug of an order, statement or administration, also behind a reference to a stored Medication."""
    name = concept_text(resource.get("medicationCodeableConcept"))
    if name:
        return name
    reference = object_at(resource, "medicationReference")
    target = parse_reference(reference.get("reference"))
    stored = (
        store.snapshot().get(target.type, {}).get(target.id)
        if target
        else contained(resource, reference.get("reference"))
    )
    return concept_text(object_at(stored, "code")) or str(reference.get("display") or "drug not named")


def observed_value(observation: Mapping[str, Any]) -> str:
    """Write the value[x] of an Observation, or why there is none."""
    for name, value in observation.items():
        if name.startswith("value"):
            return value_text(value)
    return concept_text(observation.get("dataAbsentReason")) or "no value"


def when(resource: Mapping[str, Any]) -> str:
    """Give the day that a resource is about, to the precision it has; "" when it does not say."""
    for name in (*_EFFECTIVE, "authoredOn", "recordedDate"):
        if isinstance(resource.get(name), str):
            return str(resource[name])[:10]
    for name in ("effectivePeriod", "onsetPeriod", "performedPeriod"):
        period = object_at(resource, name)
        if period:
            return str(period.get("end") or period.get("start") or "")[:10]
    return ""


def resource_summary(resource: Mapping[str, Any], store: Store) -> str:
    """Describe a resource in one line: what, value or dose."""
    kind = resource.get("resourceType")
    if kind == "Observation":
        return f"{concept_text(resource.get('code'))}: {observed_value(resource)}"
    if kind == "Patient":
        return f"{resource.get('gender', 'sex not recorded')}, born {resource.get('birthDate', 'on an unknown day')}"
    if str(kind).startswith("Medication") and kind != "Medication":
        dosages = objects_at(resource, "dosageInstruction") or objects_at(resource, "dosage")
        doses = "; ".join(dosage_text(dosage) for dosage in dosages)
        return ", ".join(
            part for part in (medication_text(resource, store), doses, text_at(resource, "status")) if part
        )
    return concept_text(resource.get("code")) or str(kind)
