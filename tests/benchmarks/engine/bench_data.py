"""The patients of the benchmark: n laboratory results of about 1.3 KB, the newest eGFR of which is low."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
EGFR, EGFR_UNIT = "62238-1", "mL/min/{1.73_m2}"
OTHER_CODES = ("718-7", "4548-4", "2160-0", "2823-3", "2951-2", "2345-7", "6690-2", "777-3", "1742-6", "1920-8")
CODES = (EGFR, *OTHER_CODES, "1975-2", "2093-3", "2085-9", "13457-7", "2571-8", "3016-3", "8480-6", "8462-4", "29463-7")

VALUE_SETS = {"http://example.org/ValueSet/diabetes": [{"code": "44054006", "system": "http://snomed.info/sct"}]}

JSONObject = dict[str, Any]


def observation(number: int, code: str, when: datetime, value: float, unit: str, status: str = "final") -> JSONObject:
    quantity = {"unit": unit, "system": UCUM, "code": unit}
    category = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}
    display = f"Laboratory test {code}"
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "meta": {"versionId": "1", "lastUpdated": when.isoformat(), "source": "#x7Yz"},
        "status": status,
        "category": [{"coding": [category | {"display": "Laboratory"}]}],
        "code": {
            "coding": [
                {"system": LOINC, "code": code, "display": display},
                {"system": "urn:oid:1.2.3", "code": "L" + code},
            ],
            "text": display,
        },
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/e1"},
        "effectiveDateTime": when.isoformat(),
        "issued": when.isoformat(),
        "performer": [{"reference": "Organization/lab1", "display": "Central laboratory"}],
        "valueQuantity": {"value": value, **quantity},
        "interpretation": [{"coding": [{"code": "N"}]}],
        "referenceRange": [{"low": {"value": 10, **quantity}, "high": {"value": 90, **quantity}}],
    }


def observations(number: int, now: datetime) -> list[JSONObject]:
    """Give `number` results in random order; one in twenty is an eGFR, the newest of them 27.5."""
    dice = random.Random(7)
    found = [observation(0, EGFR, now - timedelta(days=12), 27.5, EGFR_UNIT)]
    for index in range(1, number):
        code = CODES[index % len(CODES)]
        when = now - timedelta(days=dice.randint(13, 1800))
        status = "final" if dice.random() < 0.9 else "preliminary"
        unit = EGFR_UNIT if code == EGFR else "mg/dL"
        found.append(observation(index, code, when, round(dice.uniform(20, 110), 1), unit, status))
    dice.shuffle(found)
    return found


def patient(number: int, now: datetime) -> list[JSONObject]:
    """Give the Patient, a diagnosis, an order and `number` results."""
    subject = {"reference": "Patient/p1"}
    diabetes = {"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}]}
    metformin = {"coding": [{"system": "http://www.whocc.no/atc", "code": "A10BA02"}]}
    return [
        {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1950-06-15"},
        {
            "resourceType": "Condition",
            "id": "c1",
            "subject": subject,
            "clinicalStatus": {"coding": [{"code": "active"}]},
            "code": diabetes,
        },
        {
            "resourceType": "MedicationRequest",
            "id": "m1",
            "status": "active",
            "intent": "order",
            "subject": subject,
            "medicationCodeableConcept": metformin,
        },
        *observations(number, now),
    ]
