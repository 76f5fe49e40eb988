"""What a case expects: actions that there are, summaries that are whole."""

from __future__ import annotations

import pytest

from cds.cards.folding import FOLDED
from cds.hooks.response import Card, Coding, Source, Suggestion
from cds.tester.expectations import differences, unknown_actions


def card(summary):
    topic = Coding(system="urn:t", code="r", display="R")
    return Card(uuid="u", summary=summary, indicator="info", source=Source(label="s", topic=topic))


@pytest.mark.parametrize(
    "expect",
    [
        {"silent": ["r.mising"]},
        {"fires": ["r.mising"]},
        {"fires_only": ["r.mising"]},
        {"cards": [{"action": "r.mising"}]},
    ],
)
def test_a_misspelt_action_fails_the_case_wherever_it_stands(expect):
    assert list(unknown_actions(expect, {"r", "r.missing"})) == [
        "the case speaks of r.mising, and the guideline has no such action"
    ]


def test_actions_that_there_are_pass_and_nothing_is_said_twice():
    assert list(unknown_actions({"fires": ["r"], "silent": ["r.missing"]}, {"r", "r.missing"})) == []
    assert len(list(unknown_actions({"silent": ["x"], "fires": ["x"]}, {"r"}))) == 1


def test_a_cut_summary_fails_the_case_and_a_short_one_that_ends_in_dots_does_not():
    (difference,) = differences({"fires": ["r"]}, [card("a" * 138 + "…")])
    assert "the summary is cut" in difference
    assert list(differences({"fires": ["r"]}, [card("Lenalidomide, pomalidomide and thalido…")])) == []


def test_a_card_that_folds_recommendations_tells_each_of_them():
    entries = [
        {"recommendation": "driving", "indicator": "info", "summary": "Drive with care"},
        {"recommendation": "donation", "branch": "start", "indicator": "warning", "summary": "No blood donation"},
    ]
    folded = card("Information").model_copy(update={"extension": {FOLDED: entries}})
    assert list(differences({"fires_only": ["driving", "donation.start"]}, [folded])) == []
    assert list(differences({"fires": ["r"]}, [folded])) == ["r did not fire"]
    (difference,) = differences({"cards": [{"action": "driving", "summary": ["No blood"]}]}, [folded])
    assert "Drive with care" in difference
    (difference,) = differences({"cards": [{"action": "driving", "indicator": "warning"}]}, [folded])
    assert difference == "driving: the indicator is info, not warning"


def test_all_suggestions_can_be_named_so_that_a_surplus_one_fails_the_case():
    offering = card("Too much").model_copy(update={"suggestions": [Suggestion(uuid="a", label="Stop")]})
    assert list(differences({"cards": [{"action": "r", "suggestion_labels": ["Stop"]}]}, [offering])) == []
    (difference,) = differences({"cards": [{"action": "r", "suggestion_labels": []}]}, [offering])
    assert difference == "r: the suggestions are ['Stop'], not []"
