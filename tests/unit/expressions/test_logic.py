"""A guideline's logic is compiled at load with everything it needs, and what cannot run stops the start."""

from __future__ import annotations

import gc
import json
import time
import weakref
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cds.content import elm as content_elm
from cds.content.library import Content, load_content
from cds.content.problems import BrokenContent
from cds.data.resources import Resources
from cds.engine.elm import compile as elm_compile
from cds.engine.errors import EvaluationError
from cds.expressions.code_members import EngineValueSets
from cds.expressions.logic import Compiler
from cds.expressions.outcome import Outcome
from cds.reasoning.apply import apply_plan_definition
from cds.reasoning.call import Applied, Call
from cds.terminology.value_sets import ValueSets
from tests.unit.expressions.small_elm import action, boolean, define, exists, library, plan, refers
from tests.unit.memory_cache import MemoryCache

NOW = datetime(2026, 3, 2, tzinfo=UTC)
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female"}
MYELOMA = {
    "resourceType": "Condition",
    "id": "c1",
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "C90.00"}]},
    "subject": {"reference": "Patient/p1"},
}


def content(folder: Path, *resources: dict) -> Content:
    for resource in resources:
        target = folder / resource["resourceType"]
        target.mkdir(parents=True, exist_ok=True)
        (target / f"{resource['id']}.json").write_text(json.dumps(resource))
    return load_content([folder])


def value_set(**include) -> dict:
    compose = {"include": [{"system": "http://hl7.org/fhir/sid/icd-10", **include}]}
    return {"resourceType": "ValueSet", "id": "v", "url": "urn:v", "status": "active", "compose": compose}


HIERARCHY = {"property": "concept", "op": "is-a", "value": "2"}
PATTERN = value_set(filter=[{"property": "code", "op": "regex", "value": r"C90\.?0.*"}])


def applied(loaded: Content, *resources: dict, **call) -> Applied:
    (guideline,) = loaded.guidelines
    logic = Compiler(loaded).compile_guidelines()[guideline.id]
    evaluators = logic.evaluators([PATIENT, *resources], parameters={}, now=NOW)
    return apply_plan_definition(guideline.artifact, evaluators, Call(patient=PATIENT, now=NOW, **call))


def outcomes(result: Applied) -> dict[str, Outcome]:
    return {one.id: one.outcome for one in result.trace.actions}


@pytest.mark.pd("PD-040", "PD-041", "PD-043", "PD-048", "PD-049")
def test_conditions_run_in_every_language_over_the_same_data(tmp_path):
    cql = 'define "Yes": true\ndefine "Sum":\n  1 +\n  1 = 2\n'
    logic = library(boolean("Yes", True), boolean("Sum", True, "3:3-4:7"), cql=cql)
    actions = [
        action("identifier", "Yes"),
        action("old-identifier", "Yes", language="text/cql.identifier"),
        action("name", "Yes", language="text/cql; charset=utf-8"),
        action("inline", "1 + 1 = 2", language="TEXT/CQL"),
        action("fhirpath", "Patient.gender = 'female'", language="text/fhirpath"),
        action("subject", "%subject.gender = 'male'", language="text/fhirpath"),
        action("plan", "%context.status = 'active'", language="text/fhirpath"),
        action("empty", "%encounter.status = 'x'", language="text/fhirpath"),
    ]
    result = applied(content(tmp_path, logic, plan(*actions)))
    expected = dict.fromkeys(("identifier", "old-identifier", "name", "inline", "fhirpath", "plan"), Outcome.TRUE)
    assert outcomes(result) == expected | {"subject": Outcome.FALSE, "empty": Outcome.UNKNOWN}


