"""Random patients who have what the project's own libraries ask for: their codes, their units, and worse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cds.authoring.data_requirements import data_requirements
from tools.oracles.random_patients import UCUM, RandomPatient

REPOSITORY = Path(__file__).resolve().parents[2]
CONTENT = ("fhir_mappings", "plan_definitions")
OTHER_UNITS = ("g/L", "mmol/L", "mg/L", "%", "10*9/L", "mL/min", "furlong")

JSONObject = dict[str, Any]
Codes = Mapping[str, list[dict[str, str]]]


def project_value_sets() -> dict[str, list[dict[str, str]]]:
    """Read every value set of the repository: canonical URL → codes with system."""
    found = {}
    for root in CONTENT:
        for path in sorted((REPOSITORY / root).rglob("ValueSet/*.json")):
            resource = json.loads(path.read_text(encoding="utf-8"))
            contains = resource.get("expansion", {}).get("contains", [])
            found[resource["url"]] = [{"code": member["code"], "system": member["system"]} for member in contains]
    return found


def canonical_units() -> dict[str, str]:
    """Read the canonical unit of each code from the ObservationDefinitions."""
    units = {}
    for path in sorted((REPOSITORY / "fhir_mappings" / "ObservationDefinition").glob("*.json")):
        resource = json.loads(path.read_text(encoding="utf-8"))
        unit = resource.get("quantitativeDetails", {}).get("unit", {}).get("coding", [{}])[0].get("code")
        if unit:
            units.update({coding["code"]: unit for coding in resource["code"]["coding"]})
    return units


class ProjectPatient(RandomPatient):
    """A random patient with resources for what the libraries retrieve."""

    def __init__(self, seed: int, wanted: list[tuple[str, list[dict[str, str]]]], units: Mapping[str, str]) -> None:
        super().__init__(seed)
        self.wanted = wanted
        self.units = units

    def build(self) -> list[JSONObject]:
        """Add to the plain random patient one or two resources for about a third of the requirements."""
        patient, *resources = super().build()
        for resource_type, codes in self.wanted:
            if codes and self.often(35):
                resources += [self.coded(resource_type, codes) for _ in range(self.random.randint(1, 2))]
        self.random.shuffle(resources)
        return [patient, *resources]

    def coded(self, resource_type: str, codes: list[dict[str, str]]) -> JSONObject:
        """Write one resource about one of the codes."""
        chosen = self.random.choice(codes)
        concept = self.concept(chosen["system"], chosen["code"], chosen["code"])
        if resource_type == "Condition":
            return self.condition() | {"code": concept}
        if resource_type == "MedicationRequest":
            return self.medication_request() | {"medicationCodeableConcept": concept}
        if resource_type.startswith("Medication"):
            period = {"effectivePeriod": self.period()} if self.often(60) else {}
            status = self.random.choice(("active", "completed", "in-progress", "stopped"))
            return self.identify(resource_type, status=status, medicationCodeableConcept=concept, **period)
        if resource_type == "Observation":
            return self.result(chosen["code"], concept)
        if resource_type == "Procedure":
            return self.identify(resource_type, status="completed", code=concept, performedDateTime=self.date_time())
        return self.identify(resource_type, status="active", code=concept)

    def result(self, code: str, concept: JSONObject) -> JSONObject:
        """Write a result in its canonical unit, mostly; in another, in none, or as an answer."""
        status = self.random.choice(("final", "final", "final", "amended", "preliminary", "cancelled"))
        result = self.identify("Observation", status=status, code=concept, effectiveDateTime=self.date_time(back=120))
        unit = self.units.get(code)
        if unit is None and self.often(60):
            answer = {"system": "http://snomed.info/sct", "code": self.random.choice(("373066001", "373067005"))}
            result |= {"valueCodeableConcept": {"coding": [answer]}}
        else:
            unit = self.random.choice(OTHER_UNITS) if unit is None or self.often(12) else unit
            value = round(self.random.choice((0.5, 5.0, 30.0, 60.0, 150.0)) * self.random.uniform(0.3, 1.7), 1)
            quantity: JSONObject = {"value": value, "unit": unit, "system": UCUM, "code": unit}
            if self.often(5):
                quantity["comparator"] = "<"
            if self.often(5):
                quantity = {"value": value}
            result["valueQuantity"] = quantity
        if self.often(30):
            result["issued"] = self.moment(back=120).isoformat(timespec="seconds")
        return result


def project_patient(seed: int, elm: Mapping[str, JSONObject], value_sets: Codes) -> list[JSONObject]:
    """Give the resources of one patient for the libraries; the same for the same seed."""
    wanted: dict[str, tuple[str, list[dict[str, str]]]] = {}
    for document in elm.values():
        for requirement in data_requirements(document, elm):
            for criterion in requirement.get("codeFilter", []):
                codes = criterion.get("code") or value_sets.get(criterion.get("valueSet", ""), [])
                plain = [{"system": code["system"], "code": code["code"]} for code in codes]
                wanted[json.dumps(requirement, sort_keys=True)] = (requirement["type"], plain)
    return ProjectPatient(seed, [wanted[key] for key in sorted(wanted)], canonical_units()).build()
