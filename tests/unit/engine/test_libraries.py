"""Several libraries: includes, functions with overloads, fluent functions, shared vocabulary, messages; refusals."""

from __future__ import annotations

import copy
from decimal import Decimal
from threading import Thread

import pytest

from cds.engine import Engine, EngineError, EvaluationError, UnsupportedError
from cds.engine.elm.compile import compile_library
from cds.engine.elm.document import read_library
from cds.engine.runtime.values import Quantity
from tests.unit.engine.conftest import NOW, SNOMED, ValueSets, elm, observation, quantity

LABORATORY = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]
}
RESOURCES = [
    {"resourceType": "Patient", "id": "p1", "birthDate": "1950-06-15"},
    observation("old", "2160-0", "2025-01-01", 90, category=[LABORATORY]),
    observation("new", "2160-0", "2026-01-01", 200),
    observation("draft", "2160-0", "2026-05-01", 10, status="preliminary"),
    {"resourceType": "Condition", "id": "c1", "code": {"coding": [{"system": SNOMED, "code": "44054006"}]}},
]


@pytest.fixture
def engine():
    return Engine([elm("User"), elm("Common"), elm("Guide")], value_sets=ValueSets())


def ask(engine, definition):
    return engine.session(RESOURCES, now=NOW).evaluate("User", definition)


def test_included_libraries_come_first(engine):
    assert engine.libraries.index("Common") < engine.libraries.index("User")


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("High creatinine", True),
        ("Kidney disease", True),
        ("Kidney function measured", True),
        ("Code is creatinine", True),
        ("Code is in value set", True),
        ("Doubles", [4, 6]),
        ("Age", 76),
        ("Age at", 69),
    ],
)
def test_definitions_that_use_another_library(engine, definition, value):
    assert ask(engine, definition) == value


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("Event codes", ["2160-0", "2160-0", "2160-0", "44054006"]),
        ("Event types", ["result", "result", "result", "problem"]),
        ("Value of any as quantity", quantity(90)),
        ("Value of any is text", False),
        ("Amounts", [Decimal(90), Decimal(200), Decimal(10)]),
        ("Its code", "44054006"),
        ("In window", True),
        ("Months since", 22),
        ("Status or code", [RESOURCES[-1]["code"]]),
    ],
)
def test_values_whose_type_is_open(engine, definition, value):
    assert ask(engine, definition) == value


def test_one_of_several_conversions_is_chosen_by_the_data(engine):
    def onset(**member):
        resources = [{"resourceType": "Condition", "id": "c", **member}]
        return engine.session(resources, now=NOW).evaluate("User", "Onsets")[0]

    assert str(onset(onsetDateTime="2020-01-01").low) == "2020-01-01"
    assert str(onset(onsetPeriod={"start": "2020-01-01", "end": "2021"}).high) == "2021"
    assert onset(onsetString="last winter") is None


def test_an_error_in_a_function_is_placed_in_its_library(engine):
    with pytest.raises(EvaluationError, match="may not end before it starts") as failure:
        ask(engine, "Fails in a function")
    assert (failure.value.library, failure.value.definition) == ("Common", "Interval of")
    assert failure.value.locator == "29:59-29:77"


def test_overloads_are_chosen_by_type(engine):
    assert ask(engine, "Latest creatinine")["id"] == "new"
    assert ask(engine, "Latest condition")["id"] == "c1"
    assert str(ask(engine, "Double decimal")) == "2.500"


def test_codes_of_another_library_restrict_a_retrieve(engine):
    assert [found["id"] for found in ask(engine, "Laboratory results")] == ["old"]
    wanted = {(r.type, r.code_path, r.value_set) for r in engine.retrieves("User", "Latest condition")}
    assert wanted == {("Condition", "code", "http://example.org/ValueSet/kidney|2")}


def test_what_a_function_reads_is_evidence_of_its_caller(engine):
    session = engine.session(RESOURCES, now=NOW, explain=True)
    seen = {(e.definition, e.resource, e.path) for e in session.evidence("User", "Creatinines")}
    assert ("Creatinines", "Observation/new", "status") in seen
    assert ("Creatinines", "Observation/draft", "status") not in seen


def test_a_parameter_counts_in_every_library_that_declares_it(engine):
    assert ask(engine, "Window") == Quantity(90, "days")
    session = engine.session(RESOURCES, now=NOW, parameters={"Window": {"value": 30, "code": "d"}})
    assert session.evaluate("User", "Window") == Quantity(30, "day")


