"""A dynamicValue sets an element as R4 shapes it: parents, lists, choices, types (PD-171, PD-176, PD-177, PD-260)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds.fhir.json import copied
from cds.reasoning.element_path import BadPath, parse_path
from cds.reasoning.element_types import DoesNotFit
from cds.reasoning.set_element import set_element

QUANTITY = {"value": Decimal("2.5"), "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
CODING = {"system": "http://loinc.org", "code": "2160-0"}


def after(type_name: str, path: str, value: object, before: dict | None = None) -> dict:
    target = before or {}
    set_element(target, type_name, parse_path(path).steps, value)
    return target


@pytest.mark.pd("PD-171", "PD-176", "PD-179", "PD-260")
@pytest.mark.parametrize(
    ("type_name", "path", "value", "expected"),
    [
        ("RequestGroup.Action", "title", "x", {"title": "x"}),
        ("RequestGroup.Action", "action.priority", "stat", {"priority": "stat"}),
        ("RequestGroup.Action", "%action.description", "x", {"description": "x"}),
        ("RequestGroup.Action", "timingDateTime", "2026-03-02", {"timingDateTime": "2026-03-02"}),
        ("RequestGroup.Action", "timing", "2026-03-02", {"timingDateTime": "2026-03-02"}),
        ("RequestGroup.Action", "timing", {"start": "2026"}, {"timingPeriod": {"start": "2026"}}),
        ("MedicationRequest", "status", "on-hold", {"status": "on-hold"}),
        ("MedicationRequest", "medication", CODING, {"medicationCodeableConcept": {"coding": [CODING]}}),
        ("MedicationRequest", "medication.text", "x", {"medicationCodeableConcept": {"text": "x"}}),
        ("MedicationRequest", "medicationCodeableConcept.text", "x", {"medicationCodeableConcept": {"text": "x"}}),
        (
            "MedicationRequest",
            "medication",
            {"resourceType": "Medication", "id": "m"},
            {"medicationReference": {"reference": "Medication/m"}},
        ),
        (
            "MedicationRequest",
            "dosageInstruction[0].doseAndRate[0].dose",
            QUANTITY,
            {"dosageInstruction": [{"doseAndRate": [{"doseQuantity": QUANTITY}]}]},
        ),
        (
            "MedicationRequest",
            "dosageInstruction.doseAndRate.doseQuantity.value",
            Decimal(5),
            {"dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": Decimal(5)}}]}]},
        ),
        (
            "MedicationRequest",
            "dosageInstruction[0].doseAndRate[0].dose.ofType(Quantity).value",
            5,
            {"dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": 5}}]}]},
        ),
        (
            "MedicationRequest",
            "dosageInstruction[0].asNeededBoolean",
            True,
            {"dosageInstruction": [{"asNeededBoolean": True}]},
        ),
        ("MedicationRequest", "dosageInstruction[0].sequence", 2, {"dosageInstruction": [{"sequence": 2}]}),
        (
            "MedicationRequest",
            "dosageInstruction[0].timing.repeat.boundsPeriod.start",
            "2026-03-02",
            {"dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"start": "2026-03-02"}}}}]},
        ),
        ("CommunicationRequest", "payload[0].content.ofType(string)", "x", {"payload": [{"contentString": "x"}]}),
        ("CommunicationRequest", "payload[0].contentString", "x", {"payload": [{"contentString": "x"}]}),
        ("CommunicationRequest", "payload[0].content", "x", {"payload": [{"contentString": "x"}]}),
        ("ServiceRequest", "code", CODING, {"code": {"coding": [CODING]}}),
        ("ServiceRequest", "category", [CODING, CODING], {"category": [{"coding": [CODING]}, {"coding": [CODING]}]}),
        ("ServiceRequest", "category", CODING, {"category": [{"coding": [CODING]}]}),
        ("ServiceRequest", "quantity", QUANTITY, {"quantityQuantity": QUANTITY}),
        ("ServiceRequest", "doNotPerform", False, {"doNotPerform": False}),
        (
            "ServiceRequest",
            "reasonReference[0]",
            {"resourceType": "Condition", "id": "c"},
            {"reasonReference": [{"reference": "Condition/c"}]},
        ),
        ("ServiceRequest", "extension('urn:u').value", "x", {"extension": [{"url": "urn:u", "valueString": "x"}]}),
        (
            "ServiceRequest",
            "extension('urn:u').value.ofType(code)",
            "x",
            {"extension": [{"url": "urn:u", "valueCode": "x"}]},
        ),
        ("Task", "restriction.period.end", "2026-04-01", {"restriction": {"period": {"end": "2026-04-01"}}}),
        ("Task", "input[0].type", CODING, {"input": [{"type": {"coding": [CODING]}}]}),
        ("Task", "input[0].value", "x", {"input": [{"valueString": "x"}]}),
        ("Task", "for", {"resourceType": "Patient", "id": "p"}, {"for": {"reference": "Patient/p"}}),
        (
            "MedicationRequest",
            "dosageInstruction[0].timing",
            {"extension": [], "code": None, "repeat": {"frequency": 1, "period": None, "when": []}},
            {"dosageInstruction": [{"timing": {"repeat": {"frequency": 1}}}]},
        ),
        (
            "MedicationRequest",
            "dosageInstruction",
            {"text": "x", "timing": {"extension": []}},
            {"dosageInstruction": [{"text": "x"}]},
        ),
    ],
)
def test_a_value_lands_where_the_path_says(type_name, path, value, expected):
    assert after(type_name, path, value) == expected


@pytest.mark.pd("PD-176", "PD-177")
@pytest.mark.parametrize(
    ("type_name", "path", "value", "message"),
    [
        ("ServiceRequest", "colour", "red", "ServiceRequest has no element colour"),
        ("ServiceRequest", "code", "x", "ServiceRequest.code is a CodeableConcept, but the value is string"),
        ("ServiceRequest", "status", True, "is a code, but the value is boolean"),
        ("ServiceRequest", "doNotPerform", "yes", "is a boolean, but the value is string"),
        ("ServiceRequest", "authoredOn", "yesterday", "is a dateTime, but the value is string"),
        ("ServiceRequest", "occurrence", "yesterday", "may be dateTime, Period, Timing, but the value is string"),
        ("ServiceRequest", "code", [CODING, CODING], "takes one value, but there are 2"),
        ("ServiceRequest", "category[1]", CODING, "has 0 items: index 1 would leave a gap"),
        ("ServiceRequest", "status.text", "x", "has no element text"),
        ("Task", "restriction.repetitions", 0, "is a positiveInt, but the value is integer"),
        ("MedicationRequest", "medication.colour", "x", "none of the types of medication"),
        (
            "MedicationRequest",
            "dosageInstruction[0].sequence",
            Decimal("1.5"),
            "is a integer, but the value is decimal",
        ),
        ("ServiceRequest", "extension('u')", "x", "add .value"),
        ("ServiceRequest", "occurrencePeriod", {"resourceType": "Patient", "id": "p"}, "is a Period"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_both_types(type_name, path, value, message):
    with pytest.raises(DoesNotFit, match=message.replace("(", r"\(").replace(")", r"\)")):
        after(type_name, path, value)


@pytest.mark.pd("PD-171")
@pytest.mark.parametrize("path", ["a + b", "where(x = 1)", "code.", "", "code..text", "resolve()", "a[b]"])
def test_a_path_that_calculates_is_refused(path):
    with pytest.raises(BadPath):
        parse_path(path)


@pytest.mark.pd("PD-173", "PD-174")
@pytest.mark.parametrize("path", ["$this", "/"])
def test_the_root_is_the_whole_resource(path):
    assert parse_path(path).is_root


def test_setting_a_choice_takes_the_other_choice_away():
    before = {"medicationReference": {"reference": "#m"}}
    assert after("MedicationRequest", "medication", CODING, before) == {
        "medicationCodeableConcept": {"coding": [CODING]}
    }
    before = {"medicationReference": {"reference": "#m"}}
    assert after("MedicationRequest", "medicationCodeableConcept.text", "x", before) == {
        "medicationCodeableConcept": {"text": "x"}
    }


def test_a_path_through_a_choice_keeps_the_type_that_is_there():
    before = {"timingPeriod": {"start": "2026"}}
    assert after("RequestGroup.Action", "timing.end", "2027", before) == {
        "timingPeriod": {"start": "2026", "end": "2027"}
    }


@pytest.mark.pd("PD-170")
def test_a_second_value_on_a_list_replaces_without_an_index_and_appends_with_one():
    before = {"category": [{"text": "a"}]}
    assert after("ServiceRequest", "category[1]", {"text": "b"}, before)["category"] == [{"text": "a"}, {"text": "b"}]
    assert after("ServiceRequest", "category", {"text": "c"}, before)["category"] == [{"text": "c"}]


def test_a_path_through_a_list_of_several_needs_an_index():
    before = {"dosageInstruction": [{"text": "a"}, {"text": "b"}]}
    assert after("MedicationRequest", "dosageInstruction[1].text", "c", before)["dosageInstruction"][1] == {"text": "c"}
    with pytest.raises(DoesNotFit, match="has 2 items"):
        after("MedicationRequest", "dosageInstruction.text", "c", before)


@pytest.mark.parametrize("path", ["dosageInstruction[0].text", "extension('http://example.org/x').value", "status"])
def test_a_change_of_a_shallow_copy_leaves_the_original_alone(path):
    original = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "extension": [{"url": "http://example.org/x", "valueString": "before"}],
        "dosageInstruction": [{"text": "before", "timing": {"code": {"text": "daily"}}}],
    }
    before, changed = copied(original), dict(original)
    set_element(changed, "MedicationRequest", parse_path(path).steps, "after")
    assert original == before
    assert changed != before


@pytest.mark.parametrize("path", ["status", "dosageInstruction[2].text", "reasonCode.coding.code"])
def test_what_does_not_fit_changes_nothing(path):
    original = {"resourceType": "MedicationRequest", "dosageInstruction": [{"text": "before"}]}
    changed = copied(original)
    with pytest.raises(DoesNotFit):
        set_element(changed, "MedicationRequest", parse_path(path).steps, True)
    assert changed == original
