"""The Norwegian myeloma guideline keeps what its catalogue and its cases promise."""

import json

import pytest

from tests.content.guideline import Guideline

MYELOMA = Guideline("no-myeloma")


def test_every_case_of_the_guideline_passes():
    assert not MYELOMA.failed()
    assert len(MYELOMA.report.results) > 300


def test_every_condition_was_seen_true_and_seen_false():
    assert not MYELOMA.report.gaps


@pytest.mark.parametrize("recommendation", MYELOMA.recommendations)
def test_a_card_is_short_names_its_source_and_says_what_was_seen(recommendation):
    cards = MYELOMA.cards(recommendation)
    assert cards
    for card in cards:
        assert len(card.summary) < 140
        assert 'Source: "' in card.detail or "Source: dosing table" in card.detail
        assert card.detail.startswith(("- ", "| ")), card.summary


def test_every_lenalidomide_card_on_kidney_function_names_the_figures_of_the_product_label():
    label = "10 mg once daily at 30 to <50 mL/min, 7.5 mg once daily or 15 mg every other day below 30, 5 mg once daily"
    assert all(label in card.detail for card in MYELOMA.cards("lenalidomide-renal-dose"))


def test_no_dose_is_offered_that_the_source_does_not_give():
    denosumab = json.loads((MYELOMA.folder / "ActivityDefinition" / "no-denosumab.json").read_bytes())
    assert denosumab["dosage"][0].keys() == {"text"}


def test_no_dose_is_offered_where_the_ordered_one_could_not_be_read():
    unreadable = [action for action in MYELOMA.actions if action["id"].endswith(".unreadable-dose")]
    assert len(unreadable) == 3
    assert not any("action" in action for action in unreadable)


@pytest.mark.parametrize("recommendation", MYELOMA.recommendations)
def test_a_missing_datum_has_a_card_where_the_catalogue_asks_for_one(recommendation):
    asked = not MYELOMA.catalogue[recommendation]["if_data_missing"].startswith(("none", "birth date missing: no card"))
    assert any(action["id"].endswith(".missing") for action in MYELOMA.actions_of(recommendation)) is asked
