"""Wrong versions of a library: what is changed, in which words, and that the original stays as it is."""

from __future__ import annotations

import copy

import pytest

from cds.expressions.own_libraries import OwnLibrary, own_libraries
from cds.tester.mutation import mutants
from tests.unit.tester.conftest import GUIDELINE

TYPES = "{urn:hl7-org:elm-types:r1}"


def number(value, kind="Integer"):
    return {"type": "Literal", "valueType": TYPES + kind, "value": value, "locator": "2:5-2:6"}


def node(kind, *operands, **more):
    return {"type": kind, "operand": list(operands), "locator": "2:3-2:9", **more}


def library(expression, **statement):
    definition = {"name": "It", "locator": "1:1-2:9", "expression": expression, **statement}
    document = {"library": {"identifier": {"id": "L"}, "statements": {"def": [definition]}}}
    return OwnLibrary("L", "g/Library/L.json", document, ("define It:", "  this is its line"))


def changes(expression):
    return [mutant.change for mutant in mutants(library(expression))]


PATIENT = {"type": "ExpressionRef", "name": "Patient", "locator": "2:3"}


@pytest.mark.parametrize(
    ("kind", "turned"),
    [
        ("Less", ["`<` → `<=`", "`<` → `>=`"]),
        ("LessOrEqual", ["`<=` → `<`", "`<=` → `>`"]),
        ("Greater", ["`>` → `>=`", "`>` → `<=`"]),
        ("GreaterOrEqual", ["`>=` → `>`", "`>=` → `<`"]),
        ("Before", ["`before` → `on or before`", "`before` → `on or after`"]),
        ("SameOrAfter", ["`on or after` → `after`", "`on or after` → `before`"]),
        ("Equal", ["`=` → `!=`"]),
        ("Equivalent", ["`~` → `!~`"]),
        ("SameAs", ["`same as` → `not same as`"]),
    ],
)
def test_each_comparison_is_turned_by_a_step_and_into_its_opposite(kind, turned):
    assert changes(node(kind, PATIENT, PATIENT)) == turned


def test_a_reason_to_survive_covers_the_step_and_not_the_opposite():
    tag = {"annotation": [{"t": [{"name": "survives", "value": "both are the same day"}]}]}
    found = mutants(library(node("Before", PATIENT, PATIENT), **tag))
    assert [(mutant.change, mutant.excuse) for mutant in found] == [
        ("`before` → `on or before`", "both are the same day"),
        ("`before` → `on or after`", ""),
    ]


@pytest.mark.parametrize(
    ("literal", "steps"),
    [
        (number("18"), ["18 → 19", "18 → 17"]),
        (number("0"), ["0 → 1"]),
        (number("2.5", "Decimal"), ["2.5 → 2.6", "2.5 → 2.4"]),
        (number("30.0", "Decimal"), ["30.0 → 30.1", "30.0 → 29.9"]),
        (number("0.05", "Decimal"), ["0.05 → 0.06", "0.05 → 0.04"]),
        (number("text", "String"), []),
        (
            {"type": "Quantity", "value": 28, "unit": "days", "locator": "2:3"},
            ["28 days → 29 days", "28 days → 27 days"],
        ),
        (
            {"type": "Quantity", "value": 1.5, "unit": "mmol/L", "locator": "2:3"},
            ["1.5 mmol/L → 1.6 mmol/L", "1.5 mmol/L → 1.4 mmol/L"],
        ),
    ],
)
def test_a_number_moves_by_one_of_its_last_digit(literal, steps):
    assert changes(literal) == steps


def test_a_date_moves_by_one_day_and_not_by_its_parts():
    written = {
        "type": "Date",
        "locator": "2:3",
        "year": number("2026"),
        "month": number("3"),
        "day": number("1"),
    }
    assert changes(written) == ["@2026-03-01 → @2026-03-02", "@2026-03-01 → @2026-02-28"]


def test_an_interval_loses_and_gains_its_ends():
    ends = {"type": "Interval", "locator": "2:3", "low": PATIENT, "high": PATIENT}
    assert changes({**ends, "lowClosed": True, "highClosed": False}) == [
        "the interval leaves out its low end",
        "the interval takes in its high end",
    ]


def test_comparing_functions_of_clinical_data_are_turned_and_those_of_others_are_not():
    call = {"type": "FunctionRef", "name": "Is Below", "locator": "2:3", "operand": [PATIENT, PATIENT]}
    assert changes({**call, "libraryName": "ClinicalData"}) == [
        "`Is Below` → `Is At Most`",
        "`Is Below` → `Is At Least`",
    ]
    assert changes(call) == []


def test_what_the_translator_made_and_places_in_a_list_are_left_alone():
    made = node("Equal", PATIENT, PATIENT)
    del made["locator"]
    assert changes(made) == []
    assert changes(node("Indexer", PATIENT, number("0"))) == []
    assert changes({"type": "Round", "locator": "2:3", "operand": number("1.5"), "precision": number("2")}) == []


def test_a_mutant_names_its_definition_line_and_cql():
    (mutant, _) = mutants(library(number("18")))
    assert (mutant.unit.kind, mutant.unit.name, mutant.line, mutant.cql) == ("definition", "It", 2, "this is its line")
    (mutant, _) = mutants(library(number("18"), type="FunctionDef"))
    assert mutant.unit.kind == "function"


def test_applying_a_mutant_changes_one_place_of_a_copy():
    given = library(node("Less", PATIENT, number("18")))
    before = copy.deepcopy(given.document)
    expressions = [
        mutant.apply(given.document)["library"]["statements"]["def"][0]["expression"] for mutant in mutants(given)
    ]
    assert given.document == before
    assert sorted((found["type"], found["operand"][1]["value"]) for found in expressions) == [
        ("GreaterOrEqual", "18"),
        ("Less", "17"),
        ("Less", "19"),
        ("LessOrEqual", "18"),
    ]


def test_a_guidelines_own_libraries_are_those_of_its_folder(knowledge):
    guideline = knowledge.content.find_guideline(GUIDELINE)
    libraries = own_libraries(guideline, knowledge.content.shelf)
    assert list(libraries) == ["XxPainkillers"]
    assert {mutant.change for mutant in mutants(libraries["XxPainkillers"])} >= {"`Is Below` → `Is At Most`"}
