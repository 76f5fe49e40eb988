"""Write the same patient in another way: other codes, units, dates, medications and doses, by the mapping tables.

What is not in the tables stays as it was: a code is replaced only by one that is in exactly the same value sets, a unit
only by one from which the ObservationDefinition of the concept leads back.
"""

import copy
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal

from cds.engine.runtime import units

BASE = "https://fhir-cds.example.org/fhir"
OWN = (f"{BASE}/CodeSystem/clinical-concept", f"{BASE}/CodeSystem/clinical-finding")
LOCAL = "https://hospital.example.org/codes"
UCUM = "http://unitsofmeasure.org"
LOINC, NPU, SNOMED = "http://loinc.org", "http://npu-terminology.org", "http://snomed.info/sct"
ATC, RXNORM, ICD_10 = (
    "http://www.whocc.no/atc",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://hl7.org/fhir/sid/icd-10",
)
NOT_MAPPED = {"system": "https://hospital.example.org/not-mapped", "code": "4711"}
MEDICATION = "medicationCodeableConcept"
ORDERS = ("MedicationRequest", "MedicationStatement")
DIGITS = Context(prec=20)
_MOST_PIECES = 8


@dataclass(frozen=True, slots=True)
class Encoding:
    """One hospital's way of writing."""

    systems: tuple[str, ...]  # code systems, the first that has the concept is used; LOCAL needs `local_map`
    not_mapped_first: bool = False  # a coding that nobody knows stands before the others
    other_address: bool = False  # code systems under their OID
    unit: str = "as is"  # as is | canonical | converted | spelling
    date: str = "dateTime"  # dateTime | Period | instant
    medication: str = "concept"  # concept | contained | reference
    dose: str = "mg"  # mg | g | capsules


HOSPITALS = {
    "LOINC and ATC, canonical units": Encoding((LOINC, ATC, ICD_10), unit="canonical"),
    "NPU and RxNorm, converted units, periods, contained capsules": Encoding(
        (NPU, RXNORM, SNOMED), unit="converted", date="Period", medication="contained", dose="capsules"
    ),
    "local codes, units as text, instants, referenced capsules": Encoding(
        (LOCAL,), unit="spelling", date="instant", medication="reference", dose="capsules"
    ),
    "an unknown coding first, systems by OID, doses in g": Encoding(
        (ATC, NPU, LOINC), not_mapped_first=True, other_address=True, date="Period", medication="reference", dose="g"
    ),
    "SNOMED CT and the concepts' own codes": Encoding(
        (SNOMED, *OWN), unit="converted", date="instant", medication="contained"
    ),
}


