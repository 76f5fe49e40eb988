"""Parameters from JSON or engine values to values of the declared type."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cds.engine import Engine, EvaluationError
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.values import Code, Concept, Long, Quantity, Tuple

SYSTEM, FHIR = "{urn:hl7-org:elm-types:r1}", "{http://hl7.org/fhir}"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
UTC_OFFSET = Decimal(0)


def named(name):
    return {"type": "NamedTypeSpecifier", "name": name if name.startswith("{") else SYSTEM + name}


def interval(point):
    return {"type": "IntervalTypeSpecifier", "pointType": named(point)}


def listed(of):
    return {"type": "ListTypeSpecifier", "elementType": of}


TUPLE = {"type": "TupleTypeSpecifier", "element": [{"name": "a", "elementType": named("Date")}]}


def bound(of, value):
    reference = {"type": "ParameterRef", "name": "P"}
    library = {
        "identifier": {"id": "One"},
        "parameters": {"def": [{"name": "P", "parameterTypeSpecifier": of}]},
        "statements": {"def": [{"name": "Value", "context": "Unfiltered", "expression": reference}]},
    }
    return Engine([{"library": library}]).session([], now=NOW, parameters={"P": value}).evaluate("One", "Value")


@pytest.mark.parametrize(
    ("of", "given", "value"),
    [
        (named("Integer"), 5, 5),
        (named("Integer"), None, None),
        (named("Boolean"), False, False),
        (named("Decimal"), 2.5, Decimal("2.5")),
        (named("Decimal"), 2, Decimal(2)),
        (named("Long"), 5, Long(5)),
        (named("String"), "", ""),
        (named("Date"), "2026-01", Date(2026, 1)),
        (named("DateTime"), "2026-01-02", DateTime(2026, 1, 2, offset=UTC_OFFSET)),
        (named("Time"), "10:30", Time(10, 30)),
        (named("Quantity"), {"value": 5, "unit": "mg"}, Quantity(Decimal(5), "mg")),
        (named("Quantity"), "5 'mg'", Quantity(Decimal(5), "mg")),
        (named("Code"), {"code": "c", "system": "urn:s"}, Code("c", "urn:s")),
        (named("Concept"), {"text": "T"}, Concept((), "T")),
        (named("Any"), {"a": 1}, {"a": 1}),
        (interval("Date"), {"start": "2026", "end": "2027"}, Interval(Date(2026), Date(2027))),
        (interval("Integer"), {"low": 1, "highClosed": False}, Interval(1, None, True, False)),
        (interval("Integer"), Interval(1, 2), Interval(1, 2)),
        (listed(named("Integer")), [1, 2], [1, 2]),
        (listed(named("Integer")), (), []),
        (listed(named(f"{FHIR}Coding")), [{"code": "c"}], [{"code": "c"}]),
        (named(f"{FHIR}Patient"), {"resourceType": "Patient"}, {"resourceType": "Patient"}),
        (TUPLE, {"a": "2026"}, Tuple(a=Date(2026))),
        (TUPLE, {}, Tuple(a=None)),
        (listed(named("Integer")), [1, None], [1, None]),
    ],
)
def test_a_value_is_brought_to_the_declared_type(of, given, value):
    assert bound(of, given) == value


@pytest.mark.parametrize(
    ("of", "given"),
    [
        (named("Integer"), "5"),
        (named("Integer"), 5.5),
        (named("Integer"), True),
        (named("Date"), "yesterday"),
        (named("Quantity"), {"unit": "mg"}),
        (listed(named("Integer")), 5),
        (interval("Date"), "2026"),
        (interval("Date"), {"start": "soon"}),
        (listed(named("Integer")), [1, "two"]),
        (TUPLE, {"a": "soon"}),
        (TUPLE, 5),
        (named(f"{FHIR}Patient"), {"resourceType": "Observation"}),
        (named(f"{FHIR}Patient"), "Patient/1"),
    ],
)
def test_a_value_that_is_none_of_it_is_an_error_and_never_null(of, given):
    with pytest.raises(EvaluationError, match="parameter 'P'"):
        bound(of, given)