@pytest.mark.pd("PD-040", "PD-042")
def test_a_language_that_is_not_supported_is_an_error_and_never_false(tmp_path):
    actions = [action("jinja", "{{ x }}", language="text/jinja"), action("inline", "Count(x) > 2", language="text/cql")]
    result = applied(content(tmp_path, library(boolean("Yes", True)), plan(*actions)))
    assert set(outcomes(result).values()) == {Outcome.ERROR}
    assert "'text/jinja' are not supported" in result.trace.issues[0].message
    assert "cds elm build" in result.trace.issues[1].message


@pytest.mark.pd("PD-054")
@pytest.mark.parametrize("place", ["expression", "condition"])
def test_an_alternative_expression_stands_in_and_the_trace_says_so(tmp_path, place):
    alternative = {
        "url": "http://hl7.org/fhir/StructureDefinition/cqf-alternativeExpression",
        "valueExpression": {"language": "text/fhirpath", "expression": "gender = 'female'"},
    }
    one = action("a", "whatever", language="text/x-own")
    holder = one["condition"][0]["expression"] if place == "expression" else one["condition"][0]
    holder["extension"] = [alternative]
    result = applied(content(tmp_path, library(boolean("Yes", True)), plan(one)))
    assert outcomes(result) == {"a": Outcome.TRUE}
    assert "'text/x-own' are not supported" in result.trace.actions[0].conditions[0].note


@pytest.mark.pd("PD-045")
def test_an_expression_may_name_its_own_library(tmp_path):
    one = action("a", "Other")
    one["condition"][0]["expression"]["reference"] = "https://example.org/fhir/Library/More|1"
    resources = [library(boolean("Yes", True)), library(boolean("Other", True), name="More"), plan(one)]
    assert outcomes(applied(content(tmp_path, *resources))) == {"a": Outcome.TRUE}


