"""Each of the specification's twelve invariants holds on what is right and breaks on what is wrong."""

from __future__ import annotations

import pytest

from cds.conformance.invariants import INVARIANTS, broken_by_feedback, broken_by_request, broken_by_response

SUGGESTION = {"label": "l", "isRecommended": True}


def card(**members):
    return broken_by_response({"cards": [{"summary": "s", **members}]})


def suggestion(**members):
    return card(selectionBehavior="any", suggestions=[{"label": "l", **members}])


def action(**members):
    return suggestion(actions=[{"description": "d", **members}])


def feedback(**members):
    return broken_by_feedback({"feedback": [{"card": "c", "outcome": "overridden", **members}]})


RIGHT_AND_WRONG = {
    "cds-resp-1": (
        card(selectionBehavior="any", suggestions=[SUGGESTION, SUGGESTION]),
        card(selectionBehavior="at-most-one", suggestions=[SUGGESTION, SUGGESTION]),
    ),
    "cds-resp-2": (
        action(type="delete", resourceId="Task/1"),
        action(type="delete", resource={"resourceType": "Task", "id": "1"}),
    ),
    "cds-resp-3": (
        card(links=[{"label": "l", "type": "smart", "appContext": "x"}]),
        card(links=[{"label": "l", "type": "absolute", "appContext": "x"}]),
    ),
    "cds-resp-4": (
        card(overrideReasons=[{"code": "a", "display": "A"}]),
        card(overrideReasons=[{"code": "a", "display": "A"}, {"code": "b"}]),
    ),
    "cds-resp-5": (action(type="create"), suggestion(actions=[{"type": "create"}])),
    "cds-resp-6": (card(), card(suggestions=[{"label": "l"}])),
    "cds-resp-7": (suggestion(actionSelectionBehavior="all"), suggestion(actionSelectionBehavior="some")),
    "cds-r-1": (
        broken_by_request({"fhirServer": "https://f.example", "fhirAuthorization": {"scope": ""}}),
        broken_by_request({"fhirAuthorization": {"scope": ""}}),
    ),
    "cds-r-2": (
        broken_by_request({"fhirServer": "x", "fhirAuthorization": {"scope": "patient/*.rs", "patient": "1"}}),
        broken_by_request({"fhirServer": "x", "fhirAuthorization": {"scope": "patient/*.rs"}}),
    ),
    "cds-fb-1": (feedback(), feedback(outcome="ignored")),
    "cds-fb-2": (feedback(outcome="accepted", acceptedSuggestions=[{"id": "s"}]), feedback(outcome="accepted")),
    "cds-fb-3": (
        feedback(overrideReason={"userComment": "no"}),
        feedback(overrideReason={"other": "x"}),
    ),
}


def test_there_are_twelve():
    assert [rule.name for rule in INVARIANTS] == list(RIGHT_AND_WRONG)
    assert len(INVARIANTS) == 12


@pytest.mark.parametrize("name", RIGHT_AND_WRONG)
def test_a_rule_holds_on_what_is_right_and_breaks_on_what_is_wrong(name):
    right, wrong = RIGHT_AND_WRONG[name]
    assert [str(one) for one in right] == []
    assert [one.rule.name for one in wrong] == [name]


def test_what_is_no_list_of_objects_breaks_nothing_and_raises_nothing():
    assert [*broken_by_response({"cards": "x"}), *broken_by_response([]), *broken_by_response({"cards": [1]})] == []


def test_a_member_of_the_wrong_type_does_not_hold():
    assert {one.rule.name for one in suggestion(actionSelectionBehavior={"a": 1})} == {"cds-resp-7"}
