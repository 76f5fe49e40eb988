"""The text of `cds explain`: what applied and why, what stayed open, what did not apply."""

from __future__ import annotations

from cds.commands.explain import explanation


def fact(resource, path, value=None, **more):
    return {"definition": "D", "resource": resource, "path": path, "value": value, **more}


RECORD = {
    "decision": "d1",
    "time": "2026-03-02T10:00:00+01:00",
    "service": "g-order-select",
    "hook": "order-select",
    "hookInstance": "h1",
    "client": "ehr-1",
    "content": {"guideline": "g", "version": "1", "revision": "abc"},
    "cards": [{"uuid": "c1", "recommendation": "r1", "indicator": "critical", "suggestions": []}],
    "data": {
        "resources": {"search": 3, "prefetch": 2},
        "droppedOtherPatient": 4,
        "problems": [{"kind": "dangling-reference", "origin": "search:orders", "resource": "Medication/m"}],
    },
    "erased": [],
    "actions": [
        {
            "action": "r1.severe",
            "recommendation": "r1",
            "path": "PlanDefinition.action[0]",
            "outcome": "true",
            "conditions": [{"expression": "Low", "outcome": "true"}],
            "evidence": [
                fact("Observation/o1", "valueQuantity", {"value": 24, "unit": "mL/min"}, origin="prefetch:egfr"),
                fact("Observation/o1", "status", "final", origin="prefetch:egfr"),
                fact("MedicationRequest/m1", "medicationCodeableConcept", {"coding": [{"display": "lenalidomide"}]}),
            ],
        },
        {
            "path": "PlanDefinition.action[1]",
            "outcome": "unknown",
            "conditions": [{"expression": "B", "outcome": "unknown"}],
        },
        {
            "action": "r3",
            "path": "PlanDefinition.action[2]",
            "outcome": "error",
            "conditions": [{"expression": "C", "outcome": "error", "error": "no unit"}],
        },
        {
            "action": "r4",
            "path": "PlanDefinition.action[3]",
            "outcome": "false",
            "conditions": [{"expression": "D", "outcome": "false"}],
        },
    ],
}


def test_the_explanation_names_the_content_the_client_and_where_data_came_from():
    text = explanation(RECORD)
    assert "content: g 1, revision abc" in text
    assert "for ehr-1" in text
    assert "3 from search, 2 from prefetch; 4 of another patient dropped" in text
    assert "Medication/m (search:orders) cannot be found: the drug that it stands for is not known" in text


def test_what_applied_is_told_with_its_card_and_every_resource_once():
    lines = explanation(RECORD).splitlines()
    start = lines.index("1 action applied")
    assert lines[start + 1 : start + 6] == [
        "  r1.severe",
        "    card c1 (critical)",
        "    ✓ Low is true",
        "      Observation/o1 (prefetch:egfr): valueQuantity = 24 mL/min, status = final",
        "      MedicationRequest/m1 (from the hook's context): medicationCodeableConcept = lenalidomide",
    ]


def test_failed_open_and_silent_actions_are_told_apart():
    text = explanation(RECORD)
    assert "1 action could not be evaluated\n  r3\n    ! C is error: no unit" in text
    assert "1 action could not be decided: data are missing\n  PlanDefinition.action[1]\n    ? B is unknown" in text
    assert "1 action did not apply\n  r4: D is false" in text


def test_erased_values_are_counted_not_shown():
    text = explanation({**RECORD, "erased": ["/a", "/b"]})
    assert "2 values were erased" in text


def test_what_a_condition_rests_on_is_told_from_where_the_record_holds_it_once():
    reads = {"paths": ["valueQuantity"], "resources": ["Observation/o1"], "values": [[{"value": 24, "unit": "mL/min"}]]}
    record = {
        **RECORD,
        "actions": [
            {
                "action": "r1",
                "path": "PlanDefinition.action[0]",
                "outcome": "true",
                "conditions": [{"expression": "Low", "outcome": "true", "definition": "Kidney.Low"}],
            }
        ],
        "evidence": {
            "Kidney.Low": {"uses": ["Kidney.Latest"]},
            "Kidney.Latest": {"reads": [{"origin": "prefetch:egfr", **reads}]},
        },
    }
    assert "    ✓ Low is true\n      Observation/o1 (prefetch:egfr): valueQuantity = 24 mL/min" in explanation(record)
