"""What is sent: checklist CH-003, CH-004, CH-091 … CH-128 and the published invariants cds-resp-1 … 6."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cds.hooks.response import Action, Card, CDSResponse, Coding, Link, OverrideReason, Source, Suggestion

SOURCE = Source(label="A guideline")


def card(**members):
    return Card(**{"uuid": "u", "summary": "s", "indicator": "info", "source": SOURCE, **members})


@pytest.mark.ch("CH-003", "CH-004", "CH-005", "CH-084", "CH-086")
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


@pytest.mark.ch("CH-092")
def test_a_summary_has_at_most_139_characters():
    assert len(card(summary="é" * 139).summary) == 139
    with pytest.raises(ValidationError):
        card(summary="é" * 140)


@pytest.mark.ch("CH-094", "CH-097", "CH-098", "CH-102")
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


@pytest.mark.ch("CH-113", "CH-114")
def test_only_one_suggestion_is_recommended_unless_any_may_be_chosen():
    two = [Suggestion(label="a", uuid="1", is_recommended=True), Suggestion(label="b", uuid="2", is_recommended=True)]
    assert card(suggestions=two, selection_behavior="any")
    with pytest.raises(ValidationError):
        card(suggestions=two, selection_behavior="at-most-one")


@pytest.mark.ch("CH-118", "CH-120", "CH-121", "CH-122", "CH-123")
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


@pytest.mark.ch("CH-125", "CH-127")
def test_app_context_stands_on_smart_links_only():
    assert Link(label="l", url="https://a", type="smart", app_context="x")
    with pytest.raises(ValidationError):
        Link(label="l", url="https://a", type="absolute", app_context="x")


@pytest.mark.ch("CH-101", "CH-110")
def test_an_override_reason_has_a_display():
    with pytest.raises(ValidationError):
        OverrideReason(system="s", code="c")


@pytest.mark.ch("CH-109")
@pytest.mark.parametrize("coding", [{"system": "s"}, {"code": "c"}, {"system": "", "code": "c"}])
def test_a_coding_has_system_and_code(coding):
    with pytest.raises(ValidationError):
        Coding(**coding)


@pytest.mark.ch("CH-095", "CH-103", "CH-104", "CH-106")
@pytest.mark.parametrize("source", [{}, {"label": ""}, {"label": "l", "url": "/page"}, {"label": "l", "icon": "i.png"}])
def test_a_source_has_a_label_and_absolute_addresses(source):
    with pytest.raises(ValidationError):
        Source(**source)


@pytest.mark.ch("CH-124", "CH-125")
@pytest.mark.parametrize(
    "link", [{"label": "l", "url": "page", "type": "absolute"}, {"url": "https://a", "type": "smart"}]
)
def test_a_link_has_a_label_and_an_absolute_address(link):
    with pytest.raises(ValidationError):
        Link(**link)


@pytest.mark.ch("CH-122")
@pytest.mark.parametrize("reference", ["m1", "https://ehr.example/fhir/MedicationRequest/m1"])
def test_what_is_to_be_deleted_is_named_by_a_relative_reference(reference):
    assert Action(type="delete", description="d", resource_id="MedicationRequest/m1")
    with pytest.raises(ValidationError):
        Action(type="delete", description="d", resource_id=reference)
