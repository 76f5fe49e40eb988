"""Rows of the PlanDefinition/$apply checklist about plans, their subjects and their expressions."""

from __future__ import annotations

import json
import time

import pytest

from cds.content.artifact import Artifact
from cds.content.elm import UnreadableLogic, compiled_library
from cds.content.guideline import in_force
from cds.content.validation import validate
from cds.engine import Engine, UnsupportedError
from cds.expressions.logic import Compiler
from cds.expressions.outcome import Outcome
from cds.reasoning.apply import apply_plan_definition
from cds.reasoning.call import Call
from cds.reasoning.results import bundle, care_plan
from tests.conformance.plan_definition_calls import (
    PUMP,
    WARD,
    about,
    applied,
    apply_plan_definition_of,
    doing,
    messages,
    only,
)
from tests.unit.expressions import small_elm
from tests.unit.expressions.test_logic import NOW as LATER
from tests.unit.expressions.test_logic import content
from tests.unit.reasoning.fake_session import (
    NOW,
    PATIENT,
    activity,
    identifier,
    plan,
)

# The plan and its subjects


@pytest.mark.pd("PD-021", "PD-022", "PD-243", "PD-245")
@pytest.mark.parametrize(
    "others",
    [
        {"type": {"coding": [{"code": code}]}}
        for code in ("order-set", "clinical-protocol", "eca-rule", "workflow-definition", "own")
    ]
    + [{"useContext": [{"code": {"code": "venue"}, "valueCodeableConcept": {"text": "elsewhere"}}]}],
)
def test_type_and_use_context_of_a_plan_change_nothing(others):
    assert applied(doing(), resources=(activity("Task"),), others=others).request_group["action"]


@pytest.mark.pd("PD-020")
@pytest.mark.parametrize(
    ("period", "now_in_force"),
    [
        ({"start": "2026-03-02"}, True),
        ({"start": "2026-03-03"}, False),
        ({"end": "2026-03-02"}, True),
        ({"end": "2026-03-01"}, False),
        ({"start": "2026", "end": "2026"}, True),
        ({}, True),
    ],
)
def test_a_plan_is_in_force_during_its_effective_period_both_ends_included(period, now_in_force):
    assert in_force({"effectivePeriod": period}, NOW) is now_in_force


@pytest.mark.pd("PD-028")
def test_a_relative_reference_is_accepted():
    result = applied(doing(definitionCanonical="ActivityDefinition/act"), resources=(activity("Task"),))
    assert only(result)["resourceType"] == "Task"


@pytest.mark.pd("PD-031")
def test_without_a_declaration_a_plan_is_about_the_patient_and_another_subject_is_refused():
    assert applied(doing(), resources=(activity("Task"),)).request_group["subject"] == {"reference": "Patient/p1"}
    result = apply_plan_definition_of(plan(doing()), patient=None, others={"Device": PUMP})
    assert messages(result) == ["the action is about a Patient, but the call is about a Device"]
    assert result.trace.actions[0].outcome is Outcome.ERROR


@pytest.mark.pd("PD-033", "PD-036")
def test_an_activity_may_be_about_another_subject_than_its_plan():
    act = activity("ServiceRequest", code={"text": "clean"}, **about("Location"))
    result = applied(doing(), resources=(act,), others=None)
    assert "cannot be about" in messages(result)[0]
    result = apply_plan_definition_of(plan(doing()), act, patient=PATIENT, others={"Location": WARD})
    assert only(result)["subject"] == {"reference": "Location/w7"}
    assert result.request_group["subject"] == {"reference": "Patient/p1"}


@pytest.mark.pd("PD-034")
def test_a_request_group_about_a_device_has_no_subject_and_is_valid():
    made = plan(doing(), **about("Device"))
    result = apply_plan_definition_of(
        made, activity("DeviceRequest", code={"text": "x"}), patient=None, others={"Device": PUMP}
    )
    assert "subject" not in result.request_group
    assert only(result)["subject"] == {"reference": "Device/d1"}
    assert [*validate(Artifact(bundle(result), "", ""))] == []
    both = apply_plan_definition_of(made, patient=PATIENT, others={"Device": PUMP})
    assert care_plan(both, Artifact(made, "", ""))["subject"] == {"reference": "Patient/p1"}