class Encoder:
    """Rewrites resources by what the content says of codes and units."""

    def __init__(self, artifacts, value_sets, mappings):
        self._value_sets = value_sets
        self._mappings = mappings
        self._urls = [one["url"] for one in artifacts if one["resourceType"] == "ValueSet"]
        self._codes = {}
        self._meanings = {}
        self._by_meaning = defaultdict(dict)
        self._conversions = defaultdict(dict)
        self._canonical = {}
        self._addresses = {}
        for one in artifacts:
            self._learn(one)
        for key in self._codes:
            self._by_meaning[self.meaning([key])].setdefault(key[0], key[1])

    def _learn(self, resource):
        if resource["resourceType"] == "ValueSet":
            for part in resource["compose"]["include"]:
                self._codes |= {(part["system"], one["code"]): None for one in part.get("concept", ())}
        elif resource["resourceType"] == "ObservationDefinition":
            for coding in resource["code"]["coding"]:
                key = (coding["system"], coding["code"])
                self._canonical[key] = resource["quantitativeDetails"]["unit"]["coding"][0]["code"]
                for extension in resource.get("extension", ()):
                    parts = {part["url"]: part for part in extension["extension"]}
                    self._conversions[key][parts["from"]["valueString"]] = Decimal(str(parts["factor"]["valueDecimal"]))
        elif resource["resourceType"] == "NamingSystem":
            preferred, *others = (name["value"] for name in resource["uniqueId"])
            if others:
                self._addresses[preferred] = others[0]

    def meaning(self, keys):
        """All value sets that hold one of the codes."""
        keys = tuple(keys)
        if keys not in self._meanings:
            self._meanings[keys] = frozenset(
                url for url in self._urls for key in keys if self._value_sets.contains(url, None, *key)
            )
        return self._meanings[keys]

    def local_map(self):
        """The ConceptMaps that a hospital with its own codes drops in: code X-<concept> for every concept."""
        groups = [
            {
                "source": LOCAL,
                "target": own,
                "element": [
                    {"code": f"X-{code}", "target": [{"code": code, "equivalence": "equivalent"}]}
                    for system, code in self._codes
                    if system == own
                ],
            }
            for own in OWN
        ]
        return {
            "resourceType": "ConceptMap",
            "id": "local",
            "url": "https://hospital.example.org/fhir/ConceptMap/local",
            "version": "1.0.0",
            "status": "active",
            "group": groups,
        }

    def encode(self, resources, drafts, way):
        """Return (resources, drafts) of one patient, written in that way."""
        medications = {one["id"]: one for one in resources if one["resourceType"] == "Medication"}
        added = []
        rewritten = [
            [self._resource(copy.deepcopy(one), way, medications, added) for one in group]
            for group in (resources, drafts)
        ]
        return rewritten[0] + added, rewritten[1]

    def _resource(self, resource, way, medications, added):
        kind = resource["resourceType"]
        if kind == "Observation":
            self._observation(resource, way)
        for name in ("code", MEDICATION):
            if name in resource:
                resource[name] = self._concept(resource[name], way)
        if kind == "Medication":
            self._ingredients(resource, way)
        if kind in ORDERS:
            self._order(resource, way, medications, added)
        return resource

    def _concept(self, concept, way):
        codings = concept.get("coding", [])
        meaning = self.meaning((one["system"], one["code"]) for one in codings)
        words = [*(one.get("display") for one in codings), concept.get("text")]
        if not meaning or not any(words):  # without words a card would show the code itself
            return concept
        if any(
            (one["system"], one["code"]) not in self._codes
            for one in codings
            if self.meaning([(one["system"], one["code"])])
        ):
            return concept  # a code below one that is listed, such as C82.1 below C82, says more than any other
        choices = self._by_meaning.get(meaning, {})
        display = next(filter(None, words))
        new = next(
            (self._coding(system, choices, display) for system in way.systems if system in self._open(choices)), None
        )
        chosen = [new] if new else codings
        if way.other_address:
            chosen = [one | {"system": self._addresses.get(one["system"], one["system"])} for one in chosen]
        if way.not_mapped_first:
            chosen = [NOT_MAPPED | {"display": display}, *chosen]
        return concept | {"coding": chosen}

    def _open(self, choices):
        return {*choices, LOCAL} if any(own in choices for own in OWN) else choices

    def _coding(self, system, choices, display):
        if system != LOCAL:
            return {"system": system, "code": choices[system], "display": display}
        own = next(choices[own] for own in OWN if own in choices)
        return {"system": LOCAL, "code": f"X-{own}", "display": display}

    def _observation(self, resource, way):
        keys = [(one["system"], one["code"]) for one in resource["code"].get("coding", [])]
        key = next((key for key in keys if key in self._canonical), None)
        if key is not None:
            quantities = [resource.get("valueQuantity")]
            quantities += [limits.get(end) for limits in resource.get("referenceRange", ()) for end in ("low", "high")]
            for quantity in filter(None, quantities):
                self._quantity(quantity, key, way)
        if "effectiveDateTime" in resource:
            _date(resource, way)

    def _quantity(self, quantity, key, way):
        unit, canonical = quantity.get("code"), self._canonical[key]
        # A plain rate with the code of an indexed one is no other way of writing it.
        if (
            unit is None
            or quantity.get("value") is None
            or way.unit == "as is"
            or ("1.73" in unit) is not ("1.73" in canonical)
        ):
            return
        value = Decimal(str(quantity["value"]))
        if unit != canonical:
            conversion = self._mappings.conversion([key], unit)
            value = value * conversion[1] if conversion else units.convert(value, unit, canonical)
            if value is None:
                return
        targets = {
            name: factor for name, factor in self._conversions[key].items() if (factor == 1) is (way.unit == "spelling")
        }
        if way.unit == "canonical" or not targets:
            quantity |= {"value": value, "unit": canonical, "code": canonical, "system": UCUM}
            return
        name, factor = next(iter(targets.items()))
        quantity |= {"value": DIGITS.divide(value, factor), "unit": name}
        if way.unit == "spelling":
            del quantity["system"], quantity["code"]
        else:
            quantity |= {"code": name}

    def _ingredients(self, medication, way):
        for one in medication.get("ingredient", ()):
            if "itemCodeableConcept" in one:
                one["itemCodeableConcept"] = self._concept(one["itemCodeableConcept"], way)

    def _order(self, order, way, medications, added):
        strength = _rewrite_doses(order, way) if MEDICATION in order and "contained" not in order else None
        medication = None
        elsewhere = any(one["resourceType"] == "Medication" for one in order.get("contained", ()))
        if MEDICATION in order and way.medication != "concept" and not elsewhere:
            medication = {"resourceType": "Medication", "id": f"{order['id']}-drug", "code": order.pop(MEDICATION)}
            if strength is not None:
                numerator = {"value": strength, "unit": "mg", "system": UCUM, "code": "mg"}
                medication["ingredient"] = [
                    {"itemCodeableConcept": medication["code"], "strength": {"numerator": numerator}}
                ]
        elif "medicationReference" in order:
            reference = order["medicationReference"]["reference"]
            if reference.startswith("Medication/") and way.medication == "contained":
                medication = copy.deepcopy(medications[reference.partition("/")[2]])
                medication["code"] = self._concept(medication["code"], way)
                self._ingredients(medication, way)
            for one in order.get("contained", ()):
                if one["resourceType"] == "Medication":
                    one["code"] = self._concept(one["code"], way)
                    self._ingredients(one, way)
        if medication is None:
            return
        if way.medication == "contained":
            order["contained"] = [*order.get("contained", ()), medication]
            order["medicationReference"] = {"reference": f"#{medication['id']}"}
        else:
            added.append(medication)
            order["medicationReference"] = {"reference": f"Medication/{medication['id']}"}


