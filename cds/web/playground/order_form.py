"""The draft order as a form: drug, dose and schedule out of a MedicationRequest, and back into it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from cds.errors import BadRequest
from cds.fhir.elements import codings_of, object_at, objects_at
from cds.web.playground.display import concept_text, dosage_text, medication_text, schedule_text
from cds.web.playground.ports import Store, Story

UCUM = "http://unitsofmeasure.org"
SCHEDULES = {
    "1/1/d": "once daily",
    "2/1/d": "twice daily",
    "3/1/d": "three times daily",
    "1/2/d": "every other day",
    "1/1/wk": "once a week",
    "1/4/wk": "every 4 weeks",
    "1/6/mo": "every 6 months",
}
_KEEP = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderForm:
    """What the form shows of a draft; `drug` and `schedule` are keys of the choices."""

    drug: str
    dose: str
    unit: str
    schedule: str
    written: str


def drug_choices(stories: Iterable[Story], today: date) -> dict[str, dict[str, Any]]:
    """Give the drugs that any story orders, by system|code of their first coding, as CodeableConcepts."""
    choices: dict[str, dict[str, Any]] = {}
    for story in stories:
        for draft in story.chart(today).drafts:
            concept = object_at(draft, "medicationCodeableConcept")
            for coding in list(codings_of(concept))[:1]:
                choices.setdefault(f"{coding.get('system')}|{coding.get('code')}", dict(concept))
    return choices


def form_of(draft: Mapping[str, Any]) -> OrderForm:
    """Read a draft into the form; an unreadable dose is an empty field, never a guess."""
    dosage = next(iter(objects_at(draft, "dosageInstruction")), {})
    dose = next((object_at(each, "doseQuantity") for each in objects_at(dosage, "doseAndRate")), {})
    return OrderForm(
        drug=next(
            (f"{c.get('system')}|{c.get('code')}" for c in codings_of(draft.get("medicationCodeableConcept"))), _KEEP
        ),
        dose=str(dose.get("value", "")),
        unit=str(dose.get("unit") or dose.get("code") or "mg"),
        schedule=_schedule_key(dosage),
        written=dosage_text(dosage) if dosage else "",
    )


def edited(
    draft: Mapping[str, Any], fields: Mapping[str, str], drugs: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the draft with what was changed in the form; what the form does not show stays as it was.

    Raises `BadRequest` for a dose that is no number.
    """
    before = form_of(draft)
    changed = copy.deepcopy(dict(draft))
    drug = fields.get("drug", before.drug)
    if drug != before.drug and drug in drugs:
        changed.pop("medicationReference", None)
        changed["medicationCodeableConcept"] = copy.deepcopy(dict(drugs[drug]))
    dose, schedule = fields.get("dose", before.dose).strip(), fields.get("schedule", before.schedule)
    if (dose, schedule) != (before.dose, before.schedule):
        dosage = next(iter(objects_at(changed, "dosageInstruction")), {})
        changed["dosageInstruction"] = [_dosage(dosage, dose, before.unit, schedule), *_further(changed)]
    return changed


def new_order(patient_id: str, today: str, concept: Mapping[str, Any]) -> dict[str, Any]:
    """Begin a draft order of a drug, still without a dose."""
    return {
        "resourceType": "MedicationRequest",
        "id": f"{patient_id}-new-order",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{patient_id}"},
        "medicationCodeableConcept": copy.deepcopy(dict(concept)),
        "authoredOn": today,
        "requester": {"reference": "Practitioner/sandbox-doctor", "display": "Dr. Sandbox"},
    }


def order_text(order: Mapping[str, Any], store: Store) -> str:
    """Describe any draft in one line."""
    if order.get("resourceType") != "MedicationRequest":
        return concept_text(order.get("code")) or str(order.get("resourceType"))
    doses = "; ".join(dosage_text(dosage) for dosage in objects_at(order, "dosageInstruction"))
    return f"{medication_text(order, store)}: {doses}" if doses else medication_text(order, store)


def _schedule_key(dosage: Mapping[str, Any]) -> str:
    repeat = object_at(object_at(dosage, "timing"), "repeat")
    key = f"{repeat.get('frequency', 1)}/{repeat.get('period', 1)}/{repeat.get('periodUnit')}"
    return key if key in SCHEDULES else _KEEP


def _further(order: Mapping[str, Any]) -> list[dict[str, Any]]:
    return objects_at(order, "dosageInstruction")[1:]


def _dosage(dosage: dict[str, Any], dose: str, unit: str, schedule: str) -> dict[str, Any]:
    """Write dose and schedule into a Dosage, and its text anew; days of a cycle stay."""
    changed = {**dosage}
    days = str(changed.pop("text", "")).partition(" on days ")[2]
    changed.pop("doseAndRate", None)
    if dose:
        quantity = {"value": _number(dose), "unit": unit, "system": UCUM, "code": unit}
        changed["doseAndRate"] = [{"doseQuantity": quantity}]
    if schedule in SCHEDULES:
        frequency, period, period_unit = schedule.split("/")
        timing = {name: value for name, value in object_at(changed, "timing").items() if name != "code"}
        repeat = {**object_at(timing, "repeat")}
        repeat |= {"frequency": int(frequency), "period": int(period), "periodUnit": period_unit}
        changed["timing"] = {**timing, "repeat": repeat}
    words = schedule_text(object_at(object_at(changed, "timing"), "repeat"))
    text = " ".join(part for part in (f"{dose} {unit}" if dose else "", words) if part)
    return {"text": f"{text} on days {days}" if days else text or "dose not given", **changed}


def _number(text: str) -> Decimal | int:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not (value.is_finite() and 0 < value < Decimal(100_000)):
        msg = "The dose must be a number above 0, such as 7.5."
        raise BadRequest(msg, expression="dose")
    return int(value) if value == value.to_integral_value() else value