@pytest.mark.pd("PD-033")
@pytest.mark.parametrize("kind", ["MedicationRequest", "NutritionOrder", "CommunicationRequest"])
def test_a_request_that_cannot_be_about_a_place_is_refused(kind):
    act = activity(kind, productCodeableConcept={"text": "x"}, **about("Location"))
    result = apply_plan_definition_of(plan(doing()), act, patient=PATIENT, others={"Location": WARD})
    assert result.made == {}
    assert f"a {kind} cannot be about a Location" in messages(result)[0]


@pytest.mark.pd("PD-035")
def test_a_cql_context_other_than_the_patient_is_refused_when_the_library_is_loaded():
    library = small_elm.library(small_elm.boolean("Yes", True))
    held = compiled_library(Artifact(library, "f", "r"))
    document = json.loads(json.dumps(held.document))
    document["library"]["statements"]["def"][0]["context"] = "Practitioner"
    with pytest.raises(UnsupportedError, match="context Practitioner"):
        Engine([document])


# Expressions


@pytest.mark.pd("PD-029")
def test_unknown_extensions_are_carried_and_unknown_modifiers_stop_the_action():
    extension = [{"url": "urn:unknown", "valueString": "x"}]
    assert (
        applied({"id": "a", "title": "A", "extension": extension}).request_group["action"][0]["extension"] == extension
    )
    result = applied({"id": "a", "title": "A", "modifierExtension": extension}, {"id": "b", "title": "B"})
    assert [one["id"] for one in result.request_group["action"]] == ["b"]


@pytest.mark.pd("PD-047")
def test_the_expression_decides_and_its_description_is_in_the_trace():
    condition = {"kind": "applicability", "expression": identifier("Yes") | {"description": "never"}}
    (trace,) = applied({"id": "a", "title": "A", "condition": [condition]}).trace.actions
    assert trace.outcome is Outcome.TRUE
    assert trace.conditions[0].description == "never"


@pytest.mark.pd("PD-055")
def test_compiled_json_is_read_and_cql_or_elm_xml_alone_is_not_compiled_logic():
    both = small_elm.library(small_elm.boolean("Yes", True), cql="define X: 1")
    assert compiled_library(Artifact(both, "f", "r")).definitions == {"Yes"}
    for kind in ("text/cql", "application/elm+xml"):
        alone = both | {"content": [{"contentType": kind, "data": "ZGVmaW5l"}]}
        assert compiled_library(Artifact(alone, "f", "r")) is None
    with pytest.raises(UnreadableLogic):
        compiled_library(
            Artifact(both | {"content": [{"contentType": "application/elm+json", "data": "e30="}]}, "", "")
        )


@pytest.mark.pd("PD-054", "PD-055")
def test_a_plan_whose_expressions_all_have_alternatives_loads_without_compiled_logic(tmp_path):
    alternative = {
        "url": "http://hl7.org/fhir/StructureDefinition/cqf-alternativeExpression",
        "valueExpression": {"language": "text/fhirpath", "expression": "Patient.gender = 'female'"},
    }
    when_female = {"kind": "applicability", "expression": identifier("Is Female") | {"extension": [alternative]}}
    library = small_elm.library() | {"content": [{"contentType": "text/cql", "data": "ZGVmaW5l"}]}
    action = small_elm.action("a", "x", condition=[when_female])
    loaded = content(tmp_path, library, small_elm.plan(action))
    logic = Compiler(loaded).compile_guidelines()["demo"]
    result = apply_plan_definition(
        loaded.guidelines[0].artifact,
        logic.evaluators([PATIENT], parameters={}, now=LATER),
        Call(patient=PATIENT, now=LATER),
    )
    assert result.trace.actions[0].outcome is Outcome.TRUE
    assert "alternative" in result.trace.actions[0].conditions[0].note