def _date(resource, way):
    moment = resource["effectiveDateTime"]
    if way.date == "Period":
        resource["effectivePeriod"] = {"end": resource.pop("effectiveDateTime")}
        if len(moment) > 10:
            resource["effectivePeriod"]["start"] = moment.replace("T08:15", "T08:05")
    elif way.date == "instant" and len(moment) > 10:
        del resource["effectiveDateTime"]
        digits = "milliseconds" if "." in moment else "seconds"  # as precise as it was written
        there = datetime.fromisoformat(moment)
        utc = there.astimezone(UTC)
        same_day = utc.date() == there.date()  # cards show the day as it was sent
        resource["effectiveInstant"] = (utc if same_day else there).isoformat(timespec=digits)


def _rewrite_doses(order, way):
    """Write every dose in mg as the way wants it; return the strength in mg of the capsules, if capsules it is."""
    doses = [
        dose["doseQuantity"]
        for dosage in order.get("dosageInstruction", order.get("dosage", ()))
        for dose in dosage.get("doseAndRate", ())
        if dose.get("doseQuantity", {}).get("code") == "mg"
    ]
    if not doses:
        return None
    if way.dose == "g":
        for dose in doses:
            dose |= {"value": Decimal(str(dose["value"])) / 1000, "unit": "g", "code": "g"}
    if way.dose != "capsules" or way.medication == "concept":
        return None
    amounts = [Decimal(str(dose["value"])) for dose in doses]
    strength = Decimal(5) if all(amount % 5 == 0 for amount in amounts) else min(amounts)
    if max(amounts) / strength > _MOST_PIECES or "quantity" in order.get("dispenseRequest", {}):
        return None  # nobody takes so many; and a quantity counts pieces of the strength that was ordered
    for dose in doses:
        dose["value"] = Decimal(str(dose["value"])) / strength
        dose["unit"] = "capsule"
        del dose["code"], dose["system"]
    return strength
