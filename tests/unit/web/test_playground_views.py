"""What the page makes of charts, decisions, guidelines and card texts."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from cds.content.artifact import Artifact
from cds.sandbox.store import FHIRStore
from cds.web.playground.chart_view import view_chart
from cds.web.playground.definition_text import definition_text, split_name
from cds.web.playground.explanation import why, why_not
from cds.web.playground.line_chart import HEIGHT, WIDTH, draw
from cds.web.playground.markdown import render
from cds.web.playground.plan_tree import draw_plan, outcomes_by_path
from cds.web.playground.visits import Exchange

TODAY = date(2026, 3, 2)


def creatinine(value, day, *, unit="umol/L", status="final"):
    quantity = {"value": Decimal(value), **({"unit": unit} if unit else {})}
    return {
        "resourceType": "Observation",
        "id": f"c-{day}",
        "status": status,
        "code": {"text": "Creatinine"},
        "effectiveDateTime": f"{day}T08:00:00+01:00",
        "valueQuantity": quantity,
    }


def results(*observations):
    return view_chart(observations, FHIRStore(), TODAY).results


def test_the_latest_result_has_its_unit_and_date_and_a_line_of_all():
    [result] = results(creatinine("90.50", "2026-02-01"), creatinine("80", "2026-01-01"))
    assert (result.value, result.day) == ("90.50 umol/L", "2026-02-01")
    assert result.chart.words == "Creatinine. 2026-01-01: 80 umol/L; 2026-02-01: 90.50 umol/L"


def test_results_in_different_units_are_never_on_one_line():
    shown = results(creatinine("1", "2026-01-01", unit="mg/dL"), creatinine("90", "2026-02-01"))
    assert [each.chart for each in shown] == [None, None]


def test_a_result_without_unit_says_so():
    assert results(creatinine("88", "2026-01-01", unit=None))[0].value == "88 (no unit)"


def test_a_result_entered_in_error_is_neither_the_latest_nor_on_the_line():
    [result] = results(creatinine("80", "2026-01-01"), creatinine("999", "2026-02-01", status="entered-in-error"))
    assert (result.value, result.remark, result.chart) == ("80 umol/L", "", None)


@pytest.mark.parametrize(
    ("day", "status", "remark"),
    [
        ("2026-03-02", "final", ""),
        ("2026-03-03", "final", "dated in the future"),
        ("2026-03-02", "preliminary", "preliminary"),
    ],
)
def test_what_keeps_a_result_from_counting_is_said(day, status, remark):
    assert results(creatinine("80", day, status=status))[0].remark == remark


def test_a_drug_in_a_contained_product_is_named():
    order = {
        "resourceType": "MedicationRequest",
        "id": "m",
        "status": "active",
        "medicationReference": {"reference": "#p"},
        "contained": [{"resourceType": "Medication", "id": "p", "code": {"text": "simvastatin 20 mg tablet"}}],
    }
    assert view_chart([order], FHIRStore(), TODAY).drugs[0].text == "simvastatin 20 mg tablet"


ORDER = {
    "resourceType": "MedicationRequest",
    "id": "m",
    "status": "active",
    "authoredOn": "2026-01-01",
    "medicationReference": {"reference": "#p", "display": "simvastatin"},
    "contained": [{"resourceType": "Medication", "id": "p", "code": {"text": "simvastatin 20 mg tablet"}}],
    "dosageInstruction": [
        {
            "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
            "doseAndRate": [{"doseQuantity": {"value": 20, "unit": "mg", "comparator": "<"}}],
        }
    ],
}
RESULT = {
    **creatinine("90", "2026-02-01"),
    "code": {"text": "Creatinine", "coding": [{"system": "urn:local", "code": "c"}]},
    "referenceRange": [{"low": {"value": 60}, "high": {"value": 110}}],
}
PROBLEM = {
    "resourceType": "Condition",
    "id": "p",
    "code": {"coding": [{"code": "C90.0", "display": "Myeloma"}]},
    "clinicalStatus": {"coding": [{"code": "active"}]},
    "onsetPeriod": {"start": "2026-01-01", "end": "2026-01-02"},
}
PERSON = {
    "resourceType": "Patient",
    "id": "p",
    "birthDate": "1980-01-01",
    "gender": "female",
    "name": [{"family": "Berg", "given": ["Anna", "Maria"]}],
}


def damaged(value, path=()):
    """Every copy of a JSON value in which one value is replaced by one of another type, with the path of that value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        for other, where in damaged(one, (*path, key)):
            copy = value.copy()
            copy[key] = other
            yield copy, where
    for other in ("abc", "zzzzzzzzzz", ["d"], [1], 5, True, {"a": 1}, [], [None], Decimal("1e299")):
        yield other, path


