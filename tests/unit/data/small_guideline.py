"""A patient in a store, the requirements of a small guideline, and requests about the patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from cds.data.data_requirements import DataRequirement
from cds.data.prefetch_templates import prefetch_templates
from cds.fhir.systems import ATC, LOINC, NPU
from cds.hooks.request import CDSRequest
from cds.sandbox.store import FHIRStore

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CREATININE = frozenset({(LOINC, "2160-0"), (LOINC, "14682-9"), (NPU, "NPU18016")})
PLATELETS = frozenset({(LOINC, "26515-7"), (NPU, "NPU03568")})
LENALIDOMIDE = {"system": ATC, "code": "L04AX04"}


def requirements() -> tuple[DataRequirement, ...]:
    return (
        DataRequirement(type="Observation", code_path="code", name="creatinine", codes=CREATININE),
        DataRequirement(type="Observation", code_path="code", name="platelets", codes=PLATELETS),
        DataRequirement(type="Condition", code_path="code", name="myeloma", codes=frozenset({("x", "y")})),
        DataRequirement(type="MedicationRequest"),
    )


def observation(identifier: str, system: str, code: str, value: str, unit: str, patient: str = "p1") -> dict:
    return {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final",
        "subject": {"reference": f"Patient/{patient}"},
        "code": {"coding": [{"system": system, "code": code}]},
        "effectiveDateTime": "2026-02-01",
        "valueQuantity": {
            "value": Decimal(value),
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": unit,
        },
    }


def condition(identifier: str, code: str, patient: str = "p1") -> dict:
    return {
        "resourceType": "Condition",
        "id": identifier,
        "subject": {"reference": f"Patient/{patient}"},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code}]},
    }


def order(identifier: str, **medication: object) -> dict:
    return {
        "resourceType": "MedicationRequest",
        "id": identifier,
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        **medication,
    }


def everything() -> list[dict]:
    return [
        {"resourceType": "Patient", "id": "p1", "birthDate": "1950-01-01", "gender": "male"},
        {"resourceType": "Patient", "id": "p2", "birthDate": "1960"},
        observation("crea-1", LOINC, "2160-0", "2.00", "mg/dL"),
        observation("crea-2", NPU, "NPU18016", "177", "umol/L"),
        observation("plt-1", LOINC, "26515-7", "62", "10*9/L"),
        observation("crea-of-other", LOINC, "2160-0", "9", "mg/dL", patient="p2"),
        condition("mm", "C90.0"),
        {"resourceType": "Medication", "id": "len-10", "code": {"coding": [LENALIDOMIDE]}},
        order("by-reference", medicationReference={"reference": "Medication/len-10"}),
        order("by-code", medicationCodeableConcept={"coding": [{"system": ATC, "code": "B01AC06"}]}),
        order(
            "by-contained",
            contained=[{"resourceType": "Medication", "id": "m", "code": {"coding": [LENALIDOMIDE]}}],
            medicationReference={"reference": "#m"},
            reasonReference=[{"reference": "Condition/mm"}],
        ),
    ]


def hook_request(prefetch: dict | None = None, drafts: list[dict] | None = None, **extra: object) -> CDSRequest:
    context: dict[str, object] = {"userId": "Practitioner/1", "patientId": "p1"}
    hook = "patient-view"
    if drafts is not None:
        hook = "order-select"
        context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": draft} for draft in drafts]}
    body = {"hook": hook, "hookInstance": "i", "context": context, "prefetch": prefetch, **extra}
    return CDSRequest.from_json(body)


def prefetch_of(store: FHIRStore) -> dict[str, dict]:
    """Answer every template as an EHR does."""
    answers = {}
    for key, template in prefetch_templates(requirements()).items():
        query = template.replace("{{context.patientId}}", "p1")
        resource_type, mark, parameters = query.partition("?")
        answers[key] = store.search(resource_type, parameters) if mark else store.read(*query.split("/"))
    return answers


@dataclass
class FactorTable:
    """Creatinine in mg/dL becomes umol/L; the local code CREA means creatinine."""

    systems = frozenset({"urn:local"})

    def translate(self, system: str, code: str) -> list[dict]:
        return [{"system": LOINC, "code": "2160-0"}] if (system, code) == ("urn:local", "CREA") else []

    def conversion(self, codes, unit: str):
        if not CREATININE.isdisjoint(codes) and unit == "mg/dL":
            return "umol/L", Decimal("88.4")
        return None
