"""Facts of an action, put together from the definitions that a record holds once."""

from __future__ import annotations

from cds.decisions.evidence import facts_of
from tests.unit.decisions.test_log import decision
from tests.unit.reasoning.traces import EGFR, action, condition, trace

EVIDENCE = {
    "Logic.Low": {"uses": ["Logic.Latest", "Shared.Results"]},
    "Logic.Latest": {
        "uses": ["Shared.Results"],
        "reads": [{"paths": [], "resources": ["Observation/2"], "values": [[]]}],
    },
    "Shared.Results": {
        "reads": [
            {
                "origin": "prefetch:labs",
                "paths": ["status", "valueQuantity"],
                "resources": ["Observation/1", "Observation/2"],
                "values": [["final", {"value": 31}], ["amended", {"value": 25}]],
            }
        ]
    },
    "Logic.a/b": {"reads": [{"paths": ["gender"], "resources": ["Patient/1"], "values": [["female"]]}]},
}
ACTION = {"action": "a", "conditions": [{"expression": "Low", "definition": "Logic.Low", "outcome": "true"}]}


def told(action, evidence=EVIDENCE):
    return [
        (f["definition"], f["resource"], f["path"], f["value"], f.get("origin")) for f in facts_of(action, evidence)
    ]


def test_the_facts_are_those_of_all_definitions_behind_an_action_each_once():
    assert told(ACTION) == [
        ("Latest", "Observation/2", "", None, None),
        ("Results", "Observation/1", "status", "final", "prefetch:labs"),
        ("Results", "Observation/1", "valueQuantity", {"value": 31}, "prefetch:labs"),
        ("Results", "Observation/2", "status", "amended", "prefetch:labs"),
        ("Results", "Observation/2", "valueQuantity", {"value": 25}, "prefetch:labs"),
    ]


def test_what_a_values_definition_reads_counts_as_well():
    action = {"action": "a", "values": [{"expression": "a/b", "definition": "Logic.a/b", "outcome": "true"}]}
    assert told(action) == [("a/b", "Patient/1", "gender", "female", None)]


def test_what_the_actions_own_expressions_read_comes_first():
    own = {"definition": "gender = 'female'", "resource": "Patient/1", "path": "gender", "value": "female"}
    assert facts_of({**ACTION, "evidence": [own]}, EVIDENCE)[0] == own


def test_a_definition_that_read_nothing_has_no_facts():
    assert told({"conditions": [{"expression": "x", "definition": "Logic.x", "outcome": "true"}]}) == []


def test_erased_facts_still_say_what_was_read_of_which_resource():
    older = {**EGFR, "id": "2"}
    notes = {"Low": ["Latest"], "Latest": [([EGFR, older], "status", "valueQuantity")]}
    whole = decision(
        trace=trace(action(conditions=(condition(),)), notes=notes), origins={"Observation/2": "search:labs"}
    )
    shown, kept = ((made.recorded["actions"][0], made.recorded["evidence"]) for made in (whole, whole.without_values()))
    assert ("Latest", "Observation/2", "status", "final", "search:labs") in told(*shown)
    assert told(*kept) == [(d, r, p, None, o) for d, r, p, _, o in told(*shown)]