def test_a_message_of_severity_error_stops_and_others_are_kept(engine):
    session = engine.session(RESOURCES, now=NOW)
    with pytest.raises(EvaluationError, match="E1 on purpose") as failure:
        session.evaluate("User", "Uses what fails")
    assert (failure.value.library, failure.value.definition) == ("User", "Fails")
    assert session.evaluate("User", "Warns") == 1
    assert session.messages == (("Warning", "W1 take care"),)


def test_a_missing_library_is_refused_and_named():
    with pytest.raises(UnsupportedError, match=r"User.*the library Common is not at hand"):
        Engine([elm("User")])


def test_another_version_of_a_library_is_refused():
    newer = elm("Common")
    newer["library"]["identifier"]["version"] = "2.0.0"
    with pytest.raises(UnsupportedError, match=r"version 1\.0\.0 of Common is asked for, 2\.0\.0 is at hand"):
        Engine([elm("User"), newer])


def test_every_problem_is_listed_with_its_place():
    broken = elm("Guide")
    statements = broken["library"]["statements"]["def"]
    statements[1]["expression"]["where"]["type"] = "Fnord"
    statements[5]["expression"]["operand"][1]["unit"] = "mg/dl/kgg"
    del statements[8]["expression"]["operand"]
    with pytest.raises(UnsupportedError) as refusal:
        Engine([broken])
    found = {(p.library, p.locator, p.operator) for p in refusal.value.problems}
    assert ("Guide|1.0.0", "8:46-8:94", "Fnord") in found
    assert any(operator == "Quantity" for _, _, operator in found)
    assert len(found) == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda lib: lib["usings"]["def"][1].update(version="3.0.0"), "FHIR 3.0.0 is not supported"),
        (lambda lib: lib["usings"]["def"][1].update(uri="http://hl7.org/fhir/us/qicore"), "model .* is not supported"),
        (
            lambda lib: lib.update(annotation=[{"type": "CqlToElmError", "errorSeverity": "error", "message": "bad"}]),
            "translated with an error",
        ),
        (
            lambda lib: lib["statements"]["def"].append(
                {"name": "A", "expression": {"type": "ExpressionRef", "name": "A"}}
            ),
            "itself",
        ),
        (lambda lib: lib["statements"]["def"][1].pop("expression"), "expression is missing"),
    ],
)
def test_a_library_that_cannot_be_right_is_refused(change, reason):
    document = elm("Guide")
    change(document["library"])
    with pytest.raises(UnsupportedError, match=reason):
        Engine([document])


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"library": None},
        {"library": {"identifier": {}}},
        [],
        {"library": {"identifier": {"id": "x"}, "statements": {"def": [1]}}},
    ],
)
def test_what_is_no_library_is_refused(document):
    with pytest.raises(EngineError):
        Engine([document])


def test_libraries_in_a_circle_and_twins_are_refused():
    one, two = elm("Common"), elm("User")
    one["library"]["includes"]["def"].append({"localIdentifier": "User", "path": "User"})
    with pytest.raises(UnsupportedError, match="circle"):
        Engine([one, two])
    with pytest.raises(UnsupportedError, match="given twice"):
        Engine([elm("Guide"), elm("Guide")])


def test_an_external_function_is_refused_only_where_it_is_called():
    Engine([elm("Common")])
    caller = elm("User")
    call = {"type": "FunctionRef", "name": "Outside", "libraryName": "Common", "operand": [_integer(1)]}
    caller["library"]["statements"]["def"].append({"name": "Calls it", "context": "Patient", "expression": call})
    with pytest.raises(UnsupportedError, match=r"no function Outside\(System.Integer\)"):
        Engine([caller, elm("Common")])


def _integer(value):
    return {"type": "Literal", "valueType": "{urn:hl7-org:elm-types:r1}Integer", "value": str(value)}


def _library(expression):
    return {
        "library": {
            "identifier": {"id": "Deep", "version": "1"},
            "statements": {"def": [{"name": "Value", "context": "Unfiltered", "expression": expression}]},
        }
    }


