"""FHIR elements: choices, primitives with extensions, lists, conversions, selected instances."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds.engine import Engine, EvaluationError, to_json
from cds.engine.runtime.temporal import Date, DateTime
from tests.unit.engine.conftest import NOW, elm, observation, quantity

BIRTH_TIME = {
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime", "valueDateTime": "1950-06-15T03:00:00Z"}
    ]
}
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "gender": "female",
    "birthDate": "1950-06-15",
    "_birthDate": BIRTH_TIME,
    "name": [
        {"given": ["Anna", "Bea"]},
        {"given": ["C", None], "_given": [None, {"extension": [{"url": "urn:x", "valueString": "y"}]}]},
    ],
    "deceasedBoolean": False,
    "managingOrganization": {"reference": "Organization/1"},
}
RESULT = observation(
    "o1", "2160-0", "2026-02-01", 200.5, component=[{"valueQuantity": quantity(1)}, {"valueString": "x"}]
)


@pytest.fixture(scope="module")
def engine():
    return Engine([elm("Elements")])


def ask(engine, definition, result=RESULT, patient=PATIENT):
    return engine.session([patient, result], now=NOW).evaluate("Elements", definition)


def without_value(**value):
    return {name: member for name, member in RESULT.items() if name != "valueQuantity"} | value


@pytest.mark.parametrize(
    ("value", "kind", "amount"),
    [
        ({"valueQuantity": quantity(5)}, "quantity", 5),
        ({"valueCodeableConcept": {"text": "positive"}}, "concept", None),
        ({"valueString": "positive"}, "string", None),
        ({"_valueString": {"extension": []}}, "string", None),
        ({"valueBoolean": False}, "none", None),
        ({}, "none", None),
    ],
)
def test_a_choice_element_is_read_by_its_type(engine, value, kind, amount):
    result = without_value(**value)
    assert ask(engine, "Value kind", result) == kind
    assert ask(engine, "Value amount", result) == amount
    assert ask(engine, "Value is Quantity", result) is (kind == "quantity")
    assert ask(engine, "Value as Quantity", result) == value.get("valueQuantity")


def test_a_strict_cast_refuses_another_type_and_lets_null_pass(engine):
    assert ask(engine, "Value strictly") == RESULT["valueQuantity"]
    assert ask(engine, "Value strictly", without_value()) is None
    with pytest.raises(EvaluationError, match=r"string is no FHIR\.Quantity"):
        ask(engine, "Value strictly", without_value(valueString="x"))


def test_a_choice_that_leaves_the_library_is_plain_json(engine):
    assert to_json(ask(engine, "Value")) == RESULT["valueQuantity"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"comparator": "<"}, "comparator"), ({"system": "urn:other"}, "not UCUM")],
)
def test_a_quantity_that_is_no_plain_number_is_an_error(engine, changed, message):
    with pytest.raises(EvaluationError, match=message):
        ask(engine, "Value as System Quantity", without_value(valueQuantity={**quantity(5), **changed}))


def test_quantities_are_compared_with_their_units(engine):
    assert ask(engine, "Value as System Quantity", without_value(valueQuantity=quantity(5001))) is True
    assert ask(engine, "Value as System Quantity", without_value(valueQuantity=quantity(5000))) is False
    assert ask(engine, "Value as System Quantity", without_value(valueQuantity=quantity(5001, "mg/dL"))) is None


def test_a_period_becomes_an_interval_with_an_open_end(engine):
    def during(**period):
        changed = {name: member for name, member in RESULT.items() if name != "effectiveDateTime"}
        return ask(engine, "Effective during 2026", changed | {"effectivePeriod": period})

    assert during(start="2026-02-01T10:00:00Z", end="2026-02-02T10:00:00Z") is True
    assert during(start="2026-02-01T10:00:00Z", end="2027-02-02T10:00:00Z") is False
    assert during(start="2026-02-01T10:00:00Z") is False
    assert ask(engine, "Effective interval") is None


def test_lists_in_lists_are_one_list(engine):
    assert ask(engine, "Codes") == ["2160-0", "L2160-0"]
    assert ask(engine, "Given name values") == ["Anna", "Bea", "C", None]
    assert ask(engine, "Given name count") == 4
    assert ask(engine, "Component values") == [1, None]
    assert ask(engine, "Components are quantities") == [True, False]


def test_what_is_not_there_is_null(engine):
    assert ask(engine, "Reference range high") is None
    assert ask(engine, "Address period") is None
    assert ask(engine, "Gender", patient={"resourceType": "Patient", "id": "p"}) is None


def test_a_primitive_keeps_its_extensions(engine):
    assert ask(engine, "Birth date value") == Date(1950, 6, 15)
    assert ask(engine, "Birth time") == DateTime(1950, 6, 15, 3, 0, 0, None, Decimal(0))
    assert ask(engine, "Birth date from list") == Date(1950, 6, 15)
    assert ask(engine, "Birth date absent reason") == [BIRTH_TIME["extension"][0]["url"]]
    plain = {**PATIENT, "birthDate": "1950-06-15"}
    del plain["_birthDate"]
    assert ask(engine, "Birth date", patient=plain) == "1950-06-15"
    assert ask(engine, "Birth time", patient=plain) is None


def test_selected_instances_are_fhir_json(engine):
    assert ask(engine, "A made quantity") == {"value": 5.5, "unit": "mg"}
    assert ask(engine, "A made reading of it") == Decimal("6.5")


def test_elements_among_other_values_still_know_their_type(engine):
    assert ask(engine, "Codes in any list") == ["2160-0"]
    assert ask(engine, "Integers in any list") == [1]
    assert to_json(ask(engine, "Any list")) == ["female", 1, "x", RESULT["code"]]
