"""Random patients as bad as real ones: partial and missing dates, missing units, several codings, odd statuses.

Everything comes from one seed, so that a difference can be looked at again. Resources are FHIR R4 JSON; what is wrong
with them is what EHRs really send (absent elements, text instead of codes), never a breach of the JSON format.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

JSONObject = dict[str, Any]

LOINC, SNOMED, ATC = "http://loinc.org", "http://snomed.info/sct", "http://www.whocc.no/atc"
UCUM = "http://unitsofmeasure.org"
LOCAL = "urn:oid:1.2.3.4.5"
REFERENCE_TIME = datetime(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=1)))

# LOINC code → (lowest, highest, places, unit shown, UCUM code, other units that also occur)
LABS: dict[str, tuple[float, float, int, str, str, tuple[str, ...]]] = {
    "62238-1": (5, 110, 0, "mL/min/1.73m2", "mL/min/{1.73_m2}", ("mL/min",)),
    "2160-0": (0.4, 6, 2, "mg/dL", "mg/dL", ("umol/L",)),
    "718-7": (6, 17, 1, "g/dL", "g/dL", ("g/L", "mmol/L")),
    "777-3": (5, 450, 0, "10^9/L", "10*9/L", ("/uL",)),
    "751-8": (0.1, 9, 2, "10^9/L", "10*9/L", ()),
    "17861-6": (1.8, 3.6, 2, "mmol/L", "mmol/L", ("mg/dL",)),
    "29463-7": (38, 140, 1, "kg", "kg", ("g", "[lb_av]")),
}
CONDITIONS = (("109989006", "Multiple myeloma"), ("128053003", "Deep venous thrombosis"), ("59282003", "Embolism"))
MEDICATIONS = ("L04AX04", "L04AX06", "B01AF02", "B01AB05", "H02AB02")
STATUSES = ("final", "final", "final", "amended", "corrected", "preliminary", "entered-in-error", "cancelled")

VALUE_SETS: dict[str, list[dict[str, str]]] = {
    "http://example.org/ValueSet/renal-function": [
        {"code": "62238-1", "system": LOINC},
        {"code": "2160-0", "system": LOINC},
    ],
    "http://example.org/ValueSet/thromboembolism": [
        {"code": "128053003", "system": SNOMED},
        {"code": "59282003", "system": SNOMED},
    ],
    "http://example.org/ValueSet/immunomodulators": [
        {"code": "L04AX04", "system": ATC},
        {"code": "L04AX06", "system": ATC},
    ],
    "http://example.org/ValueSet/anticoagulants": [
        {"code": "B01AF02", "system": ATC},
        {"code": "B01AB05", "system": ATC},
    ],
}


class RandomPatient:
    """Builds the resources of one patient."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.numbers: dict[str, int] = {}

    def build(self) -> list[JSONObject]:
        """Give the Patient, then what is on file about them, in random order."""
        roll = self.random.randint
        resources = [self.observation() for _ in range(roll(0, 14))]
        resources += [self.condition() for _ in range(roll(0, 4))]
        resources += [self.medication_request() for _ in range(roll(0, 5))]
        resources += [self.medication_statement() for _ in range(roll(0, 1))]
        resources += [self.encounter() for _ in range(roll(0, 3))]
        resources += [self.other() for _ in range(roll(0, 4))]
        self.random.shuffle(resources)
        return [self.patient(), *resources]

    def often(self, percent: int) -> bool:
        """Throw a die: true in `percent` of a hundred cases."""
        return self.random.randrange(100) < percent

    def identify(self, resource_type: str, **members: Any) -> JSONObject:
        """Start a resource with an id that is unique in the patient and leave out members that are None."""
        self.numbers[resource_type] = self.numbers.get(resource_type, 0) + 1
        resource: JSONObject = {
            "resourceType": resource_type,
            "id": f"{resource_type.lower()}-{self.numbers[resource_type]}",
        }
        resource.update({name: value for name, value in members.items() if value is not None})
        return resource

    def moment(self, *, back: int = 500) -> datetime:
        """Pick an instant, more often close to the reference time than far, with days exactly on common limits."""
        days = self.random.choice((0, 1, 7, 28, 90, 91, 180, 365)) if self.often(30) else self.random.randint(0, back)
        return REFERENCE_TIME - timedelta(days=days, minutes=self.random.randint(0, 1439))

    def date_time(self, *, back: int = 500) -> str | None:
        """Write a FHIR dateTime of any allowed precision and offset, or nothing."""
        if self.often(6):
            return None
        when = self.moment(back=back)
        form = self.random.choice(("%Y", "%Y-%m", "%Y-%m-%d", "full", "full", "full", "utc", "milliseconds"))
        if form == "full":
            return when.isoformat(timespec="seconds")
        if form == "milliseconds":
            return when.isoformat(timespec="milliseconds")
        if form == "utc":
            return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return when.strftime(form)

    def period(self, *, back: int = 500) -> JSONObject:
        """Write a Period whose end, if any, is not before its start."""
        start = self.moment(back=back)
        end = start + timedelta(days=self.random.randint(0, 40))
        period = {}
        if not self.often(10):
            period["start"] = start.isoformat(timespec="seconds")
        if not self.often(30):
            period["end"] = end.isoformat(timespec="seconds")
        return period

    def concept(self, system: str, code: str, display: str | None = None) -> JSONObject:
        """Write a CodeableConcept: local codings beside the standard one, in any order; sometimes text only."""
        if self.often(4):
            return {"text": display or code}
        codings: list[JSONObject] = [{"system": system, "code": code}]
        if display and self.often(50):
            codings[0]["display"] = display
        if self.often(30):
            codings.append({"system": LOCAL, "code": f"LAB{self.random.randint(1, 99)}", "display": "local"})
        if self.often(5):
            codings.append({"code": code})
        self.random.shuffle(codings)
        concept: JSONObject = {"coding": codings}
        if self.often(20):
            concept["text"] = display or f"text of {code}"
        return concept

    def quantity(self, code: str) -> JSONObject:
        """Write a Quantity as laboratories do: UCUM code, unit text only, other units, no unit, no value."""
        low, high, places, unit, ucum, others = LABS[code]
        value: float | int = round(self.random.uniform(low, high), places)
        if places == 0:
            value = int(value)
        quantity: JSONObject = {"value": value, "unit": unit, "system": UCUM, "code": ucum}
        if others and self.often(10):
            quantity["unit"] = quantity["code"] = self.random.choice(others)
        if self.often(6):
            del quantity["system"], quantity["code"]
        if self.often(5):
            quantity = {"value": value}
        if self.often(3):
            del quantity["value"]
        return quantity

    def observation(self) -> JSONObject:
        """Write a laboratory result, a blood pressure, a pregnancy test or a text result."""
        kind = self.random.randrange(20)
        status = self.random.choice(STATUSES)
        if kind == 0:
            return self.blood_pressure(status)
        if kind == 1:
            return self.pregnancy_test(status)
        code = self.random.choice(list(LABS))
        result = self.identify(
            "Observation",
            status=status,
            code=self.concept(LOINC, code, f"Test {code}"),
            subject={"reference": "Patient/p"},
        )
        if kind == 2:
            result["effectivePeriod"] = self.period()
        elif when := self.date_time():
            result["effectiveDateTime"] = when
        if kind == 3:
            result["valueString"] = self.random.choice(("<5", "see comment", "haemolytic"))
        elif kind == 4:
            result["dataAbsentReason"] = {"coding": [{"code": "unknown"}]}
        else:
            result["valueQuantity"] = self.quantity(code)
        if self.often(15):
            coding = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": "L"}
            result["interpretation"] = [{"coding": [coding]}]
        return result

    def blood_pressure(self, status: str) -> JSONObject:
        """Write a blood pressure with components, one of which may have no value."""
        systolic: JSONObject = {"code": self.concept(LOINC, "8480-6")}
        if not self.often(15):
            value = self.random.randint(95, 180)
            systolic["valueQuantity"] = {"value": value, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"}
        diastolic = {"code": self.concept(LOINC, "8462-4"), "valueQuantity": {"value": 80, "unit": "mmHg"}}
        code = self.concept(LOINC, "85354-9", "Blood pressure")
        return self.identify(
            "Observation",
            status=status,
            code=code,
            effectiveDateTime=self.date_time(),
            component=[systolic, diastolic],
        )

    def pregnancy_test(self, status: str) -> JSONObject:
        """Write a pregnancy test whose result is a code, mostly negative."""
        result = "260385009" if self.often(70) else "10828004"
        code = self.concept(LOINC, "2106-3", "Pregnancy test")
        return self.identify(
            "Observation",
            status=status,
            code=code,
            effectiveDateTime=self.date_time(back=20),
            valueCodeableConcept=self.concept(SNOMED, result),
        )

    def condition(self) -> JSONObject:
        """Write a diagnosis; its clinical status may be missing or have no system."""
        code, display = self.random.choice(CONDITIONS)
        condition = self.identify(
            "Condition", code=self.concept(SNOMED, code, display), subject={"reference": "Patient/p"}
        )
        system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
        if not self.often(15):
            status = self.random.choice(("active", "active", "recurrence", "inactive", "resolved"))
            condition["clinicalStatus"] = {"coding": [{"system": system, "code": status}]}
        if self.often(30):
            status = self.random.choice(("confirmed", "refuted", "entered-in-error"))
            condition["verificationStatus"] = {"coding": [{"code": status}]}
        if self.often(20):
            condition["onsetPeriod"] = self.period(back=3000)
        elif when := self.date_time(back=3000):
            condition["onsetDateTime"] = when
        return condition

    def medication_request(self) -> JSONObject:
        """Write an order with none, one or several dosages."""
        request = self.identify(
            "MedicationRequest",
            status=self.random.choice(("active", "active", "on-hold", "stopped", "completed", "draft")),
            intent=self.random.choice(("order", "order", "plan", "proposal")),
            medicationCodeableConcept=self.concept(ATC, self.random.choice(MEDICATIONS)),
            subject={"reference": "Patient/p"},
            authoredOn=self.date_time(back=120),
        )
        if self.often(40):
            code, display = self.random.choice(CONDITIONS)
            request["reasonCode"] = [self.concept(SNOMED, code, display)]
        dosages = [self.dosage() for _ in range(self.random.choice((0, 1, 1, 2)))]
        if dosages:
            request["dosageInstruction"] = dosages
        return request

    def dosage(self) -> JSONObject:
        """Write one dosage; the dose may lack its unit or be a range."""
        dose: JSONObject = {"value": self.random.choice((2.5, 5, 10, 15, 25, 100)), "unit": "mg"}
        if not self.often(20):
            dose |= {"system": UCUM, "code": "mg"}
        rate: JSONObject = {"doseQuantity": dose}
        if self.often(10):
            rate = {"doseRange": {"low": dose, "high": dose}}
        dosage: JSONObject = {"doseAndRate": [rate]}
        if not self.often(15):
            dosage["timing"] = {"repeat": {"frequency": self.random.randint(1, 3), "period": 1, "periodUnit": "d"}}
        return dosage

    def medication_statement(self) -> JSONObject:
        """Write what the patient says to take."""
        concept = self.concept(ATC, self.random.choice(MEDICATIONS))
        return self.identify("MedicationStatement", status="active", medicationCodeableConcept=concept)

    def encounter(self) -> JSONObject:
        """Write a stay or a visit, perhaps still open."""
        return self.identify(
            "Encounter",
            status=self.random.choice(("finished", "finished", "in-progress")),
            **{"class": {"code": self.random.choice(("IMP", "AMB", "EMER"))}},
            period=None if self.often(10) else self.period(back=200),
        )

    def other(self) -> JSONObject:
        """Write an allergy, a procedure or an immunisation."""
        kind = self.random.randrange(3)
        if kind == 0:
            reaction = [{"severity": self.random.choice(("mild", "severe")), "manifestation": [{"text": "rash"}]}]
            status = {"coding": [{"code": self.random.choice(("active", "inactive"))}]} if self.often(70) else None
            return self.identify("AllergyIntolerance", clinicalStatus=status, reaction=reaction)
        if kind == 1:
            when = {"performedPeriod": self.period()} if self.often(50) else {"performedDateTime": self.date_time()}
            return self.identify("Procedure", status="completed", **when)
        return self.identify(
            "Immunization",
            status=self.random.choice(("completed", "not-done")),
            vaccineCode=self.concept("http://hl7.org/fhir/sid/cvx", str(self.random.randint(1, 200))),
            occurrenceDateTime=self.date_time(back=20000),
            primarySource=self.random.choice((True, False, None)),
        )

    def patient(self) -> JSONObject:
        """Write the Patient; the birth date may be a year only or missing."""
        born = REFERENCE_TIME - timedelta(days=self.random.randint(0, 36000))
        if self.often(15):
            born = born.replace(month=REFERENCE_TIME.month, day=REFERENCE_TIME.day)
        birth_date = born.strftime(self.random.choice(("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d")))
        patient: JSONObject = {"resourceType": "Patient", "id": "p"}
        if not self.often(5):
            patient["birthDate"] = birth_date
        if not self.often(10):
            patient["gender"] = self.random.choice(("female", "male", "unknown"))
        if self.often(60):
            patient["name"] = [{"family": "Hansen", "given": ["Kari", "Liv"]}, {"use": "nickname", "given": ["Kaja"]}]
        if self.often(30):
            patient["telecom"] = [{"system": "phone", "value": "+47 22 22 55 55"}, {"system": "email"}]
        if self.often(20):
            patient["maritalStatus"] = {"coding": [{"code": self.random.choice("MSW")}]}
        if self.often(10):
            patient["deceasedBoolean"] = self.often(30)
        elif self.often(10):
            patient["deceasedDateTime"] = self.date_time() or "2025"
        return patient


def random_patient(seed: int) -> list[JSONObject]:
    """Give the resources of one random patient; the same for the same seed."""
    return RandomPatient(seed).build()