def test_an_expression_may_be_nested_deeper_than_python_recurses():
    deep = _integer(0)
    for _ in range(3_000):
        deep = {"type": "Add", "operand": [deep, _integer(1)]}
        deep = {"type": "If", "condition": {"type": "Null"}, "then": _integer(7), "else": deep}
    assert Engine([_library(deep)]).session([], now=NOW).evaluate("Deep", "Value") == 3_000


@pytest.mark.parametrize("grow", ["Flatten", "Concatenate", "Expand"])
def test_no_expression_grows_beyond_the_budget(grow):
    first = {"type": "List", "element": [_integer(1)]}
    if grow == "Concatenate":
        first = {"type": "ToString", "operand": _integer(1)}
    lets = [{"identifier": "a0", "expression": first}]
    for i in range(60):
        twice = [{"type": "QueryLetRef", "name": f"a{i}"}] * 2
        operand = twice if grow == "Concatenate" else {"type": "List", "element": twice}
        lets.append({"identifier": f"a{i + 1}", "expression": {"type": grow, "operand": operand}})
    if grow == "Expand":
        ends = {"low": _integer(1), "high": _integer(2_000_000_000), "lowClosed": True, "highClosed": True}
        lets = [{"identifier": "a60", "expression": {"type": "Expand", "operand": [{"type": "Interval", **ends}]}}]
    source = {"alias": "A", "expression": {"type": "List", "element": [_integer(1)]}}
    query = {
        "type": "Query",
        "source": [source],
        "let": lets,
        "return": {"expression": {"type": "QueryLetRef", "name": "a60"}},
    }
    with pytest.raises(EvaluationError):
        Engine([_library(query)]).session([], now=NOW).evaluate("Deep", "Value")


def test_compiled_libraries_are_remembered_by_their_content():
    first, again, changed = elm("Guide"), elm("Guide"), elm("Guide")
    changed["library"]["statements"]["def"][4]["name"] = "Latest"
    changed["library"]["statements"]["def"][5] = copy.deepcopy(changed["library"]["statements"]["def"][4])
    problems = []
    one, two = (compile_library(read_library(document), {}, problems, variants=(False,)) for document in (first, again))
    assert one is two
    assert read_library(first).digest != read_library(changed).digest


def test_threads_share_an_engine(engine):
    seen = []

    def run(value):
        resources = [RESOURCES[0], observation("o", "2160-0", "2026-01-01", value)]
        for _ in range(50):
            session = engine.session(resources, now=NOW, explain=value % 2 == 0)
            seen.append((value, session.evaluate("User", "High creatinine")))

    threads = [Thread(target=run, args=(value,)) for value in (100, 149, 151, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {(100, False), (149, False), (151, True), (200, True)}
    assert len(seen) == 200


def test_a_session_tells_what_it_computed_and_what_failed(engine):
    session = engine.session(RESOURCES, now=NOW)
    assert session.computed() == {}
    session.evaluate("User", "Age")
    with pytest.raises(EvaluationError):
        session.evaluate("User", "Fails in a function")
    computed = session.computed()
    assert computed["User", "Age"] == 76
    assert isinstance(computed["User", "Fails in a function"], EvaluationError)
    assert ("User", "Doubles") not in computed


def test_a_library_can_be_another_while_those_that_include_it_stay(engine):
    common = copy.deepcopy(elm("Common"))
    for statement in common["library"]["statements"]["def"]:
        if statement["name"] == "Double" and statement["expression"]["operand"][1].get("value") == "2":
            statement["expression"]["operand"][1]["value"] = "3"
    other = engine.with_library(common)
    assert ask(other, "Doubles")[0] == 6
    assert ask(engine, "Doubles")[0] == 4


def test_a_library_with_other_definitions_does_not_fit_in(engine):
    common = copy.deepcopy(elm("Common"))
    common["library"]["statements"]["def"] = [
        statement for statement in common["library"]["statements"]["def"] if statement["name"] != "Double"
    ]
    with pytest.raises(EngineError, match="does not define"):
        engine.with_library(common)


@pytest.mark.parametrize("kind", ["ExpressionDef", "FunctionDef"])
def test_a_definition_whose_name_is_no_text_is_refused_by_the_librarys_name(kind):
    named = {"type": kind, "name": 7, "context": "Patient", "expression": {"type": "Null"}}
    document = {"library": {"identifier": {"id": "Odd"}, "statements": {"def": [named]}}}
    with pytest.raises(EngineError, match="Odd: the ELM is malformed"):
        Engine([document])
