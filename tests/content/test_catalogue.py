"""Every guideline says what its catalogue says: all of it, on the same hooks, as urgently, with the same section."""

import pytest

from tests.content.guideline import INDICATOR, Guideline

WHOLE = [Guideline(name) for name in ("dk-denosumab", "nl-lenalidomide", "no-venetoclax")]
GUIDELINES = [*WHOLE, Guideline("no-myeloma")]
EACH = [
    pytest.param(guideline, recommendation, id=f"{guideline.id}-{recommendation}")
    for guideline in GUIDELINES
    for recommendation in guideline.recommendations
]


@pytest.mark.parametrize("guideline", WHOLE, ids=lambda guideline: guideline.id)
def test_no_recommendation_of_the_catalogue_is_missing(guideline):
    assert sorted(guideline.recommendations) == sorted(guideline.catalogue)


@pytest.mark.parametrize(("guideline", "recommendation"), EACH)
def test_a_recommendation_has_cases_that_fire_and_cases_that_do_not(guideline, recommendation):
    code = f"{guideline.id}-{recommendation}"
    expected = [case["expect"] for case in guideline.cases_of(recommendation)]
    assert any(code in _recommendations(one.get("fires", ()), one.get("fires_only", ())) for one in expected)
    assert any(code in one.get("silent", ()) or code not in one.get("fires_only", [code]) for one in expected)


def _recommendations(*lists):
    return {name.partition(".")[0] for names in lists for name in names}


@pytest.mark.parametrize(("guideline", "recommendation"), EACH)
def test_a_recommendation_answers_the_hooks_of_the_catalogue(guideline, recommendation):
    hooks = {trigger["name"] for action in guideline.actions_of(recommendation) for trigger in action["trigger"]}
    assert hooks == set(guideline.catalogue[recommendation]["hooks"])


@pytest.mark.parametrize(("guideline", "recommendation"), EACH)
def test_the_main_card_has_the_indicator_and_the_section_of_the_catalogue(guideline, recommendation):
    main, entry = guideline.main_action_of(recommendation), guideline.catalogue[recommendation]
    assert INDICATOR[main["priority"]] == entry["card"]["indicator"]
    assert main["documentation"][0]["label"] == entry["section"]
