"""The lenalidomide guideline keeps what its catalogue and its cases promise."""

import json
import os
from functools import cache
from pathlib import Path

import pytest
import yaml

from cds.tester.runner import run_cases

ROOT = Path(__file__).parents[2]
GUIDELINE = ROOT / "plan_definitions" / "nl-lenalidomide"
SHARED = Path(os.environ.get("CDS_SHARED", ROOT.parent / "shared"))
PLAN = json.loads((GUIDELINE / "PlanDefinition" / "nl-lenalidomide.json").read_bytes())
INDICATOR = {"routine": "info", "urgent": "warning", "stat": "critical"}
SLICE = [
    "ppp-pregnancy-test-before-start",
    "ppp-pregnant-contraindicated",
    "capsule-strength-feasibility",
    "esa-stop-hb-above-12",
    "thromboembolism-stop",
    "vte-prophylaxis",
    *(f"start-threshold-{name}" for name in ("ndmm-rd", "ndmm-rvd", "ndmm-mpr", "maintenance")),
    *(f"start-threshold-{name}" for name in ("previously-treated-mm", "mds", "fl")),
    *(f"renal-{name}" for name in ("clcr-required", "mild-no-adjustment", "conflict-with-norwegian-programme")),
    *(f"renal-{name}" for name in ("mm-moderate", "mm-escalation-15mg", "mm-severe", "mm-esrd")),
    *(f"renal-{name}" for name in ("mds-moderate", "mds-severe", "mds-esrd")),
    *(f"renal-{name}" for name in ("fl-moderate", "fl-escalation-15mg", "fl-severe-no-data")),
]


def actions_of(recommendation):
    return [one for one in PLAN["action"] if one["code"][0]["coding"][0]["code"] == f"nl-lenalidomide-{recommendation}"]


@cache
def report():
    return run_cases([GUIDELINE, ROOT / "fhir_mappings"])


def test_every_case_of_the_guideline_passes():
    failed = [f"{result.case.file}: {result.case.name}" for result in report().results if not result.passed]
    assert not failed
    assert len(report().results) > 500


def test_every_condition_was_seen_true_and_seen_false():
    assert not report().gaps


def test_every_action_was_shown_as_a_card_of_its_own_recommendation():
    shown = {card.source.topic.code for result in report().results for card in result.cards}
    assert shown >= {f"nl-lenalidomide-{name}" for name in SLICE}


def test_every_card_names_the_section_and_a_value_or_what_is_missing():
    for result in report().results:
        for card in result.cards:
            assert len(card.summary) < 140
            assert "ource" in card.detail or "Not judged" in card.detail, card.summary
            assert card.detail.count("\n") > 1, card.summary


@pytest.mark.parametrize("recommendation", SLICE)
def test_a_recommendation_has_its_cases(recommendation):
    cases = json.loads((GUIDELINE / "tests" / f"{recommendation}.json").read_bytes())["cases"]
    identifier = f"nl-lenalidomide-{recommendation}"
    fired = [
        case for case in cases if any(one.partition(".")[0] == identifier for one in case["expect"].get("fires", ()))
    ]
    silent = [case for case in cases if identifier in case["expect"].get("silent", ())]
    assert fired
    assert silent


@cache
def catalogue():
    path = SHARED / "guidelines" / "nl-lenalidomide.yaml"
    if not path.is_file():
        pytest.skip("the recommendation catalogue is not at hand (CDS_SHARED)")
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["recommendations"]
    return {entry["id"].removeprefix("nl-lenalidomide-"): entry for entry in entries}


@pytest.mark.parametrize("recommendation", SLICE)
def test_a_recommendation_answers_the_hooks_of_the_catalogue(recommendation):
    hooks = {trigger["name"] for action in actions_of(recommendation) for trigger in action["trigger"]}
    assert hooks == set(catalogue()[recommendation]["hooks"])


@pytest.mark.parametrize("recommendation", SLICE)
def test_the_main_card_has_the_indicator_of_the_catalogue(recommendation):
    main = next(action for action in actions_of(recommendation) if "." not in action["id"])
    assert INDICATOR[main["priority"]] == catalogue()[recommendation]["card"]["indicator"]


@pytest.mark.parametrize("recommendation", SLICE)
def test_the_section_is_that_of_the_catalogue(recommendation):
    main = next(action for action in actions_of(recommendation) if "." not in action["id"])
    assert main["documentation"][0]["label"] == catalogue()[recommendation]["section"]


@pytest.mark.parametrize("recommendation", SLICE)
def test_a_missing_datum_has_a_card_where_the_catalogue_asks_for_one(recommendation):
    asked = not catalogue()[recommendation]["if_data_missing"].startswith(
        ("none", "this entry", "No test", "Response", "Risk")
    )
    assert any(action["id"].endswith(".missing") for action in actions_of(recommendation)) is asked
