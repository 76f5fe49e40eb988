"""Engine values as plain FHIR JSON."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds.engine import to_json
from cds.engine.runtime.fhir_values import Element
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import Code, CodeSystem, Concept, Long, Quantity, Ratio, Tuple, ValueSet

UCUM = "http://unitsofmeasure.org"


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (None, None),
        (True, True),
        (0, 0),
        ("", ""),
        (Long(5), 5),
        (Decimal(25), 25),
        (Decimal("25.0"), 25),
        (Decimal("0.1"), 0.1),
        (Date(2026, 1), "2026-01"),
        (DateTime(2026, 1, 2, 3, 4, 5, 6, Decimal("5.5")), "2026-01-02T03:04:05.006+05:30"),
        (DateTime(2026, 1, 2, 3, 4, 5, None, Decimal(0)), "2026-01-02T03:04:05Z"),
        (Time(10, 30), "10:30"),
        (Quantity(Decimal("5.5"), "mg"), {"value": 5.5, "unit": "mg", "system": UCUM, "code": "mg"}),
        (Quantity(Decimal(3), "days"), {"value": 3, "unit": "days", "system": UCUM, "code": "d"}),
        (Quantity(Decimal(3), "s"), {"value": 3, "unit": "s", "system": UCUM, "code": "s"}),
        (Code("c", "urn:s", None, "C"), {"system": "urn:s", "code": "c", "display": "C"}),
        (Concept((Code("c"),), "T"), {"coding": [{"code": "c"}], "text": "T"}),
        (Interval(Date(2026), None), {"start": "2026"}),
        (Interval(Date(2026, 3, 2), Date(2026, 3, 9)), {"start": "2026-03-02", "end": "2026-03-09"}),
        (Interval(Date(2026, 3, 2), Date(2026, 3, 9), True, False), {"start": "2026-03-02", "end": "2026-03-08"}),
        (Interval(Date(2026, 3, 2), Date(2026, 3, 9), False, True), {"start": "2026-03-03", "end": "2026-03-09"}),
        (Interval(Date(2026, 3, 2), None, False, False), {"start": "2026-03-03"}),
        (Interval(1, 2), {"low": 1, "high": 2}),
        (Tuple(a=[Date(2026)], b=None), {"a": ["2026"], "b": None}),
        (Element("Quantity", {"value": 1}), {"value": 1}),
        (Uncertainty(1, 2), {"low": 1, "high": 2}),
        (ValueSet("urn:v"), "urn:v"),
        (CodeSystem("urn:c"), "urn:c"),
        ({"resourceType": "Patient"}, {"resourceType": "Patient"}),
    ],
)
def test_every_value_has_its_fhir_form(value, json):
    written = to_json(value)
    assert written == json
    assert type(written) is type(json)


def test_a_ratio_is_two_quantities():
    written = to_json(Ratio(Quantity(Decimal(1)), Quantity(Decimal(128))))
    assert (written["numerator"]["value"], written["denominator"]["code"]) == (1, "1")
