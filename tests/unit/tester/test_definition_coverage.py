"""What definitions were seen as: which values are needed of which kind of definition, and the report of gaps."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cds.app import content_paths
from cds.expressions.logic_graph import LogicGraph, Unit
from cds.tester.definition_coverage import DefinitionCoverage, kind_of
from cds.tester.excuses import excuses
from cds.tester.report import as_json, as_text
from cds.tester.runner import TestReport as CaseReport
from cds.tester.runner import run_cases

BOOLEAN, DECIMAL, LIST = "System.Boolean", "System.Decimal", "List<FHIR.Observation>"
RETRIEVE = {"type": "Retrieve", "dataType": "{http://hl7.org/fhir}Observation"}
NUMBER = {"type": "Literal", "value": "1"}
NULL = {"type": "Null"}


FIRST = {"type": "First", "source": {"type": "ExpressionRef", "name": "data"}}


def reference(name, kind="ExpressionRef", **more):
    return {"type": kind, "name": name, **more}


def graph(**definitions):
    statements = [{"name": name, "expression": expression} for name, expression in definitions.items()]
    return LogicGraph({"L": {"library": {"statements": {"def": statements}}}})


def unit(name, kind="definition"):
    return Unit(kind, "L", name)


@pytest.mark.parametrize(
    ("expression", "result_type", "needed"),
    [
        (NUMBER, DECIMAL, ("evaluated",)),
        (reference("constant"), DECIMAL, ("evaluated",)),
        (reference("data"), LIST, ("some", "none")),
        ({"type": "Exists", "operand": reference("data")}, BOOLEAN, ("true", "false")),
        ({"type": "First", "source": reference("data")}, DECIMAL, ("value", "null")),
        ({"type": "Count", "source": reference("data")}, "System.Integer", ("value",)),
        (
            {"type": "Coalesce", "operand": [{"type": "First", "source": reference("data")}, NUMBER]},
            DECIMAL,
            ("value",),
        ),
        ({"type": "If", "condition": reference("data"), "then": NUMBER, "else": NUMBER}, DECIMAL, ("value",)),
        ({"type": "If", "condition": reference("data"), "then": NUMBER, "else": NULL}, DECIMAL, ("value", "null")),
        (
            {"type": "If", "condition": reference("data"), "then": {"type": "List", "element": [NUMBER]}, "else": NULL},
            LIST,
            ("some", "none"),
        ),
    ],
)
def test_what_cases_should_see_depends_on_the_type_and_on_what_can_be(expression, result_type, needed):
    assert graph(data=RETRIEVE, constant=NUMBER, it=expression).needed(unit("it"), result_type) == needed


def test_carriers_of_a_function_are_the_definitions_that_call_it_through_functions():
    inner = {"name": "f", "type": "FunctionDef", "expression": NUMBER}
    outer = {"name": "g", "type": "FunctionDef", "expression": reference("f", "FunctionRef")}
    statements = [
        inner,
        outer,
        {"name": "first", "expression": reference("g", "FunctionRef")},
        {"name": "second", "expression": reference("first")},
        {"name": "other", "expression": NUMBER},
    ]
    found = LogicGraph({"L": {"library": {"statements": {"def": statements}}}})
    assert found.carriers(unit("f", "function")) == {unit("first")}
    assert found.carriers(unit("first")) == {unit("first")}
    assert found.reachable([unit("second")]) == [
        unit("second"),
        unit("first"),
        unit("g", "function"),
        unit("f", "function"),
    ]


ITEMS = {"type": "Query", "source": [{"alias": "D", "expression": RETRIEVE}]}
AS_LIST = {"resultTypeSpecifier": {"type": "ListTypeSpecifier"}}


@pytest.mark.parametrize(
    ("expression", "needed"),
    [
        ({"type": "Equal", "operand": [{"type": "Count", "source": RETRIEVE}, NUMBER]}, ("true", "false")),
        ({"type": "Equal", "operand": [FIRST, NUMBER]}, ("true", "false", "null")),
        ({"type": "Equal", "operand": [reference("data"), reference("data")]}, ("true", "false", "null")),
        ({"type": "Is", "operand": FIRST}, ("true", "false")),
        ({"type": "In", "operand": [NUMBER, {**ITEMS, **AS_LIST}]}, ("true", "false")),
        ({"type": "In", "operand": [NUMBER, ITEMS]}, ("true", "false", "null")),
        ({"type": "In", "operand": [NUMBER, {**ITEMS, **AS_LIST, "aggregate": {}}]}, ("true", "false", "null")),
        ({"type": "Less", "operand": [FIRST, NUMBER]}, ("true", "false", "null")),
    ],
)
def test_a_condition_should_be_seen_unknown_unless_it_cannot_be_by_its_form(expression, needed):
    found = graph(data=RETRIEVE, it=expression)
    assert found.needed(unit("it"), BOOLEAN, is_condition=True) == needed
    assert found.needed(unit("it"), BOOLEAN) == ("true", "false")


def test_what_depends_on_a_definition_is_found_through_functions():
    statements = [
        {"name": "limit", "expression": NUMBER},
        {"name": "f", "type": "FunctionDef", "expression": reference("limit")},
        {"name": "it", "expression": reference("f", "FunctionRef")},
        {"name": "other", "expression": NUMBER},
    ]
    found = LogicGraph({"L": {"library": {"statements": {"def": statements}}}})
    assert found.dependents(unit("limit")) == {unit("limit"), unit("f", "function"), unit("it")}
    assert found.dependents(unit("it")) == {unit("it")}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0, "value"),
        ([], "none"),
        ([1], "some"),
        (ValueError(), "error"),
    ],
)
def test_a_value_has_a_kind(value, kind):
    assert kind_of(value) == kind


@pytest.mark.parametrize(
    ("needed", "seen", "missing"),
    [
        (("true", "false"), {"true", "null"}, ("false",)),
        (("value", "null"), {"value", "null"}, ()),
        (("value",), {"some"}, ()),
        (("evaluated",), {"value"}, ()),
        (("evaluated",), set(), ("evaluated",)),
        (("evaluated",), {"error"}, ("evaluated",)),
    ],
)
def test_what_is_missing_is_what_no_case_showed(needed, seen, missing):
    found = DefinitionCoverage(
        guideline="g", library="L", definition="D", file="f", line=1, needed=needed, seen=frozenset(seen)
    )
    assert found.missing == missing


def tagged(value, name="never"):
    return {"annotation": [{"type": "Annotation", "t": [{"name": name, "value": value}]}]}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (tagged("null, asked only of those with a dose"), {"null": "asked only of those with a dose"}),
        (tagged("null"), {}),
        (tagged("null, "), {}),
        (tagged("null, because", name="always"), {}),
        ({}, {}),
    ],
)
def test_an_excuse_is_a_tag_with_a_reason(statement, found):
    assert excuses(statement) == found


def test_an_excuse_fills_a_gap_and_is_a_gap_when_a_case_contradicts_it():
    whole = DefinitionCoverage(
        guideline="g",
        library="L",
        definition="D",
        file="f",
        line=1,
        needed=("value", "null"),
        seen=frozenset({"value"}),
        excused={"null": "why"},
    )
    assert (whole.missing, whole.contradicted) == ((), ())
    wrong = replace(whole, seen=frozenset({"value", "null"}))
    assert wrong.contradicted == ("null",)
    report = CaseReport(results=(), coverage=(), definitions=(whole, wrong))
    assert report.definition_gaps == (wrong,)
    assert 'said f, line 1: L."D" is never null: why' in as_text(report)
    assert 'GAP  f, line 1: L."D" is said to be never null (why), and was' in as_text(report)


def test_a_definition_never_seen_false_is_a_gap_with_its_line_only_when_asked(folder):
    path = folder / "tests/nsaid-low-egfr.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["cases"] = [case for case in document["cases"] if "exactly 30" not in case["name"]]
    path.write_text(json.dumps(document), encoding="utf-8")
    paths = content_paths([folder])
    assert run_cases(paths).passed
    report = run_cases(paths, definitions=True)
    assert not report.passed
    assert 'XxPainkillers."eGFR Is Too Low" was never false' in as_text(report)
    gap = next(one for one in as_json(report)["definitions"] if one["missing"])
    assert (gap["definition"], gap["missing"], gap["line"] > 1) == ("eGFR Is Too Low", ["false"], True)