@pytest.mark.parametrize(("code", "outcome"), [("C90.00", Outcome.TRUE), ("C90.1", Outcome.FALSE)])
def test_a_value_set_that_is_a_pattern_is_asked_for_each_code(tmp_path, code, outcome):
    logic = library(exists("Has Myeloma", "Condition", "urn:v"), value_sets=("urn:v",))
    condition = MYELOMA | {"code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code}]}}
    result = applied(content(tmp_path, logic, PATTERN, plan(action("a", "Has Myeloma"))), condition)
    assert outcomes(result) == {"a": outcome}


def test_a_result_that_waits_is_there_for_who_does_not_retrieve_it_by_its_code(tmp_path):
    def result(identity: str, code: str, **more: object) -> dict:
        return {"resourceType": "Observation", "id": identity, "code": {"coding": [{"code": code}]}, **more}

    waiting, asked = result("o2", "b"), result("o1", "a", hasMember=[{"reference": "Observation/o2"}])
    observations = "%data.entry.resource.ofType(Observation)"
    expressions = {
        "named": f"{observations}.count() = 2",
        "resolved": f"{observations}.first().hasMember.resolve().id = 'o2'",
        "of-context": "%encounter.status.empty()",
    }
    logic = library(exists("Any Result", "Observation"), exists("Any Condition", "Condition"))
    actions = [action(name, text, language="text/fhirpath") for name, text in expressions.items()]
    loaded = content(tmp_path, logic, plan(*actions, action("retrieved", "Any Result"), action("no", "Any Condition")))
    (guideline,) = loaded.guidelines
    compiled = Compiler(loaded).compile_guidelines()[guideline.id]
    for ready in ([(asked,), None, (PATIENT,)], [None, None, (PATIENT,)]):
        evaluators = compiled.evaluators(Resources(ready, [asked, waiting].__getitem__), parameters={}, now=NOW)
        said = apply_plan_definition(guideline.artifact, evaluators, Call(patient=PATIENT, now=NOW))
        expected = dict.fromkeys((*expressions, "retrieved"), Outcome.TRUE)
        assert outcomes(said) == expected | {"no": Outcome.FALSE}


@pytest.mark.pd("PD-235")
def test_the_trace_of_a_condition_names_the_resource_it_rests_on(tmp_path):
    logic = library(exists("Has Myeloma", "Condition", "urn:v"), value_sets=("urn:v",))
    result = applied(content(tmp_path, logic, PATTERN, plan(action("a", "Has Myeloma"))), MYELOMA)
    assert "Condition/c1" in {fact.resource for fact in result.trace.evidence_of(result.trace.actions[0])}


@pytest.mark.pd("PD-058", "PD-257")
def test_everything_that_cannot_run_is_told_together(tmp_path):
    snomed = value_set(filter=[{"property": "concept", "op": "is-a", "value": "109989006"}])
    broken = define("Odd", {"type": "NoSuchOperator", "locator": "7:3-7:9"})
    logic = library(exists("Has Myeloma", "Condition", "urn:v"), broken, value_sets=("urn:v",))
    actions = [action("a", "Has Myeloma"), action("b", "gender = = 'x'", language="text/fhirpath")]
    loaded = content(tmp_path, logic, snomed, plan(*actions))
    with pytest.raises(BrokenContent) as caught:
        Compiler(loaded).compile_guidelines()
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == 3
    assert any("Library/logic.json" in one and "NoSuchOperator" in one and "7:3" in one for one in told)
    assert any("PlanDefinition.action[1].condition[0].expression.expression" in one for one in told)
    assert any("membership cannot be decided" in one for one in told)


def test_parameters_are_those_of_all_libraries_once(tmp_path):
    loaded = content(tmp_path, library(boolean("Yes", True), refers("Also", "Yes")), plan(action("a", "Also")))
    logic = Compiler(loaded).compile_guidelines()["demo"]
    assert logic.parameters == ()
    assert logic.retrieves("Logic", "Also") == ()


def test_calls_do_not_list_the_parameters_again(tmp_path, monkeypatch):
    loaded = content(tmp_path, library(boolean("Yes", True)), plan(action("a", "Yes")))
    logic = Compiler(loaded).compile_guidelines()["demo"]
    asked = []
    monkeypatch.setattr(logic.engine, "parameters", lambda library: asked.append(library) or ())
    assert [logic.parameters for _ in range(3)] == [(), (), ()]
    assert asked == ["Logic"]


@pytest.mark.pd("PD-026")
def test_guidelines_share_one_engine_and_two_versions_of_a_library_do_not_mix(tmp_path):
    other = plan(action("b", "Yes"), id="other", url="https://example.org/fhir/PlanDefinition/other")
    together = content(tmp_path / "one", library(boolean("Yes", True)), plan(action("a", "Yes")), other)
    shared = Compiler(together).compile_guidelines()
    assert shared["demo"].engine is shared["other"].engine

    newer = library(boolean("Yes", False)) | {"id": "logic-2", "version": "2"}
    old, new = [
        plan(action("a", "Yes"), library=[f"https://example.org/fhir/Library/Logic|{one}"]) for one in ("1", "2")
    ]
    new |= {"id": "new", "url": "https://example.org/fhir/PlanDefinition/new"}
    loaded = content(tmp_path / "two", library(boolean("Yes", True)), newer, old, new)
    logic = Compiler(loaded).compile_guidelines()
    answers = {}
    for guideline in loaded.guidelines:
        evaluators = logic[guideline.id].evaluators([PATIENT], parameters={}, now=NOW)
        result = apply_plan_definition(guideline.artifact, evaluators, Call(patient=PATIENT, now=NOW))
        answers[guideline.id] = result.trace.actions[0].outcome
    assert answers == {"demo": Outcome.TRUE, "new": Outcome.FALSE}


@pytest.mark.pd("PD-159")
def test_an_activitys_expressions_run_in_its_own_library_and_not_in_the_plans(tmp_path):
    path, name = "doNotPerform", {"language": "text/cql-identifier", "expression": "Same Name"}
    act = {
        "resourceType": "ActivityDefinition",
        "id": "act",
        "url": "https://example.org/fhir/ActivityDefinition/act",
        "status": "active",
        "kind": "ServiceRequest",
        "library": ["https://example.org/fhir/Library/More"],
        "dynamicValue": [{"path": path, "expression": name}],
    }
    libraries = [library(boolean("Same Name", True)), library(boolean("Same Name", False), name="More")]
    loaded = content(tmp_path, *libraries, act, plan(action("a", "Same Name", definitionCanonical=act["url"])))
    (made,) = applied(loaded).made.values()
    assert made.resource["doNotPerform"] is False


@pytest.mark.pd("PD-058")
def test_a_value_set_that_cannot_be_decided_is_unknown_to_the_engine_and_never_empty():
    include = [{"system": "urn:s", "concept": [{"code": "1"}]}, {"system": "urn:t", "filter": [HIERARCHY]}]
    resource = {"resourceType": "ValueSet", "url": "urn:v", "compose": {"include": include}}
    port = EngineValueSets(ValueSets([resource]))
    assert port.codes("urn:v", None) is None
    assert port.codes("urn:nowhere", None) is None


def test_a_pattern_answers_for_a_code_and_refuses_to_be_listed():
    members = EngineValueSets(ValueSets([PATTERN])).codes("urn:v", None)["http://hl7.org/fhir/sid/icd-10"]
    assert "C90.0" in members
    assert "C91.0" not in members
    assert 5 not in members
    with pytest.raises(EvaluationError, match="not listed"):
        sorted(members)


def test_a_complete_code_system_is_known_to_the_engine_too():
    system = {"resourceType": "CodeSystem", "url": "urn:s", "content": "complete", "concept": [{"code": "1"}]}
    assert EngineValueSets(ValueSets([system])).codes("urn:s", None) == {"urn:s": {"1"}}


def test_a_library_compiled_before_is_not_read_again(tmp_path, monkeypatch):
    cache = MemoryCache()
    content(tmp_path, library(boolean("Yes", True)), plan(action("a", "Yes")))
    for _ in range(2):
        monkeypatch.setattr(elm_compile, "_cache", type(elm_compile._cache)())  # as in a new process
        loaded = load_content([tmp_path], cache=cache)
        (guideline,) = loaded.guidelines
        logic = Compiler(loaded, cache=cache).compile_guidelines()[guideline.id]
        session = logic.session([PATIENT], parameters={}, now=NOW)
        assert session.evaluate(logic.libraries[0], "Yes") is True
        monkeypatch.setattr(content_elm, "_document", unread)
    assert {kind for kind, _ in cache} == {"valid", "library", "logic"}


def unread(_data):
    raise AssertionError("the ELM was read")


def test_the_paths_of_a_plan_are_compiled_once_and_go_with_it(tmp_path):
    """A plan sent in a call is compiled for that call: what it leaves behind would be left by every call."""
    text = "Patient.gender = 'female'"
    loaded = content(tmp_path, library(boolean("Yes", True)), plan(action("a", text, language="text/fhirpath")))
    (guideline,) = loaded.guidelines
    logic = Compiler(loaded).logic_of(guideline)
    compiled = weakref.ref(logic.paths(text))
    assert logic.paths(text) is compiled()
    del logic
    gc.collect()
    assert compiled() is None


def test_no_expression_is_begun_when_the_time_of_the_call_is_over(tmp_path):
    loaded = content(tmp_path, library(boolean("Yes", True)), plan(action("a", "true", language="text/fhirpath")))
    (guideline,) = loaded.guidelines
    logic = Compiler(loaded).logic_of(guideline)
    for seconds, outcome in ((60, Outcome.TRUE), (-1, Outcome.ERROR)):
        evaluators = logic.evaluators([PATIENT], parameters={}, now=NOW, deadline=time.monotonic() + seconds)
        result = apply_plan_definition(guideline.artifact, evaluators, Call(patient=PATIENT, now=NOW))
        assert outcomes(result) == {"a": outcome}
