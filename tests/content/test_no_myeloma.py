"""The Norwegian myeloma guideline keeps what its catalogue and its cases promise."""

import json
import os
from functools import cache
from pathlib import Path

import pytest
import yaml

from cds.tester.runner import run_cases

ROOT = Path(__file__).parents[2]
GUIDELINE = ROOT / "plan_definitions" / "no-myeloma"
SHARED = Path(os.environ.get("CDS_SHARED", ROOT.parent / "shared"))
PLAN = json.loads((GUIDELINE / "PlanDefinition" / "no-myeloma.json").read_bytes())
INDICATOR = {"routine": "info", "urgent": "warning", "stat": "critical"}
SLICE = [
    *("lenalidomide-renal-dose", "melfalan-renal-dose", "dexamethasone-age-75", "bisphosphonate-gfr"),
    *("thromboprophylaxis-imid", "thromboprophylaxis-high-risk", "dx-active-myeloma", "stage-iss"),
    *(f"dx-crab-{name}" for name in ("calcium", "renal", "anaemia", "bone")),
    *(f"dx-slim-{name}" for name in ("plasma-cells", "flc-ratio", "mri")),
]


def actions_of(recommendation):
    return [one for one in PLAN["action"] if one["code"][0]["coding"][0]["code"] == f"no-myeloma-{recommendation}"]


def main_action_of(recommendation):
    return next(action for action in actions_of(recommendation) if "." not in action["id"])


@cache
def report():
    return run_cases([GUIDELINE, ROOT / "fhir_mappings"])


def cards_of(recommendation):
    return [
        card
        for result in report().results
        for card in result.cards
        if card.source.topic.code == f"no-myeloma-{recommendation}"
    ]


def test_every_case_of_the_guideline_passes():
    failed = [f"{result.case.file}: {result.case.name}" for result in report().results if not result.passed]
    assert not failed
    assert len(report().results) > 300


def test_every_condition_was_seen_true_and_seen_false():
    assert not report().gaps


@pytest.mark.parametrize("recommendation", SLICE)
def test_a_card_is_short_names_its_source_and_says_what_was_seen(recommendation):
    cards = cards_of(recommendation)
    assert cards
    for card in cards:
        assert len(card.summary) < 140
        assert 'Source: "' in card.detail or "Source: dosing table" in card.detail
        assert card.detail.startswith(("- ", "| ")), card.summary


def test_every_lenalidomide_card_on_kidney_function_names_the_figures_of_the_product_label():
    label = "10 mg once daily at 30 to <50 mL/min, 7.5 mg once daily or 15 mg every other day below 30, 5 mg once daily"
    assert all(label in card.detail for card in cards_of("lenalidomide-renal-dose"))


def test_no_dose_is_offered_that_the_source_does_not_give():
    denosumab = json.loads((GUIDELINE / "ActivityDefinition" / "no-denosumab.json").read_bytes())
    assert denosumab["dosage"][0].keys() == {"text"}


def test_no_dose_is_offered_where_the_ordered_one_could_not_be_read():
    unreadable = [action for action in PLAN["action"] if action["id"].endswith(".unreadable-dose")]
    assert len(unreadable) == 3
    assert not any("action" in action for action in unreadable)


@pytest.mark.parametrize("recommendation", SLICE)
def test_a_recommendation_has_cases_that_fire_it_and_cases_that_do_not(recommendation):
    identifier = f"no-myeloma-{recommendation}"
    cases = json.loads((GUIDELINE / "tests" / f"{recommendation}.json").read_bytes())["cases"]
    expected = [case["expect"] for case in cases]
    assert any(identifier in (*one.get("fires", ()), *one.get("fires_only", ())) for one in expected)
    assert any(
        identifier in one.get("silent", ()) or identifier not in one.get("fires_only", [identifier]) for one in expected
    )


@cache
def catalogue():
    path = SHARED / "guidelines" / "no-myeloma.yaml"
    if not path.is_file():
        pytest.skip("the recommendation catalogue is not at hand (CDS_SHARED)")
    entries = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["recommendations"]
    return {entry["id"].removeprefix("no-myeloma-"): entry for entry in entries}


@pytest.mark.parametrize("recommendation", SLICE)
def test_a_recommendation_answers_the_hooks_of_the_catalogue(recommendation):
    hooks = {trigger["name"] for action in actions_of(recommendation) for trigger in action["trigger"]}
    assert hooks == set(catalogue()[recommendation]["hooks"])


@pytest.mark.parametrize("recommendation", SLICE)
def test_the_main_card_has_the_indicator_and_the_section_of_the_catalogue(recommendation):
    main = main_action_of(recommendation)
    assert INDICATOR[main["priority"]] == catalogue()[recommendation]["card"]["indicator"]
    assert main["documentation"][0]["label"] == catalogue()[recommendation]["section"]


@pytest.mark.parametrize("recommendation", SLICE)
def test_a_missing_datum_has_a_card_where_the_catalogue_asks_for_one(recommendation):
    asked = not catalogue()[recommendation]["if_data_missing"].startswith(("none", "birth date missing: no card"))
    assert any(action["id"].endswith(".missing") for action in actions_of(recommendation)) is asked
