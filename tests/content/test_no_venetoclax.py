"""The Norwegian venetoclax guideline keeps what its catalogue and its cases promise."""

import json
import os
from functools import cache
from pathlib import Path

import pytest
import yaml

from cds.tester.focus import Focus
from cds.tester.mutation_run import mutate
from cds.tester.runner import run_cases

ROOT = Path(__file__).parents[2]
GUIDELINE = ROOT / "plan_definitions" / "no-venetoclax"
SHARED = Path(os.environ.get("CDS_SHARED", ROOT.parent / "shared"))
PLAN = json.loads((GUIDELINE / "PlanDefinition" / "no-venetoclax.json").read_bytes())
INDICATOR = {"routine": "info", "urgent": "warning", "stat": "critical"}
RECOMMENDATIONS = list(dict.fromkeys(action["code"][0]["coding"][0]["code"] for action in PLAN["action"]))


def actions_of(recommendation):
    return [action for action in PLAN["action"] if action["code"][0]["coding"][0]["code"] == recommendation]


@cache
def report():
    return run_cases([GUIDELINE, ROOT / "fhir_mappings"], definitions=True)


@cache
def catalogue():
    path = SHARED / "guidelines" / "no-venetoclax.yaml"
    if not path.is_file():
        pytest.skip("the recommendation catalogue is not at hand (CDS_SHARED)")
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["recommendations"]
    return {entry["id"]: entry for entry in entries}


def test_every_case_of_the_guideline_passes():
    failed = [f"{result.case.file}: {result.case.name}" for result in report().results if not result.passed]
    assert not failed
    assert len(report().results) > 400


def test_every_condition_was_seen_true_false_and_unknown_where_it_can_be():
    assert not report().gaps
    assert not [condition.expression for condition in report().coverage if condition.lacks_unknown]


def test_every_definition_behind_a_condition_was_seen_as_all_it_can_be():
    assert len(report().definitions) > 250
    assert not [(one.library, one.definition, one.missing, one.contradicted) for one in report().definition_gaps]


def test_a_wrong_limit_or_comparison_is_noticed():
    checked = mutate(
        [GUIDELINE, ROOT / "fhir_mappings"], "no-venetoclax", focus=Focus(definition="Rituximab Comes After Cycle 6")
    )
    assert len(checked.of("caught")) == len(checked.judged) > 0


def test_every_action_was_shown_as_a_card():
    shown = {
        (card.source.topic.code, (card.extension or {}).get("org.example.fhir-cds.branch"))
        for result in report().results
        for card in result.cards
    }
    assert shown == {
        (action["code"][0]["coding"][0]["code"], action["id"].partition(".")[2] or None) for action in PLAN["action"]
    }


def test_every_card_is_whole_and_names_its_source():
    for result in report().results:
        for card in result.cards:
            assert len(card.summary) < 140
            assert not card.summary.endswith("…"), card.summary
            assert "Source:" in card.detail, card.summary
            assert "could not be worked out" not in card.detail, card.summary
            assert card.override_reasons, card.summary


def test_no_recommendation_of_the_catalogue_is_missing():
    assert sorted(RECOMMENDATIONS) == sorted(catalogue())


@pytest.mark.parametrize("recommendation", RECOMMENDATIONS)
def test_a_recommendation_has_cases_that_fire_and_cases_that_do_not(recommendation):
    name = recommendation.removeprefix("no-venetoclax-")
    cases = json.loads((GUIDELINE / "tests" / f"{name}.json").read_bytes())["cases"]
    assert any(recommendation in case["expect"].get("fires", ()) for case in cases)
    assert any(recommendation in case["expect"].get("silent", ()) for case in cases)


@pytest.mark.parametrize("recommendation", RECOMMENDATIONS)
def test_a_recommendation_answers_the_hooks_of_the_catalogue(recommendation):
    hooks = {trigger["name"] for action in actions_of(recommendation) for trigger in action["trigger"]}
    assert hooks == set(catalogue()[recommendation]["hooks"])


@pytest.mark.parametrize("recommendation", RECOMMENDATIONS)
def test_the_main_card_has_the_indicator_of_the_catalogue(recommendation):
    main = next(action for action in actions_of(recommendation) if "." not in action["id"])
    assert INDICATOR[main["priority"]] == catalogue()[recommendation]["card"]["indicator"]


@pytest.mark.parametrize("recommendation", RECOMMENDATIONS)
def test_the_section_is_that_of_the_catalogue(recommendation):
    main = next(action for action in actions_of(recommendation) if "." not in action["id"])
    assert main["documentation"][0]["label"] == catalogue()[recommendation]["section"]