@pytest.mark.parametrize("resource", [ORDER, RESULT, PROBLEM, PERSON], ids=lambda one: one["resourceType"])
def test_what_is_stored_in_another_shape_is_shown_as_it_stands(resource):
    """Anybody may store in a public sandbox: no resource may take a patient's page from others."""
    others = [creatinine("80", "2026-01-01"), creatinine("70", "2026-01-02")]
    for one, path in damaged(resource):
        if path and path[0] not in ("resourceType", "id"):
            assert view_chart([one, *others], FHIRStore(), TODAY).results, path


def test_a_value_that_is_no_number_is_shown_and_not_drawn():
    odd = {**creatinine("1", "2026-02-01"), "valueQuantity": {"value": "high", "unit": "umol/L"}}
    [result] = results(odd, creatinine("80", "2026-01-01"), creatinine("90", "2026-01-02"))
    assert result.value == "high umol/L"
    assert result.chart.words == "Creatinine. 2026-01-01: 80 umol/L; 2026-01-02: 90 umol/L"


def test_a_line_stays_in_its_box_and_equal_values_are_in_the_middle():
    chart = draw("x", [("2026-01-01", Decimal(5)), ("2026-02-01", Decimal(5))], "g")
    assert {y for _, y in chart.points} == {HEIGHT / 2}
    assert all(0 < x < WIDTH for x, _ in chart.points)


@pytest.mark.parametrize(
    ("source", "absent"),
    [
        ("<script>alert(1)</script>", "<script"),
        ("a <img src=x onerror=alert(1)>", "<img"),
        ("[x](javascript:alert(1))", "href"),
        ("![x](https://example.org/x.png)", "<img"),
    ],
)
def test_markdown_of_a_card_cannot_bring_in_code_or_requests(source, absent):
    assert absent not in render(source)


