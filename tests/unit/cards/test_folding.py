"""A visual group of recommendations is one card that names each; what is more urgent or failed is not folded."""

from __future__ import annotations

from cds.cards.folding import FOLDED
from tests.unit.cards.test_cards_from_request_group import TOPICS, cards, create
from tests.unit.reasoning.fake_session import activity, failure, identifier, plan, when

WORDS = {"path": "payload[0].contentString", "expression": identifier("Words")}
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
            {"recommendation": "driving", "indicator": "info", "summary": "About driving"},
            {"recommendation": "donation", "branch": "start", "indicator": "info", "summary": "About donation.start"},
        ]
    }


def test_the_groups_own_words_come_first():
    (card,) = cards(plan(group(recommendation("a"), recommendation("b"), description="Give once.")))
    assert card["detail"].startswith("Give once.\n\n### About a")


def test_a_paragraph_that_several_share_is_written_once():
    shared = "No creatinine on record."
    first = recommendation("a") | {"description": f"{shared}\n\nRow one."}
    second = recommendation("b") | {"description": f"{shared}\n\nRow two."}
    (card,) = cards(plan(group(first, second)))
    assert card["detail"] == f"### About a\n\n{shared}\n\nRow one.\n\n### About b\n\nRow two."


def test_all_suggestions_of_the_folded_recommendations_are_offered():
    folded = group(
        recommendation("a", action=[create("one")]), recommendation("b"), recommendation("c", action=[create("two")])
    )
    (card,) = cards(plan(folded), activity("CommunicationRequest"))
    assert [suggestion["label"] for suggestion in card["suggestions"]] == ["ONE", "TWO"]
    assert card["selectionBehavior"] == "any"


def test_what_several_offer_alike_is_offered_once():
    folded = group(
        recommendation("a", action=[create("one")]),
        recommendation("b", action=[create("one"), create("two")]),
        recommendation("c", action=[create("one")]),
    )
    (card,) = cards(plan(folded), activity("CommunicationRequest"))
    assert [suggestion["label"] for suggestion in card["suggestions"]] == ["ONE", "TWO"]


def test_what_only_sounds_alike_is_offered_twice():
    folded = group(
        recommendation("a", action=[create("one")]),
        recommendation("b", action=[create("one", dynamicValue=[WORDS])]),
    )
    (card,) = cards(plan(folded), activity("CommunicationRequest"), values={"Words": "other"})
    assert [suggestion["label"] for suggestion in card["suggestions"]] == ["ONE", "ONE"]


def test_one_recommendation_alone_keeps_its_own_card():
    (card,) = cards(plan(group(recommendation("a"), recommendation("b", condition=when("F")))), values={"F": False})
    assert card["summary"] == "About a"
    assert card["source"]["topic"]["code"] == "a"
    assert "extension" not in card


def test_no_recommendation_is_no_card():
    assert cards(plan(group(recommendation("a", condition=when("F")))), values={"F": False}) == []


def test_a_group_folds_up_to_its_own_priority_and_is_as_urgent_as_its_most_urgent_part():
    parts = (recommendation("quiet"), recommendation("urgent", priority="urgent"))
    critical = recommendation("critical", priority="stat")
    found = cards(plan(group(*parts, critical, priority="urgent")))
    assert [(card["indicator"], card["source"]["topic"]["code"]) for card in found] == [
        ("critical", "critical"),
        ("warning", "information"),
    ]
    assert [entry["indicator"] for entry in found[1]["extension"][FOLDED]] == ["info", "warning"]


def test_a_group_that_may_be_urgent_is_information_where_only_information_applies():
    urgent = recommendation("urgent", priority="urgent", condition=when("F"))
    folded = group(recommendation("a"), recommendation("b"), urgent, priority="urgent")
    (card,) = cards(plan(folded), values={"F": False})
    assert card["indicator"] == "info"


def test_a_group_can_name_the_missing_result_in_its_title():
    title = {"path": "title", "expression": identifier("Missing")}
    folded = group(recommendation("a"), recommendation("b"), dynamicValue=[title])
    (card,) = cards(plan(folded), values={"Missing": "No creatinine on record"})
    assert card["summary"] == "No creatinine on record"


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
