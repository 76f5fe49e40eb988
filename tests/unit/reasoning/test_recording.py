"""A recording as JSON: everything with the values of the patient, or the same without them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cds.engine.evidence import Evidence
from cds.expressions.outcome import Outcome
from cds.fhir.json import read_back
from cds.reasoning import recording
from tests.unit.reasoning.traces import EGFR, FACT, action, condition, trace

ORIGINS = {"Observation/1": "prefetch:labs"}


def record(of, origins, *, values):
    written = recording.record(of, origins, values=values)
    return written._replace(actions=read_back(written.actions), evidence=read_back(written.evidence))


@pytest.fixture
def whole():
    child = action("b", Outcome.FALSE, title="Lower the dose to 10 mg", conditions=(condition("Other", Outcome.FALSE),))
    parent = action(
        title="eGFR 25 mL/min",
        conditions=(condition(evidence=(FACT,), definition=None),),
        values=(condition("Text", number=1),),
        actions=(action("c"), child),
    )
    older = {**EGFR, "id": "2", "valueQuantity": {"value": 31}}
    text = {"resourceType": "Observation", "id": "3", "status": "final"}
    notes = {
        "Low": ["Latest", "a/b~"],
        "Latest": [([EGFR, older], "status", "valueQuantity"), (text, "status", "valueQuantity"), (EGFR,)],
        "a/b~": [(EGFR, "status")],
        "Chosen": [(EGFR,)],
    }
    return trace(action("no", Outcome.UNKNOWN), parent, notes=notes)


def test_an_action_is_written_with_all_that_is_there_and_nothing_that_is_not():
    failed = condition(outcome=Outcome.ERROR, description="low", reason="no unit", note="as text")
    bare = replace(action(outcome=Outcome.ERROR, conditions=(failed,)), id=None, recommendation=None)
    assert record(trace(bare), {}, values=True).actions == [
        {
            "path": "PlanDefinition.action.a",
            "outcome": "error",
            "conditions": [
                {
                    "expression": "Low",
                    "language": "text/cql-identifier",
                    "outcome": "error",
                    "description": "low",
                    "error": "no unit",
                    "note": "as text",
                    "path": "PlanDefinition.action[0].condition[0]",
                    "definition": "Logic.Low",
                }
            ],
        }
    ]


def test_resources_that_were_read_alike_stand_together_with_where_they_came_from(whole):
    evidence = record(whole, ORIGINS, values=True).evidence
    assert evidence["Logic.Latest"]["reads"] == [
        {
            "origin": "prefetch:labs",
            "paths": ["status", "valueQuantity"],
            "resources": ["Observation/1"],
            "values": [["final", {"value": 25}]],
        },
        {"paths": ["status", "valueQuantity"], "resources": ["Observation/2"], "values": [["final", {"value": 31}]]},
        {"paths": ["status"], "resources": ["Observation/3"], "values": [["final"]]},
    ]
    assert evidence["Logic.Low"] == {"uses": ["Logic.Latest", "Logic.a/b~"]}
    assert evidence["Logic.Chosen"]["reads"][0]["values"] == [[]]


def test_what_is_left_out_is_null_and_the_record_says_where(whole):
    told, kept = (record(whole, ORIGINS, values=values) for values in (True, False))
    assert told.erased == []
    assert kept.erased == [
        "/actions/1/title",
        "/actions/1/evidence/0/value",
        "/actions/1/actions/1/title",
        "/evidence/Logic.Latest/reads/0/values",
        "/evidence/Logic.Latest/reads/1/values",
        "/evidence/Logic.Latest/reads/2/values",
        "/evidence/Logic.a~1b~0/reads/0/values",
    ]
    for pointer in kept.erased:
        assert taken_out(kept, pointer) is None
        assert taken_out(told, pointer) is not None


def test_nothing_else_is_left_out(whole):
    told, kept = (record(whole, ORIGINS, values=values) for values in (True, False))
    for pointer in kept.erased:
        put_null(told, pointer)
    put_null(told, "/evidence/Logic.Chosen/reads/0/values")  # a resource as a whole: there was no value
    assert (kept.actions, kept.evidence) == (told.actions, told.evidence)


def test_one_recording_is_written_the_same_however_often_and_in_whichever_way(whole):
    first = [record(whole, ORIGINS, values=values) for values in (False, True)]
    assert [record(whole, ORIGINS, values=values) for values in (False, True)] == first
    again = trace(whole.actions[0], notes={"Low": []})
    assert record(again, {}, values=False).actions[0] == first[0].actions[0]


def test_what_is_written_of_an_action_that_does_not_apply_is_written_once():
    once = action("no", Outcome.FALSE, title="Stop", conditions=(condition(outcome=Outcome.FALSE),))
    assert once.untitled_judgement is once.untitled_judgement
    assert recording.record(trace(once), {}, values=False).actions == b"[%b]" % once.untitled_judgement
    assert read_back(once.judgement) == {**read_back(once.untitled_judgement), "title": "Stop"}


def test_no_number_or_title_of_the_patient_is_left(whole):
    kept = record(whole, ORIGINS, values=False)
    assert not {"25", "31", "Lower"} & set(f"{kept.actions} {kept.evidence}".replace("'", " ").split())


def test_a_value_that_is_not_there_is_neither_written_nor_erased():
    facts = [Evidence("D", "Patient/p", path, value) for path, value in (("a", None), ("b", []), ("c", Decimal(0)))]
    kept = record(trace(action(conditions=(condition(evidence=tuple(facts)),))), {}, values=False)
    assert [fact.get("value", "absent") for fact in kept.actions[0]["evidence"]] == ["absent", "absent", None]
    assert kept.erased == ["/actions/0/evidence/2/value"]


def test_a_fact_names_its_origin():
    told = record(trace(action(conditions=(condition(evidence=(FACT,)),))), ORIGINS, values=True)
    assert told.actions[0]["evidence"] == [
        {
            "definition": "value < 30",
            "resource": "Observation/1",
            "path": "valueQuantity",
            "value": {"value": 25},
            "origin": "prefetch:labs",
        }
    ]


def taken_out(recorded: Any, pointer: str) -> Any:
    holder, name = _holder(recorded, pointer)
    return holder[name]


def put_null(recorded: Any, pointer: str) -> None:
    holder, name = _holder(recorded, pointer)
    holder[name] = None


def _holder(recorded: Any, pointer: str) -> tuple[Any, Any]:
    """Return what holds the member that a JSON pointer leads to, and the member's name or index."""
    part, *steps = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    node = getattr(recorded, part)
    for step in steps[:-1]:
        node = node[int(step) if isinstance(node, list) else step]
    return node, int(steps[-1]) if isinstance(node, list) else steps[-1]
