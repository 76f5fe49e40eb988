"""Operators that HL7's suite does not reach: clinical, conversions, and ELM that CQL text cannot state."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds.engine import Engine, EvaluationError, UnsupportedError, to_json
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.values import Code, Quantity
from tests.unit.engine.conftest import NOW, SNOMED, ValueSets, elm

SYSTEM = "{urn:hl7-org:elm-types:r1}"


class Terminology(ValueSets):
    """Knows one code system too."""

    def codes(self, url, version):
        return {SNOMED: frozenset({"44054006", "195967001"})} if url == SNOMED else super().codes(url, version)


@pytest.fixture(scope="module")
def session():
    return Engine([elm("Operators")], value_sets=Terminology()).session([], now=NOW)


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("Any code in value set", True),
        ("No code in value set", False),
        ("Null code in value set", False),
        ("Concept in value set", True),
        ("Code in code system", True),
        ("Any code in code system", True),
        ("Expanded", [Code("44054006", SNOMED)]),
        ("A code", Code("1", SNOMED, None, "One")),
        ("Converted integer", 5),
        ("Not converted", None),
        ("Converts", [True, False, True, True, True, True, True, False, True, True]),
        ("Converted quantity", Quantity(Decimal(5), "g")),
        ("Convertible quantity", False),
        ("Chars", ["a", "b"]),
        ("Different", True),
        ("Different text", True),
        ("Geometric mean", Decimal(4)),
        ("Split", ["a", "b", "c"]),
        ("Size", 3),
        ("Implication", [False, True, True, None]),
        ("Case of a value", "two"),
        ("Filtered let", [{"sum": 6}, {"sum": 4}]),
        ("Distinct aggregate", 3),
        ("Choice", 1),
        ("Choice is not text", False),
        ("Interval of dates", None),
        ("Quantity in other unit", True),
        ("Quantity of another kind", None),
        ("Tuple equality", True),
        ("Name of nothing", "found"),
    ],
)
def test_the_value_of_each_operator(session, definition, value):
    assert session.evaluate("Operators", definition) == value


@pytest.mark.parametrize(
    ("definition", "json"),
    [("Converted date", "2026-01-02"), ("Date", "2026-01-02"), ("Time from", "10:00:00.000")],
)
def test_dates_are_converted_to_the_precision_they_have(session, definition, json):
    assert to_json(session.evaluate("Operators", definition)) == json


def integer(value):
    return {"type": "Literal", "valueType": f"{SYSTEM}Integer", "value": str(value)}


def listed(*items):
    return {"type": "List", "element": [integer(item) for item in items]}


def literal(of, text):
    return {"type": "Literal", "valueType": f"{SYSTEM}{of}", "value": text}


def value_of(expression, resources=()):
    library = {
        "identifier": {"id": "One", "version": "1"},
        "statements": {"def": [{"name": "Value", "context": "Patient", "expression": expression}]},
    }
    return Engine([{"library": library}]).session(resources, now=NOW).evaluate("One", "Value")


NULL = {"type": "Null"}
THIS, TOTAL, N = {"type": "Current"}, {"type": "Total"}, {"type": "AliasRef", "name": "N"}
SUM = {"type": "Aggregate", "source": listed(1, 2), "initialValue": integer(5)}
INTERVAL = {"type": "Interval", "low": integer(1), "high": integer(2)}


def of(elm_type, *operands):
    return {"type": elm_type, "operand": list(operands)}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (SUM | {"iteration": of("Add", TOTAL, THIS)}, 8),
        ({"type": "ForEach", "source": listed(1, 2), "element": of("Add", THIS, THIS)}, [2, 4]),
        ({"type": "Filter", "source": listed(1, 2), "scope": "N", "condition": of("Greater", N, integer(1))}, [2]),
        ({"type": "Sort", "source": listed(1, 3, 2), "by": [{"type": "ByDirection", "direction": "desc"}]}, [3, 2, 1]),
        (of("NotEqual", integer(1), integer(2)), True),
        ({"type": "Negate", "operand": literal("Integer", "2147483648")}, -2147483648),
        ({"type": "Negate", "operand": integer(5)}, -5),
        ({"type": "CanConvert", "operand": literal("String", "5"), "toType": f"{SYSTEM}Integer"}, True),
        (of("Coalesce", {"type": "List", "element": [{"type": "Null"}, integer(7)]}), 7),
        (INTERVAL | {"lowClosedExpression": literal("Boolean", "false")}, Interval(1, 2, False, True)),
        ({"type": "Property", "path": "unit", "source": {"type": "Quantity", "value": 5, "unit": "mg"}}, "mg"),
        ({"type": "Property", "path": "high", "source": INTERVAL}, 2),
    ],
)
def test_elm_beyond_cql_text(expression, value):
    assert value_of(expression) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (literal("Integer", "2147483648"), "out of range"),
        (literal("Decimal", "0.000000001"), "out of range"),
        (literal("Integer", "five"), "malformed"),
        ({"type": "Quantity", "value": 1, "unit": "mcg"}, "not a UCUM unit"),
        ({"type": "MinValue", "valueType": f"{SYSTEM}String"}, "no least or greatest"),
        ({"type": "AliasRef", "name": "X"}, "X is not defined"),
        ({"type": "Property", "path": "value", "source": integer(1)}, "no member value"),
        ({"type": "Convert", "operand": integer(1), "toType": f"{SYSTEM}Code"}, "no conversion"),
        ({"type": "Instance", "classType": "{http://hl7.org/fhir}Qantity"}, "no type of FHIR"),
        ({"type": "Instance", "classType": f"{SYSTEM}Code", "element": [{"name": "x", "value": NULL}]}, "has no x"),
        ({"type": "FunctionRef", "name": "f", "operand": []}, r"no function f\(\)"),
        ({"type": "ExpressionRef", "name": "x", "libraryName": "Other"}, "Other is not at hand"),
        ({"type": "ParameterRef", "name": "p"}, "no parameter"),
        ({"type": "CodeRef", "name": "c"}, "no code"),
        ({"type": "Subsumes", "operand": []}, "takes two codes"),
        ({"type": "Is", "operand": integer(1)}, "isType is missing"),
        (None, "expression is missing"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_at_load(expression, reason):
    with pytest.raises(UnsupportedError, match=reason):
        value_of(expression)


PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"given": ["A", "B"]}], "deceasedBoolean": True}


def test_children_know_their_types():
    patient = {"type": "SingletonFrom", "operand": {"type": "Retrieve", "dataType": "{http://hl7.org/fhir}Patient"}}
    children = value_of({"type": "Children", "source": patient}, [PATIENT])
    assert {child.type for child in children} == {"HumanName", "boolean", "id"}
    below = value_of({"type": "Descendents", "source": patient}, [PATIENT])
    assert [e.value for e in below if getattr(e, "type", None) == "string"] == ["A", "B"]


def test_a_value_set_nobody_knows_is_an_error():
    engine = Engine([elm("Operators")])
    with pytest.raises(EvaluationError, match="not known here"):
        engine.session([], now=NOW).evaluate("Operators", "Concept in value set")
