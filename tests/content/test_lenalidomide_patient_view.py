"""The record of a patient on lenalidomide opens with a handful of cards, the dangerous first, and folded."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from cds.cards.folding import FOLDED
from cds.sandbox.synthetic_patients import STORIES
from cds.tester.cases import Case
from cds.tester.runner import knowledge_with_drafts, run_case, service_of

ROOT = Path(__file__).parents[2]
NOW = datetime.fromisoformat("2026-11-20T10:00:00+01:00")
HANDFUL = 6
LENALIDOMIDE = "L04AX04"
ON_TREATMENT = [story for story in STORIES if LENALIDOMIDE in str(story.chart(NOW.date()).resources)]


@cache
def knowledge():
    return knowledge_with_drafts([ROOT / "fhir_mappings", ROOT / "plan_definitions" / "nl-lenalidomide"])


@cache
def cards_of(story, *, with_results=True):
    resources = story.chart(NOW.date()).resources
    case = Case(
        file="nl-lenalidomide/sandbox",
        name=story.id,
        recommendation="",
        hook="patient-view",
        now=NOW,
        resources=[one for one in resources if with_results or one["resourceType"] != "Observation"],
        draft_orders=(),
        selections=None,
        context={},
        expect={},
    )
    result = asyncio.run(run_case(case, service_of(case, knowledge()), knowledge()))
    assert result.error is None
    return result.cards


def test_there_are_patients_on_lenalidomide_to_open():
    assert len(ON_TREATMENT) >= 10


@pytest.mark.parametrize("story", ON_TREATMENT, ids=lambda story: story.id)
def test_the_record_opens_with_a_handful_of_cards(story):
    assert 1 <= len(cards_of(story)) <= HANDFUL


@pytest.mark.parametrize("story", ON_TREATMENT, ids=lambda story: story.id)
def test_a_chart_without_a_single_result_opens_with_a_handful_as_well(story):
    assert 1 <= len(cards_of(story, with_results=False)) <= HANDFUL


@pytest.mark.parametrize("story", ON_TREATMENT, ids=lambda story: story.id)
def test_the_dangerous_comes_first(story):
    order = ["critical", "warning", "info"]
    for with_results in (True, False):
        ranks = [order.index(card.indicator) for card in cards_of(story, with_results=with_results)]
        assert ranks == sorted(ranks)


def folded_cards():
    shown = (card for story in ON_TREATMENT for full in (True, False) for card in cards_of(story, with_results=full))
    return [card for card in shown if FOLDED in (card.extension or {})]


def test_a_folded_card_names_each_recommendation():
    groups = {card.source.topic.code.removeprefix("nl-lenalidomide-") for card in folded_cards()}
    assert groups == {"information", "kidney-function-unknown", "tests-due"}
    for card in folded_cards():
        names = [entry["recommendation"] for entry in card.extension[FOLDED]]
        assert len(names) > 1
        assert card.detail.count("### ") == len(names)


def test_one_missing_creatinine_is_one_warning_that_names_it_and_offers_it_once():
    kidney = [card for card in folded_cards() if card.source.topic.code.endswith("-kidney-function-unknown")]
    assert kidney
    for card in kidney:
        assert card.indicator == "warning"
        assert card.summary.startswith("CLcr unknown (creatinine")
        assert [suggestion.label for suggestion in card.suggestions] == ["Serum creatinine"]
