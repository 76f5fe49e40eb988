"""Which actions of a plan are recommendations: the top ones, and those that a visual group folds."""

from __future__ import annotations

from cds.content.walk import is_fold, recommendations

CODED = {"id": "a", "code": [{"text": "a"}]}
GROUP = {"id": "g", "title": "G", "groupingBehavior": "visual-group", "action": [CODED, {"id": "b"}]}


def test_a_titled_visual_group_of_coded_actions_is_a_fold():
    assert is_fold(GROUP)


def test_any_other_group_holds_suggestions():
    assert not is_fold({name: value for name, value in GROUP.items() if name != "title"})
    assert not is_fold(GROUP | {"groupingBehavior": "logical-group"})
    assert not is_fold(GROUP | {"action": [{"id": "b"}]})
    assert not is_fold({"title": "G", "groupingBehavior": "visual-group"})


def test_recommendations_are_the_top_actions_and_those_of_folds_with_their_paths():
    plan = {"action": [{"id": "t", "action": [{"id": "suggestion"}]}, GROUP]}
    assert [(path, action["id"]) for path, action in recommendations(plan)] == [
        ("action[0]", "t"),
        ("action[1].action[0]", "a"),
        ("action[1].action[1]", "b"),
    ]
