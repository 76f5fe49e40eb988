"""The lenalidomide guideline keeps what its catalogue and its cases promise."""

import pytest

from cds.cards.folding import FOLDED
from tests.content.guideline import Guideline

LENALIDOMIDE = Guideline("nl-lenalidomide")
ASKED_PLAINLY = [
    *("ppp-pregnancy-test-before-start", "ppp-pregnant-contraindicated", "capsule-strength-feasibility"),
    *("esa-stop-hb-above-12", "thromboembolism-stop", "vte-prophylaxis"),
    *(name for name in LENALIDOMIDE.recommendations if name.startswith(("start-threshold-", "renal-"))),
]


def test_every_case_of_the_guideline_passes():
    assert not LENALIDOMIDE.failed()
    assert len(LENALIDOMIDE.report.results) > 4000


def test_every_condition_was_seen_true_and_seen_false():
    assert not LENALIDOMIDE.report.gaps


def test_every_recommendation_was_shown_as_a_card():
    shown = {card.source.topic.code for card in LENALIDOMIDE.cards()}
    entries = (entry for card in LENALIDOMIDE.cards() for entry in (card.extension or {}).get(FOLDED, ()))
    folded = {entry["recommendation"] for entry in entries}
    assert shown | folded >= {f"nl-lenalidomide-{name}" for name in LENALIDOMIDE.recommendations}


def test_every_card_names_the_section_and_a_value_or_what_is_missing():
    for card in LENALIDOMIDE.cards():
        assert len(card.summary) < 140
        assert "ource" in card.detail or "Not judged" in card.detail, card.summary
        assert card.detail.count("\n") > 1, card.summary


@pytest.mark.parametrize("recommendation", ASKED_PLAINLY)
def test_a_missing_datum_has_a_card_where_the_catalogue_asks_for_one(recommendation):
    asked = not LENALIDOMIDE.catalogue[recommendation]["if_data_missing"].startswith(
        ("none", "this entry", "No test", "Response", "Risk")
    )
    assert any(action["id"].endswith(".missing") for action in LENALIDOMIDE.actions_of(recommendation)) is asked