def test_markdown_of_a_card_keeps_emphasis_lists_and_tables():
    html = render("**24 mL/min**\n\n- one\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    for tag in ("<strong>24 mL/min</strong>", "<li>one</li>", "<table>"):
        assert tag in html


@pytest.mark.parametrize(
    ("expression", "library", "name"),
    [
        ('Kidney."Dose: Too High"', "Kidney", "Dose: Too High"),
        ('"Dose Is Too High"', "", "Dose Is Too High"),
        ("Kidney.Moderate", "Kidney", "Moderate"),
        ("Moderate", "", "Moderate"),
        ("Patient.active = true", "", "Patient.active = true"),
    ],
)
def test_an_expression_is_split_into_library_and_definition(expression, library, name):
    assert split_name(expression) == (library, name)


CQL = """library Kidney version '1'

define "Severe":
  "Clearance" < 30 'mL/min'

// what follows is another one
define function F(x Integer): x
define Other: true
"""


LIBRARY = Artifact(
    {
        "resourceType": "Library",
        "name": "Kidney",
        "content": [{"contentType": "text/cql", "data": base64.b64encode(CQL.encode()).decode()}],
    },
    file="kidney.json",
    root="",
)


def asks(definition):
    return {"expression": {"language": "text/cql-identifier", "expression": definition}}


PLAN = {
    "action": [
        {
            "id": "severe",
            "title": "Severe",
            "textEquivalent": "Clearance below 30.",
            "documentation": [{"label": "4.2"}],
            "condition": [
                asks('Kidney."Severe"'),
                asks("Kidney.Other"),
            ],
            "action": [{"title": "Lower", "action": [{"title": "a"}, {"title": "b"}]}, {"title": "Stop"}],
        },
        {"id": "always", "title": "Always"},
        {"id": "unclear", "title": "Unclear", "condition": [asks("Kidney.Other")]},
    ]
}
GUIDELINE = SimpleNamespace(plan=PLAN, dependencies=SimpleNamespace(of_type=lambda *_names: (LIBRARY,)))


def test_the_text_of_a_definition_ends_where_the_next_begins():
    assert definition_text(GUIDELINE, 'Kidney."Severe"') == 'define "Severe":\n  "Clearance" < 30 \'mL/min\''
    assert definition_text(GUIDELINE, "Other") == "define Other: true"
    assert definition_text(GUIDELINE, 'Kidney."Mild"') == ""


POTASSIUM = "https://example.org/ValueSet/potassium"
CREATININE = "https://example.org/ValueSet/creatinine"


class ValueSets:
    """The result of the store, which has no coding, is in no value set; a local code is mapped to creatinine."""

    def contains(self, url, version, system, code):
        return url == CREATININE and code == "2160-0"


LOGIC = SimpleNamespace(
    libraries=("Kidney",),
    retrieves=lambda library, name: [
        SimpleNamespace(type="Observation", value_set=f"{CREATININE}|1"),
        SimpleNamespace(type="Observation", value_set=POTASSIUM),
        SimpleNamespace(type="Condition", value_set="https://example.org/ValueSet/myeloma"),
    ],
    value_sets=ValueSets(),
    mappings=SimpleNamespace(
        translate=lambda system, code: [{"system": "http://loinc.org", "code": "2160-0"}] if code == "CREA" else []
    ),
)


def condition(index, number, outcome, **more):
    path = f"PlanDefinition.action[{index}].condition[{number}]"
    expression = PLAN["action"][index]["condition"][number]["expression"]["expression"]
    return {"path": path, "expression": expression, "language": "text/cql-identifier", "outcome": outcome, **more}


def exchange(*actions, evidence=None):
    decision = SimpleNamespace(recorded={"actions": actions, "evidence": evidence or {}})
    return Exchange(
        service="s",
        title="S",
        request={"context": {}},
        status=200,
        response={"cards": []},
        milliseconds=1,
        decision=decision,
        stored=FHIRStore([creatinine("80", "2026-01-01")]).snapshot(),
    )


TRACE = (
    {
        "action": "severe",
        "recommendation": "severe",
        "path": "PlanDefinition.action[0]",
        "outcome": "false",
        "conditions": [condition(0, 0, "true"), condition(0, 1, "false")],
        "evidence": [
            {"definition": "Latest", "resource": "Observation/c-2026-01-01", "path": "", "origin": "search:creatinine"},
            {
                "definition": "Latest",
                "resource": "Observation/c-2026-01-01",
                "path": "valueQuantity",
                "value": {"value": 80, "unit": "umol/L"},
                "origin": "search:creatinine",
            },
        ],
    },
    {"action": "always", "path": "PlanDefinition.action[1]", "outcome": "true"},
    {
        "action": "unclear",
        "path": "PlanDefinition.action[2]",
        "outcome": "unknown",
        "conditions": [condition(2, 0, "unknown", note="no creatinine")],
    },
)


def test_a_silent_recommendation_names_the_first_condition_that_did_not_hold():
    unclear, severe = why_not(exchange(*TRACE), GUIDELINE, LOGIC, FHIRStore())
    assert (unclear.recommendation, unclear.conditions[0].reason) == ("unclear", "no creatinine")
    assert [(each.name, each.outcome) for each in severe.conditions] == [("Other", "false")]
    assert (severe.meaning, severe.section) == ("Clearance below 30.", "4.2")


def test_an_undecided_condition_names_the_kinds_of_results_that_are_not_on_record():
    unclear, severe = why_not(exchange(*TRACE), GUIDELINE, LOGIC, FHIRStore())
    assert unclear.missing == ("creatinine", "potassium")
    assert severe.missing == ()


def test_a_result_under_a_mapped_local_code_is_on_record():
    local = {**creatinine("80", "2026-01-01"), "code": {"coding": [{"system": "urn:lab", "code": "CREA"}]}}
    local["subject"] = {"reference": "Patient/p"}
    request = {"context": {"patientId": "p"}, "prefetch": {"creatinine": {"resourceType": "Bundle", "entry": []}}}
    request["prefetch"]["creatinine"]["entry"].append({"resource": local})
    unclear = why_not(replace(exchange(*TRACE), request=request), GUIDELINE, LOGIC, FHIRStore())[0]
    assert unclear.missing == ("potassium",)


def test_evidence_is_resource_value_unit_date_and_where_it_came_from():
    [source] = why_not(exchange(*TRACE), GUIDELINE, LOGIC, FHIRStore())[1].sources
    assert (source.summary, source.day) == ("Creatinine: 80 umol/L", "2026-01-01")
    assert source.origin == "read from the FHIR server (creatinine)"
    assert source.reads == (("Latest", "valueQuantity = 80 umol/L"),)


def test_a_card_that_folds_recommendations_has_the_reasons_of_those_that_applied_and_the_others_are_silent():
    coded = [{"coding": [{"code": "x"}]}]
    children = [
        {"id": name, "title": name, "code": coded, "condition": [asks("Kidney.Other")]} for name in ("on", "off")
    ]
    group = {"id": "group", "title": "Group", "groupingBehavior": "visual-group", "code": coded, "action": children}
    guideline = SimpleNamespace(plan={"action": [group]}, dependencies=GUIDELINE.dependencies)
    path = "PlanDefinition.action[0]"
    traced = [
        {
            "action": name,
            "path": f"{path}.action[{index}]",
            "outcome": outcome,
            "conditions": [{"path": f"{path}.action[{index}]", "expression": "Kidney.Other", "outcome": outcome}],
        }
        for index, (name, outcome) in enumerate([("on", "true"), ("off", "false")])
    ]
    trace = {"action": "group", "path": path, "outcome": "true", "actions": traced}
    reason = why(exchange(trace), "group", guideline, FHIRStore())
    assert [(each.name, each.outcome) for each in reason.conditions] == [("Other", "true")]
    (silent,) = why_not(exchange(trace), guideline, LOGIC, FHIRStore())
    assert silent.title == "off"


def test_evidence_of_a_definition_is_shown_with_every_condition_that_asks_for_it():
    conditions = [condition(0, 0, "true") | {"definition": "Logic.Severe"}]
    [action] = [TRACE[0] | {"conditions": conditions, "evidence": []}]
    read = {"paths": ["status"], "resources": ["Observation/c-2026-01-01"], "values": [["final"]]}
    evidence = {"Logic.Severe": {"uses": ["Logic.Latest"]}, "Logic.Latest": {"reads": [read]}}
    shown = exchange(action, evidence=evidence)
    [source] = why_not(shown, GUIDELINE, LOGIC, FHIRStore())[0].sources
    assert (source.summary, source.reads) == ("Creatinine: 80 umol/L", (("Latest", "status = final"),))


def test_only_what_applied_is_a_reason_for_a_card():
    assert why(exchange(*TRACE), "always", GUIDELINE, FHIRStore()).outcome == "true"
    assert why(exchange(*TRACE), "severe", GUIDELINE, FHIRStore()) is None


def test_the_picture_has_a_box_for_every_condition_and_action_with_its_outcome():
    boxes = draw_plan(PLAN, outcomes_by_path(TRACE)).boxes
    assert [(box.whole, box.outcome) for box in boxes if box.kind == "condition"] == [
        ("Severe", "true"),
        ("Other", "false"),
        ("always", ""),
        ("Other", "unknown"),
    ]
    assert [(box.whole, box.outcome, box.mark) for box in boxes if box.kind == "action"] == [
        ("Severe", "false", "·"),
        ("Always", "true", "✓"),
        ("Unclear", "unknown", "?"),
    ]
    assert [box.whole for box in boxes if box.kind == "choice"] == ["Lower", "a", "b", "Stop"]


def test_recommendations_with_another_outcome_can_be_left_out():
    outcomes = outcomes_by_path(TRACE)
    everything = [box.whole for box in draw_plan(PLAN, outcomes).boxes if box.kind == "action"]
    applied = [box.whole for box in draw_plan(PLAN, outcomes, only=("true",)).boxes if box.kind == "action"]
    assert applied
    assert len(applied) < len(everything)
    assert draw_plan(PLAN, outcomes, only=("no such outcome",)).boxes == ()


def test_no_two_boxes_of_the_picture_cover_each_other():
    boxes = draw_plan(PLAN, {}).boxes
    places = [(box.kind, box.y) for box in boxes]
    assert len(places) == len(set(places))
