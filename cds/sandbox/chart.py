"""Write a synthetic chart from its seed: complete FHIR R4 resources, dates relative to a given day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from cds.fhir.systems import ICD_10, LOINC, NPU, SNOMED_CT
from cds.sandbox.chart_codes import FINDINGS, LABS, LOCAL_LAB_SYSTEM, PROBLEMS, PROCEDURES, LabCode
from cds.sandbox.chart_drugs import codings, dosage, drug_concept, product, quantity
from cds.sandbox.seed import Administration, Order, PatientSeed, Problem, Procedure, Result, Statement

PRACTITIONER = {"reference": "Practitioner/sandbox-doctor", "display": "Dr. Sandbox"}
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_VITAL_SIGNS = ("body-weight", "body-height", "body-temperature")
_DAYS_SINCE_BIRTHDAY = 100


class Chart:
    """The resources of one patient, and the draft orders that the demonstration signs for this patient.

    `today` is the day of the visit. Ids are the patient's id plus a name, so they are the same on every day.
    """

    def __init__(self, seed: PatientSeed, today: date) -> None:
        self.patient_id = seed.id
        self.today = today
        self._names: dict[str, int] = {}
        self.resources: list[dict[str, Any]] = [_patient(seed, today)]
        problems = [self._problem(problem) for problem in seed.problems]
        self._problems = {
            problem.name: f"Condition/{condition['id']}"
            for problem, condition in zip(seed.problems, problems, strict=True)
        }
        self.resources += problems
        self.resources += [each for procedure in seed.procedures for each in self._procedures(procedure)]
        self.resources += [each for result in seed.results for each in self._results(result)]
        self.resources += [self._order(order, order.drug, order.status) for order in seed.orders]
        self.resources += [self._statement(statement) for statement in seed.statements]
        self.resources += [each for given in seed.administrations for each in self._administrations(given)]
        self.drafts = [self._order(draft, f"draft-{draft.drug}", "draft") for draft in seed.drafts]

    def _problem(self, problem: Problem) -> dict[str, Any]:
        code = PROBLEMS[problem.name]
        codes = [(ICD_10, code.icd_10), (SNOMED_CT, code.snomed)]
        return {
            **self._start("Condition", problem.name),
            "clinicalStatus": _concept(f"{_TERMINOLOGY}/condition-clinical", problem.clinical),
            "verificationStatus": _concept(f"{_TERMINOLOGY}/condition-ver-status", "confirmed"),
            "category": [_concept(f"{_TERMINOLOGY}/condition-category", "problem-list-item")],
            "code": {"coding": codings(codes, code.display), "text": code.display},
            "onsetDateTime": self._day(problem.ago),
            "recordedDate": self._day(problem.ago),
        }

    def _procedures(self, procedure: Procedure) -> list[dict[str, Any]]:
        display, code = PROCEDURES[procedure.name]
        return [
            {
                **self._start("Procedure", procedure.name),
                "status": "completed",
                "code": {"coding": codings([(SNOMED_CT, code)], display), "text": display},
                "performedDateTime": self._moment(ago),
            }
            for ago in procedure.ago
        ]

    def _results(self, result: Result) -> list[dict[str, Any]]:
        if result.finding is not None and result.ago is not None:
            answer = FINDINGS[result.finding]
            return [self._result(result, result.ago, {"valueCodeableConcept": {"coding": [answer]}})]
        series = result.series or ((result.ago, result.value),)
        return [
            self._result(result, ago, self._measured(result, value))
            for ago, value in series
            if ago is not None and value is not None
        ]

    def _measured(self, result: Result, value: Decimal) -> dict[str, Any]:
        lab = LABS[result.name]
        unit = _unit(lab, result.code) if result.unit is None else result.unit
        measured = quantity(value, unit)
        if result.comparator:
            measured = {"comparator": result.comparator, **measured}
        ends = (("low", result.low), ("high", result.high))
        limits = {end: quantity(limit, unit) for end, limit in ends if limit is not None}
        return {"valueQuantity": measured, **({"referenceRange": [limits]} if limits else {})}

    def _result(self, result: Result, ago: int, value: dict[str, Any]) -> dict[str, Any]:
        display = LABS[result.name].display
        return {
            **self._start("Observation", result.name),
            "status": result.status,
            "category": [_concept(f"{_TERMINOLOGY}/observation-category", _category(result.name))],
            "code": {"coding": _lab_codings(result.name, result.code), "text": display},
            "effectiveDateTime": self._moment(ago),
            **value,
        }

    def _order(self, order: Order, name: str, status: str) -> dict[str, Any]:
        reason = {"reasonReference": [{"reference": self._problems[order.reason]}]} if order.reason else {}
        return {
            **self._start("MedicationRequest", name),
            "status": status,
            "intent": "order",
            **self._medication(order),
            "authoredOn": self._day(order.ago),
            "requester": PRACTITIONER,
            **reason,
            "dosageInstruction": [dosage(order)],
        }

    def _medication(self, order: Order) -> dict[str, Any]:
        """Write the drug as a concept, or as a contained or referenced Medication where a product is named."""
        if order.product is None:
            return {"medicationCodeableConcept": drug_concept(order.drug)}
        strength, _, form = order.product.partition(" mg ")
        name = f"{order.drug}-{strength.replace('.', '-')}"
        if order.contained:
            medication = product(name, order.drug, strength, form)
            return {"contained": [medication], "medicationReference": {"reference": f"#{name}"}}
        medication = product(f"{self.patient_id}-{name}", order.drug, strength, form)
        if medication not in self.resources:
            self.resources.append(medication)
        return {"medicationReference": {"reference": f"Medication/{medication['id']}"}}

    def _statement(self, statement: Statement) -> dict[str, Any]:
        return {
            **self._start("MedicationStatement", statement.drug),
            "status": "active",
            "medicationCodeableConcept": drug_concept(statement.drug),
            "effectivePeriod": {"start": self._day(statement.ago)},
            "dosage": [dosage(statement)],
        }

    def _administrations(self, given: Administration) -> list[dict[str, Any]]:
        dose, _, unit = given.dose.partition(" ")
        return [
            {
                **self._start("MedicationAdministration", given.drug),
                "status": "completed",
                "medicationCodeableConcept": drug_concept(given.drug),
                "effectiveDateTime": self._moment(ago),
                "dosage": {"dose": quantity(Decimal(dose), unit)},
            }
            for ago in given.ago
        ]

    def _day(self, days_ago: int) -> str:
        return (self.today - timedelta(days=days_ago)).isoformat()

    def _moment(self, days_ago: int) -> str:
        """Give a quarter past eight in the morning of that day, in Central European winter time."""
        return f"{self._day(days_ago)}T08:15:00+01:00"

    def _start(self, resource_type: str, name: str) -> dict[str, Any]:
        number = self._names[name] = self._names.get(name, 0) + 1
        identifier = f"{self.patient_id}-{name}" + (f"-{number}" if number > 1 else "")
        return {
            "resourceType": resource_type,
            "id": identifier,
            "subject": {"reference": f"Patient/{self.patient_id}"},
        }


def _patient(seed: PatientSeed, today: date) -> dict[str, Any]:
    born = _years_before(today, seed.person.age) - timedelta(days=_DAYS_SINCE_BIRTHDAY)
    return {
        "resourceType": "Patient",
        "id": seed.id,
        "active": True,
        "name": [{"use": "official", "family": seed.person.family, "given": [seed.person.given]}],
        "gender": seed.person.gender,
        "birthDate": born.isoformat(),
    }


def _unit(lab: LabCode, code: str) -> str | None:
    return lab.npu_unit if "NPU" in code or code == "local" else lab.unit


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
