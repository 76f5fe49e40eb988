"""A visual group of recommendations is one card that names each of them; what is urgent or failed is not folded."""

from __future__ import annotations

from tests.unit.cards.test_cards_from_request_group import TOPICS, cards, create
from tests.unit.reasoning.fake_session import activity, failure, plan, when

GROUP_TOPIC = {"system": "https://example.org/groups", "code": "information"}


def recommendation(name: str, **others) -> dict:
    code = [{"coding": [{"system": TOPICS, "code": name.partition(".")[0]}]}]
    return {"id": name, "title": f"About {name}", "description": f"Why {name}.", "code": code, **others}


def group(*children: dict, **others) -> dict:
    return {
        "id": "information",
        "title": "Information for every patient",
        "code": [{"coding": [GROUP_TOPIC]}],
        "groupingBehavior": "visual-group",
        "action": list(children),
        **others,
    }


def test_several_recommendations_are_one_card_with_a_heading_each():
    (card,) = cards(plan(group(recommendation("driving"), recommendation("donation.start"))))
    assert card["summary"] == "Information for every patient"
    assert card["indicator"] == "info"
    assert card["source"]["topic"] == GROUP_TOPIC
    assert card["detail"] == "### About driving\n\nWhy driving.\n\n### About donation.start\n\nWhy donation.start."
    assert card["extension"] == {
        "org.example.fhir-cds.folded": [
            {"recommendation": "driving", "summary": "About driving"},
            {"recommendation": "donation", "branch": "start", "summary": "About donation.start"},
        ]
    }


def test_the_groups_own_words_come_first():
    (card,) = cards(plan(group(recommendation("a"), recommendation("b"), description="Give once.")))
    assert card["detail"].startswith("Give once.\n\n### About a")


def test_all_suggestions_of_the_folded_recommendations_are_offered():
    folded = group(
        recommendation("a", action=[create("one")]), recommendation("b"), recommendation("c", action=[create("two")])
    )
    (card,) = cards(plan(folded), activity("CommunicationRequest"))
    assert [suggestion["label"] for suggestion in card["suggestions"]] == ["ONE", "TWO"]
    assert card["selectionBehavior"] == "any"


def test_one_recommendation_alone_keeps_its_own_card():
    (card,) = cards(plan(group(recommendation("a"), recommendation("b", condition=when("F")))), values={"F": False})
    assert card["summary"] == "About a"
    assert card["source"]["topic"]["code"] == "a"
    assert "extension" not in card


def test_no_recommendation_is_no_card():
    assert cards(plan(group(recommendation("a", condition=when("F")))), values={"F": False}) == []


def test_what_is_more_urgent_than_information_is_not_folded():
    urgent = recommendation("urgent", priority="urgent")
    found = cards(plan(group(recommendation("a"), urgent, recommendation("b"))))
    assert [(card["indicator"], card["summary"]) for card in found] == [
        ("warning", "About urgent"),
        ("info", "Information for every patient"),
    ]


def test_a_folded_recommendation_that_failed_is_told():
    broken = recommendation("broken", condition=when("E"))
    found = cards(plan(group(recommendation("a"), broken)), values={"E": failure("division by zero")})
    assert found[0]["summary"].startswith("1 recommendation could not be evaluated")
    assert found[0]["detail"].count("About broken") == 1


def test_a_titled_group_of_suggestions_stays_a_card_with_suggestions():
    action = {"id": "a", "title": "A", "groupingBehavior": "visual-group", "action": [create("one"), create("two")]}
    (card,) = cards(plan(action), activity("CommunicationRequest"))
    assert card["summary"] == "A"
    assert [suggestion["label"] for suggestion in card["suggestions"]] == ["ONE", "TWO"]
