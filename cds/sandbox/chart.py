"""Write a synthetic chart: a few words per fact, complete FHIR R4 resources out, dates relative to a given day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from cds.fhir.systems import ICD_10, LOINC, NPU, SNOMED_CT
from cds.sandbox.chart_codes import LABS, LOCAL_LAB_SYSTEM, PROBLEMS, PROCEDURES
from cds.sandbox.chart_drugs import codings, drug_concept, product, quantity

PRACTITIONER = {"reference": "Practitioner/sandbox-doctor", "display": "Dr. Sandbox"}
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_VITAL_SIGNS = ("body-weight", "body-height")


class Chart:
    """The resources of one patient, and the draft orders that the demonstration signs for this patient.

    `today` is the day of the visit; every fact is dated by days before it. Ids are the patient's id plus a name, so
    they are the same on every day.
    """

    def __init__(self, patient_id: str, today: date) -> None:
        self.patient_id = patient_id
        self.today = today
        self.resources: list[dict[str, Any]] = []
        self.drafts: list[dict[str, Any]] = []
        self._names: dict[str, int] = {}

    def patient(self, given: str, family: str, gender: str, age: int, *, days_since_birthday: int = 100) -> None:
        """Add the Patient, `age` completed years old today."""
        born = _years_before(self.today, age) - timedelta(days=days_since_birthday)
        self.resources.append(
            {
                "resourceType": "Patient",
                "id": self.patient_id,
                "active": True,
                "name": [{"use": "official", "family": family, "given": [given]}],
                "gender": gender,
                "birthDate": born.isoformat(),
            }
        )

    def lab(
        self,
        name: str,
        value: str,
        days_ago: int,
        *,
        code: str = "LOINC",
        unit: str | None = None,
        low: str | None = None,
        high: str | None = None,
        **more: Any,
    ) -> None:
        """Add a result; `code` is LOINC, NPU, local (first, then NPU) or local-only; `more` are further elements."""
        lab = LABS[name]
        own_unit = (lab.npu_unit if "NPU" in code or code == "local" else lab.unit) if unit is None else unit
        result: dict[str, Any] = {
            **self._start("Observation", name),
            "status": "final",
            "category": [_concept(f"{_TERMINOLOGY}/observation-category", _category(name))],
            "code": {"coding": _lab_codings(name, code), "text": lab.display},
            "effectiveDateTime": self.moment(days_ago),
            "valueQuantity": quantity(value, own_unit),
        }
        limits = {end: quantity(limit, own_unit) for end, limit in (("low", low), ("high", high)) if limit is not None}
        if limits:
            result["referenceRange"] = [limits]
        if "effectivePeriod" in more or "effectiveInstant" in more:
            del result["effectiveDateTime"]
        self.resources.append({**result, **more})

    def problem(self, name: str, days_ago: int, *, clinical: str = "active", **more: Any) -> str:
        """Add a Condition; returns its reference."""
        problem = PROBLEMS[name]
        codes = [(ICD_10, problem.icd_10), (SNOMED_CT, problem.snomed)]
        condition = {
            **self._start("Condition", name),
            "clinicalStatus": _concept(f"{_TERMINOLOGY}/condition-clinical", clinical),
            "verificationStatus": _concept(f"{_TERMINOLOGY}/condition-ver-status", "confirmed"),
            "category": [_concept(f"{_TERMINOLOGY}/condition-category", "problem-list-item")],
            "code": {"coding": codings(codes, problem.display), "text": problem.display},
            "onsetDateTime": self.day(days_ago),
            "recordedDate": self.day(days_ago),
            **more,
        }
        self.resources.append(condition)
        return f"Condition/{condition['id']}"

    def procedure(self, name: str, days_ago: int) -> None:
        """Add a completed Procedure."""
        display, code = PROCEDURES[name]
        self.resources.append(
            {
                **self._start("Procedure", name),
                "status": "completed",
                "code": {"coding": codings([(SNOMED_CT, code)], display), "text": display},
                "performedDateTime": self.moment(days_ago),
            }
        )

    def order(self, drug: str, days_ago: int, dosage: dict[str, Any], *, status: str = "active", **more: Any) -> None:
        """Add a signed MedicationRequest."""
        self.resources.append(self._order(drug, drug, days_ago, dosage, status=status, more=more))

    def draft(self, drug: str, dosage: dict[str, Any], **more: Any) -> None:
        """Add an order that is being written, for the hook context."""
        self.drafts.append(self._order(drug, f"draft-{drug}", 0, dosage, status="draft", more=more))

    def statement(self, drug: str, days_ago: int, dosage: dict[str, Any], *, status: str = "active") -> None:
        """Add a MedicationStatement: what the patient says to take since that day."""
        self.resources.append(
            {
                **self._start("MedicationStatement", drug),
                "status": status,
                "medicationCodeableConcept": drug_concept(drug),
                "effectivePeriod": {"start": self.day(days_ago)},
                "dosage": [dosage],
            }
        )

    def administration(self, drug: str, days_ago: int, dose: str, unit: str) -> None:
        """Add a dose that was given."""
        self.resources.append(
            {
                **self._start("MedicationAdministration", drug),
                "status": "completed",
                "medicationCodeableConcept": drug_concept(drug),
                "effectiveDateTime": self.moment(days_ago),
                "dosage": {"dose": quantity(dose, unit)},
            }
        )

    def medication(self, drug: str, strength_mg: str, form: str) -> dict[str, str]:
        """Add a Medication of its own with its strength; returns the reference to it."""
        medication = product(f"{self.patient_id}-{drug}-{strength_mg.replace('.', '-')}", drug, strength_mg, form)
        self.resources.append(medication)
        return {"reference": f"Medication/{medication['id']}"}

    def day(self, days_ago: int) -> str:
        """Give the date so many days before today (negative: after)."""
        return (self.today - timedelta(days=days_ago)).isoformat()

    def moment(self, days_ago: int) -> str:
        """Give a quarter past eight in the morning of that day, in Central European winter time."""
        return f"{self.day(days_ago)}T08:15:00+01:00"

    def _start(self, resource_type: str, name: str) -> dict[str, Any]:
        number = self._names[name] = self._names.get(name, 0) + 1
        identifier = f"{self.patient_id}-{name}" + (f"-{number}" if number > 1 else "")
        subject = "patient" if resource_type == "Immunization" else "subject"
        return {
            "resourceType": resource_type,
            "id": identifier,
            subject: {"reference": f"Patient/{self.patient_id}"},
        }

    def _order(
        self, drug: str, name: str, days_ago: int, dosage: dict[str, Any], *, status: str, more: dict[str, Any]
    ) -> dict[str, Any]:
        has_reference = "medicationReference" in more
        return {
            **self._start("MedicationRequest", name),
            "status": status,
            "intent": "order",
            **({} if has_reference else {"medicationCodeableConcept": drug_concept(drug)}),
            "authoredOn": self.day(days_ago),
            "requester": PRACTITIONER,
            "dosageInstruction": [dosage],
            **more,
        }


def _lab_codings(name: str, code: str) -> list[dict[str, Any]]:
    lab = LABS[name]
    local = (LOCAL_LAB_SYSTEM, name.upper().replace("-", "_"))
    chosen: dict[str, Sequence[tuple[str, str | None]]] = {
        "LOINC": [(LOINC, lab.loinc)],
        "NPU": [(NPU, lab.npu)],
        "NPU+LOINC": [(NPU, lab.npu), (LOINC, lab.loinc)],
        "local": [local, (NPU, lab.npu)],
        "local-only": [local],
    }
    return codings(chosen[code], lab.display)


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _category(name: str) -> str:
    if name in _VITAL_SIGNS:
        return "vital-signs"
    return "imaging" if name.startswith("t-score") else "laboratory"


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)
