"""FHIRHelpers' conversions, answered natively."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds.engine.errors import EvaluationError
from cds.engine.run import Run
from cds.engine.runtime import evaluation
from cds.engine.runtime import fhir_helpers as helpers
from cds.engine.runtime.fhir_values import Element
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import DateTime
from cds.engine.runtime.values import Code, Concept, Quantity, Ratio, ValueSet

RUN = Run(now=DateTime(2026, 11, 20, 12, 0, 0, 0, Decimal(1)))


@pytest.mark.parametrize(
    ("fhir", "value"),
    [
        ({"value": 5, "code": "mg", "unit": "MG", "system": "http://unitsofmeasure.org"}, Quantity(Decimal(5), "mg")),
        ({"value": 5.5, "unit": "mg"}, Quantity(Decimal("5.5"), "mg")),
        ({"value": 0.1}, Quantity(Decimal("0.1"), "1")),
        ({"value": 3, "code": "d"}, Quantity(Decimal(3), "day")),
        ({"unit": "mg"}, None),
        (None, None),
    ],
)  # fmt: skip
def test_a_quantity_takes_its_code_before_its_unit_and_calendar_words_for_time(fhir, value):
    assert helpers.to_quantity(fhir) == value


@pytest.mark.parametrize(
    ("comparator", "low", "high", "low_closed", "high_closed"),
    [
        ("<", None, 5, True, False),
        ("<=", None, 5, True, True),
        (">=", 5, None, True, True),
        (">", 5, None, False, True),
    ],
)
def test_a_quantity_with_comparator_is_an_interval_and_no_number(comparator, low, high, low_closed, high_closed):
    fhir = {"value": 5, "comparator": comparator}
    five = Quantity(Decimal(5))
    expected = Interval(low and five, high and five, low_closed, high_closed)
    assert helpers.quantity_to_interval(fhir) == expected
    with pytest.raises(EvaluationError, match="comparator"):
        helpers.to_quantity(fhir)


def test_a_unit_of_another_system_is_an_error():
    with pytest.raises(EvaluationError, match="not UCUM"):
        helpers.to_quantity({"value": 1, "code": "385055001", "system": "http://snomed.info/sct"})


def test_a_period_without_start_begins_at_an_unknown_time_and_without_end_has_not_ended():
    until = helpers.period_to_interval(RUN, {"end": "2026-02-01"})
    since = helpers.period_to_interval(RUN, {"start": "2026-02-01T10:00:00Z"})
    assert (until.low, until.low_closed, str(until.high)) == (None, False, "2026-02-01")
    assert (since.high, since.high_closed, str(since.low)) == (None, True, "2026-02-01T10:00:00+00:00")
    assert helpers.period_to_interval(RUN, {}).point_type == "DateTime"
    assert helpers.period_to_interval(RUN, None) is None


def test_a_period_that_ends_before_it_starts_is_an_error():
    with pytest.raises(EvaluationError):
        helpers.period_to_interval(RUN, {"start": "2026-02-01", "end": "2026-01-01"})


def test_codes_and_concepts():
    coding = {"system": "urn:s", "code": "c", "display": "C", "version": "1"}
    assert helpers.to_code(coding) == Code("c", "urn:s", "1", "C")
    assert helpers.to_concept({"coding": [coding], "text": "T"}) == Concept((Code("c", "urn:s", "1", "C"),), "T")
    assert helpers.to_concept({"text": "T"}) == Concept((), "T")
    assert helpers.to_concept(None) is None


def test_ratios_and_ranges():
    one = {"value": 1}
    assert helpers.to_ratio({"numerator": one, "denominator": {"value": 128}}) == Ratio(
        Quantity(Decimal(1)), Quantity(Decimal(128))
    )
    assert helpers.to_ratio({"numerator": one}) is None
    assert helpers.range_to_interval({"low": one}) == Interval(Quantity(Decimal(1)), None)


@pytest.mark.parametrize(
    ("element", "value"),
    [
        (Element("dateTime", "2026-01-01"), DateTime(2026, 1, 1, offset=Decimal(1))),
        (Element("decimal", 1.5), Decimal("1.5")),
        (Element("string", None, {"id": "x"}), None),
        (Element("Coding", {"code": "c"}), Code("c")),
        (Element("Age", {"value": 3, "code": "a"}), Quantity(Decimal(3), "year")),
        ("already a value", "already a value"),
        (None, None),
    ],
)
def test_to_value_goes_by_the_type_the_element_says(element, value):
    assert helpers.to_value(RUN, element) == value


def test_an_element_without_system_value_stays():
    address = Element("Address", {"city": "X"})
    assert helpers.to_value(RUN, address) is address
    assert helpers.to_interval(RUN, Element("Timing", {})) is None


def test_extensions_by_url_of_resources_elements_and_primitives():
    found = {"url": "urn:a", "valueString": "x"}
    holder = {"extension": [found, {"url": "urn:b"}]}
    assert helpers.extension(holder, "urn:a") == [found]
    assert helpers.extension(Element("string", "v", holder), "urn:a") == [found]
    assert helpers.extension({}, "urn:a") == []
    assert helpers.extension(None, "urn:a") is None


@pytest.mark.parametrize(
    ("element", "has"), [("x", True), (Element("string", None, {}), False), (None, False), ({}, False)]
)
def test_only_primitives_with_content_have_a_value(element, has):
    assert helpers.has_value(element) is has


class Lists:
    def codes(self, url, _version):
        return {"v": {"urn:s": frozenset({"a"}), "urn:t": frozenset({"b"})}}.get(url)


def answer_or_error(function, *arguments):
    try:
        return function(Run(now=None, value_sets=Lists()), *arguments)
    except EvaluationError as error:
        return str(error)


A, B = {"system": "urn:s", "code": "a"}, {"system": "urn:s", "code": "b"}


@pytest.mark.parametrize("value_set", [ValueSet("v"), ValueSet("unknown"), None])
@pytest.mark.parametrize(
    "concept",
    [
        None,
        {"text": "words"},
        {"coding": []},
        {"coding": [A]},
        {"coding": [B, None, A]},
        {"coding": [B]},
        {"coding": [{"code": "a"}]},
        {"coding": [{"system": "urn:s"}]},
        Element("CodeableConcept", {"coding": [A]}),
        "words",
        {"coding": A},
        {"coding": ["a"]},
        {"coding": [A, {"system": 5, "code": "a"}]},
        {"coding": [A, {"system": "urn:s", "code": 5}]},
        {"coding": [{**A, "display": 5}]},
        {"coding": [{**A, "version": 5}]},
        {"coding": [A], "text": 5},
    ],
)
def test_a_concept_is_a_member_whether_it_is_made_or_not(concept, value_set):
    made = answer_or_error(
        lambda run, concept, value_set: evaluation.in_value_set(run, helpers.to_concept(concept), value_set),
        concept,
        value_set,
    )
    assert answer_or_error(helpers.concept_in_value_set, concept, value_set) == made