@pytest.mark.pd("PD-049")
@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("name.given.join(' ') = 'Ada Maria'", Outcome.TRUE),
        ("name.given.first().startsWith('A') and name.count() = 1", Outcome.TRUE),
        ("birthDate < today()", Outcome.TRUE),
        ("name.where(use = 'nickname').exists()", Outcome.FALSE),
        ("deceased", Outcome.UNKNOWN),
        ("name.given", Outcome.ERROR),
    ],
)
def test_fhirpath_is_run_as_fhirpath(tmp_path, text, outcome):
    patient = PATIENT | {"name": [{"given": ["Ada", "Maria"]}], "birthDate": "1980-01-01"}
    loaded = content(
        tmp_path, small_elm.library(), small_elm.plan(small_elm.action("a", text, language="text/fhirpath"))
    )
    logic = Compiler(loaded).compile_guidelines()["demo"]
    evaluators = logic.evaluators([patient], parameters={}, now=LATER)
    result = apply_plan_definition(loaded.guidelines[0].artifact, evaluators, Call(patient=patient, now=LATER))
    assert result.trace.actions[0].outcome is outcome


@pytest.mark.pd("PD-060")
def test_a_definition_is_computed_once_in_a_call(tmp_path):
    actions = [small_elm.action(name, "Yes") for name in ("a", "b", "c")]
    loaded = content(tmp_path, small_elm.library(small_elm.exists("Yes", "Observation")), small_elm.plan(*actions))
    evaluators = Compiler(loaded).compile_guidelines()["demo"].evaluators([PATIENT], parameters={}, now=LATER)
    first, second = (evaluators.session.evaluate("Logic", "Yes") for _ in range(2))
    assert first is second
    assert evaluators.explanation()[1:] == ({}, {}, {})  # there was no Observation to read


@pytest.mark.pd("PD-061")
def test_an_expression_that_does_not_end_ends_with_an_issue(tmp_path):
    text = "(1 | 2).repeat($this + 1).exists()"
    loaded = content(
        tmp_path, small_elm.library(), small_elm.plan(small_elm.action("a", text, language="text/fhirpath"))
    )
    logic = Compiler(loaded).compile_guidelines()["demo"]
    evaluators = logic.evaluators([PATIENT], parameters={}, now=LATER, deadline=time.monotonic() + 1)
    began = time.monotonic()
    result = apply_plan_definition(loaded.guidelines[0].artifact, evaluators, Call(patient=PATIENT, now=LATER))
    assert time.monotonic() - began < 20
    assert result.trace.actions[0].outcome is Outcome.ERROR
    assert "list" not in messages(result)[0]


@pytest.mark.pd("PD-180")
def test_dynamic_values_see_the_subject_and_the_resource_that_holds_them(tmp_path):
    act = activity("ServiceRequest", url=f"{small_elm.BASE}/ActivityDefinition/act")
    act["dynamicValue"] = [
        path_value("code.text", "%context.kind"),
        path_value("patientInstruction", "%subject.gender"),
    ]
    action = small_elm.action("a", "Yes", definitionCanonical=act["url"])
    action["dynamicValue"] = [path_value("action.title", "%context.version")]
    loaded = content(tmp_path, small_elm.library(small_elm.boolean("Yes", True)), act, small_elm.plan(action))
    evaluators = Compiler(loaded).compile_guidelines()["demo"].evaluators([PATIENT], parameters={}, now=LATER)
    result = apply_plan_definition(loaded.guidelines[0].artifact, evaluators, Call(patient=PATIENT, now=LATER))
    assert only(result)["code"] == {"text": "ServiceRequest"}
    assert only(result)["patientInstruction"] == "female"
    assert result.request_group["action"][0]["title"] == "1"


def path_value(path: str, text: str) -> dict:
    return {"path": path, "expression": {"language": "text/fhirpath", "expression": text}}
