"""The record of a patient on lenalidomide opens with a handful of cards, the dangerous first, information on one."""

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
def cards_of(story):
    case = Case(
        file="nl-lenalidomide/sandbox",
        name=story.id,
        recommendation="",
        hook="patient-view",
        now=NOW,
        resources=story.chart(NOW.date()).resources,
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
def test_the_dangerous_comes_first(story):
    order = ["critical", "warning", "info"]
    ranks = [order.index(card.indicator) for card in cards_of(story)]
    assert ranks == sorted(ranks)


def test_what_everybody_is_told_is_one_card_that_names_each_recommendation():
    folded = [card for story in ON_TREATMENT for card in cards_of(story) if FOLDED in (card.extension or {})]
    assert folded
    for card in folded:
        names = [entry["recommendation"] for entry in card.extension[FOLDED]]
        assert len(names) > 1
        assert card.source.topic.code == "nl-lenalidomide-information"
        assert card.detail.count("### ") == len(names)
