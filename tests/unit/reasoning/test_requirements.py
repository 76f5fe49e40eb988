"""A service asks for what its own hook's actions read, and for nothing else (PD-184, PD-210)."""

from __future__ import annotations

import pytest

from cds.content.artifact import Artifact
from cds.content.validation import validate
from cds.errors import OutOfTime
from cds.expressions.logic import Compiler
from cds.reasoning import requirements
from cds.reasoning.module_definition import module_definition
from cds.reasoning.requirements import data_requirements
from tests.unit.expressions.small_elm import BASE, action, boolean, exists, library, plan, refers
from tests.unit.expressions.test_logic import PATTERN, content, value_set

LISTED = value_set(concept=[{"code": "C90.0"}]) | {"id": "w", "url": "urn:w"}


def types_and_names(loaded, hook: str) -> set[tuple[str, str | None]]:
    (guideline,) = [one for one in loaded.guidelines if one.id == "demo"]
    found = data_requirements(Compiler(loaded).compile_guidelines()[guideline.id], guideline, hook)
    return {(one.type, one.value_set) for one in found}


def logic() -> dict:
    return library(
        boolean("Yes", True),
        exists("Listed", "Condition", "urn:w"),
        exists("Pattern", "Procedure", "urn:v"),
        exists("Orders", "MedicationRequest"),
        exists("Patient Known", "Patient"),
        refers("Indirect", "Listed"),
        value_sets=("urn:v", "urn:w"),
    )


@pytest.mark.pd("PD-184", "PD-210")
def test_each_hook_asks_for_what_its_actions_read_through_all_definitions(tmp_path):
    actions = [
        action("a", "Indirect", "patient-view"),
        action("b", "Orders", "order-sign"),
        action("c", "Patient Known"),
    ]
    loaded = content(tmp_path, logic(), PATTERN, LISTED, plan(*actions))
    assert types_and_names(loaded, "patient-view") == {("Condition", "urn:w")}
    assert types_and_names(loaded, "order-sign") == {("MedicationRequest", None)}


@pytest.mark.pd("PD-184", "PD-210")
def test_children_dynamic_values_and_definitions_count_and_those_of_other_hooks_do_not(tmp_path):
    dynamic = [{"path": "code.text", "expression": {"language": "text/cql-identifier", "expression": "Orders"}}]
    activity = {
        "resourceType": "ActivityDefinition",
        "id": "act",
        "url": f"{BASE}/ActivityDefinition/act",
        "status": "active",
    }
    child = {"id": "child", "title": "x", "definitionCanonical": activity["url"]}
    inner = plan(action("x", "Listed", "order-sign"), action("y", "Pattern", "patient-view"), id="inner")
    inner["url"] = f"{BASE}/PlanDefinition/inner"
    nested = {"id": "nested", "title": "n", "definitionCanonical": inner["url"]}
    outer = action("a", "Yes", "order-sign", action=[child, nested])
    loaded = content(tmp_path, logic(), PATTERN, LISTED, activity | {"dynamicValue": dynamic}, inner, plan(outer))
    assert types_and_names(loaded, "order-sign") == {("MedicationRequest", None), ("Condition", "urn:w")}


@pytest.mark.pd("PD-184")
def test_a_contained_activity_and_an_input_count(tmp_path):
    dynamic = [{"path": "code.text", "expression": {"language": "text/cql-identifier", "expression": "Listed"}}]
    inside = {"resourceType": "ActivityDefinition", "id": "act", "status": "active", "dynamicValue": dynamic}
    one = action("a", "Yes", definitionCanonical="#act", input=[{"type": "Encounter"}])
    loaded = content(tmp_path, logic(), PATTERN, LISTED, plan(one, contained=[inside]))
    assert types_and_names(loaded, "patient-view") == {("Condition", "urn:w"), ("Encounter", None)}


@pytest.mark.pd("PD-014", "PD-024", "PD-186")
def test_the_module_definition_lists_requirements_once_with_their_value_sets(tmp_path):
    actions = [action("a", "Indirect"), action("b", "Listed", "order-sign"), action("c", "Pattern")]
    loaded = content(tmp_path, logic(), PATTERN, LISTED, plan(*actions))
    (guideline,) = loaded.guidelines
    library = module_definition(Compiler(loaded).compile_guidelines()[guideline.id], guideline)
    assert list(validate(Artifact(library, "", ""))) == []
    required = [
        (one["type"], [each["valueSet"] for each in one.get("codeFilter", ())]) for one in library["dataRequirement"]
    ]
    assert required == [("Patient", []), ("Condition", ["urn:w"]), ("Procedure", ["urn:v"])]
    assert f"{BASE}/Library/Logic|1" in {one["resource"] for one in library["relatedArtifact"]}


def test_a_wide_plan_is_looked_through_once_for_triggers(tmp_path, monkeypatch):
    calls = []

    def has_triggers(plan):
        calls.append(plan)
        return False

    monkeypatch.setattr(requirements, "has_triggers", has_triggers)
    loaded = content(tmp_path, logic(), PATTERN, LISTED, plan(*(action(f"a{index}", "Listed") for index in range(50))))
    assert types_and_names(loaded, "patient-view") == {("Condition", "urn:w")}
    assert len(calls) == 1


def test_what_a_plan_reads_is_not_looked_for_when_the_time_is_over(tmp_path):
    loaded = content(tmp_path, logic(), PATTERN, LISTED, plan(*(action(f"a{index}", "Listed") for index in range(50))))
    (guideline,) = loaded.guidelines
    parts = []

    def go_on():
        parts.append(None)
        if len(parts) == 10:
            raise OutOfTime("late")

    with pytest.raises(OutOfTime):
        data_requirements(Compiler(loaded).compile_guidelines()[guideline.id], guideline, None, go_on=go_on)
    assert len(parts) == 10
