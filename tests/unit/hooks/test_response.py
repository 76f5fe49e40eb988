"""What is sent: checklist CH-003, CH-004, CH-091 … CH-128 and the published invariants cds-resp-1 … 6."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cds.hooks.response import Action, Card, CDSResponse, Coding, Link, OverrideReason, Source, Suggestion

SOURCE = Source(label="A guideline")


def card(**members):
    return Card(**{"uuid": "u", "summary": "s", "indicator": "info", "source": SOURCE, **members})


def test_the_wire_form_has_camel_case_names_no_nulls_and_only_cards_may_be_empty():
    wire = CDSResponse(cards=[card(source=Source(label="l", topic=Coding(system="s", code="c")))]).to_wire()
    assert wire == {
        "cards": [
            {
                "uuid": "u",
                "summary": "s",
                "indicator": "info",
                "source": {"label": "l", "topic": {"system": "s", "code": "c"}},
            }
        ]
    }
    assert CDSResponse(cards=[]).to_wire() == {"cards": []}


def test_a_summary_has_at_most_139_characters():
    assert len(card(summary="é" * 139).summary) == 139
    with pytest.raises(ValidationError):
        card(summary="é" * 140)


@pytest.mark.parametrize(
    "members",
    [
        {"indicator": "hard-stop"},
        {"summary": ""},
        {"suggestions": []},
        {"links": []},
        {"suggestions": [Suggestion(label="l", uuid="u")]},
        {"unknown": 1},
    ],
)
def test_a_card_that_breaks_the_specification_cannot_be_made(members):
    with pytest.raises(ValidationError):
        card(**members)


def test_only_one_suggestion_is_recommended_unless_any_may_be_chosen():
    two = [Suggestion(label="a", uuid="1", is_recommended=True), Suggestion(label="b", uuid="2", is_recommended=True)]
    assert card(suggestions=two, selection_behavior="any")
    with pytest.raises(ValidationError):
        card(suggestions=two, selection_behavior="at-most-one")


@pytest.mark.parametrize(
    "members",
    [
        {"type": "create"},
        {"type": "update"},
        {"type": "delete"},
        {"type": "delete", "resource": {"resourceType": "X"}},
        {"type": "delete", "resource_id": "X/1", "resource": {"resourceType": "X"}},
        {"type": "create", "resource": {"resourceType": "X"}, "resource_id": "X/1"},
        {"type": "Create", "resource": {"resourceType": "X"}},
    ],
)
def test_an_action_carries_exactly_what_its_type_needs(members):
    with pytest.raises(ValidationError):
        Action(description="d", **members)


def test_app_context_stands_on_smart_links_only():
    assert Link(label="l", url="https://a", type="smart", app_context="x")
    with pytest.raises(ValidationError):
        Link(label="l", url="https://a", type="absolute", app_context="x")


def test_an_override_reason_has_a_display():
    with pytest.raises(ValidationError):
        OverrideReason(system="s", code="c")
