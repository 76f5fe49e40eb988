"""The user's choice among the actions of an applied plan: every behaviour of R4, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from cds.content.artifact import Artifact
from cds.errors import BadRequest
from cds.reasoning.choices import choose
from cds.reasoning.planned_actions import MAX_DEPTH
from cds.reasoning.results import bundle, care_plan
from tests.unit.reasoning.fake_session import BASE, activity, definition, plan, when

INCOMPLETE = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "error"}


def leaf(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "resource": {"reference": f"#{name}-request"}, **more}


def group(name: str, *actions: dict, **more: Any) -> dict[str, Any]:
    return {"id": name, "action": list(actions), **more}


def requests_below(actions: Any) -> list[dict[str, Any]]:
    found = []
    for action in actions:
        if action.get("resource", {}).get("reference") == f"#{action['id']}-request":
            found.append(
                {"resourceType": "ServiceRequest", "id": f"{action['id']}-request", "status": "draft"}
                | {"intent": "option", "subject": {"reference": "Patient/p1"}}
            )
        found += requests_below(action.get("action", ()))
    return found


def offered(*actions: dict, contained: tuple[dict, ...] = ()) -> dict[str, Any]:
    return {
        "resourceType": "RequestGroup",
        "id": "rg",
        "status": "draft",
        "intent": "proposal",
        "contained": [*requests_below(actions), *contained],
        "action": list(actions),
    }


def taken(result: dict[str, Any], *chosen: str, **options: Any) -> list[str]:
    """The ids of the actions whose requests come out."""
    made = choose(result, chosen, **options)
    return [one.resource["id"].removesuffix("-request") for one in made if one.resource is not None]


def refused(result: dict[str, Any], *chosen: str, **options: Any) -> BadRequest:
    with pytest.raises(BadRequest) as refusal:
        choose(result, chosen, **options)
    return refusal.value


NUMBERS = {
    "any": {0, 1, 2, 3},
    "all": {3},
    "all-or-none": {0, 3},
    "exactly-one": {1},
    "at-most-one": {0, 1},
    "one-or-more": {1, 2, 3},
}


@pytest.mark.pd("PD-111", "PD-117")
@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("behaviour", NUMBERS)
def test_a_group_allows_as_many_of_its_actions_as_its_selection_behaviour_says(behaviour, number):
    result = offered(group("g", leaf("a"), leaf("b"), leaf("c"), selectionBehavior=behaviour), leaf("other"))
    chosen = ["a", "b", "c"][:number]
    if number in NUMBERS[behaviour]:
        assert taken(result, *chosen, "other") == [*chosen, "other"]
    else:
        refusal = refused(result, *chosen, "other")
        assert str(refusal).startswith("the action g: ")
        assert f"selectionBehavior is {behaviour}" in str(refusal)
        assert refusal.expressions == ("RequestGroup.action[0]",)


@pytest.mark.pd("PD-114", "PD-117")
@pytest.mark.parametrize(
    ("behaviour", "documented", "allowed"),
    [
        ("could", [], True),
        ("must", [], False),
        ("must", ["a"], False),
        ("must-unless-documented", [], False),
        ("must-unless-documented", ["a"], True),
        ("must-unless-documented", ["b"], False),
    ],
)
def test_what_is_required_may_be_left_out_only_as_its_behaviour_says(behaviour, documented, allowed):
    result = offered(leaf("a", requiredBehavior=behaviour), leaf("b"))
    assert taken(result, "a", "b", documented=documented) == ["a", "b"]
    if allowed:
        assert taken(result, "b", documented=documented) == ["b"]
    else:
        refusal = refused(result, "b", documented=documented)
        assert str(refusal).startswith("the action a: ")
        assert f"requiredBehavior is {behaviour}" in str(refusal)


@pytest.mark.pd("PD-116", "PD-117")
@pytest.mark.parametrize(
    ("more", "allowed"),
    [({"cardinalityBehavior": "multiple"}, True), ({"cardinalityBehavior": "single"}, False), ({}, False)],
)
def test_an_action_is_chosen_several_times_only_where_its_cardinality_is_multiple(more, allowed):
    result = offered(leaf("a", **more))
    if allowed:
        assert taken(result, "a", "a") == ["a", "a"]
    else:
        assert "cardinalityBehavior" in str(refused(result, "a", "a"))


@pytest.mark.pd("PD-113", "PD-117")
@pytest.mark.parametrize("behaviour", ["visual-group", "logical-group", "sentence-group"])
def test_how_a_group_is_shown_and_preselected_decides_nothing(behaviour):
    result = offered(group("g", leaf("a", precheckBehavior="yes"), leaf("b"), groupingBehavior=behaviour), leaf("c"))
    assert taken(result, "b") == ["b"]
    assert taken(result, "a", "b") == ["a", "b"]
    assert taken(result, "c") == ["c"]


@pytest.mark.pd("PD-117")
@pytest.mark.parametrize("behaviour", ["all", "all-or-none"])
def test_the_id_of_a_unit_stands_for_all_its_actions(behaviour):
    result = offered(group("g", leaf("a"), leaf("b"), selectionBehavior=behaviour))
    assert taken(result, "g") == ["a", "b"]
    assert "1 of its 2" in str(refused(result, "g", "a"))


@pytest.mark.parametrize("more", [{}, {"selectionBehavior": "exactly-one"}, {"selectionBehavior": "any"}])
def test_the_id_of_another_group_does_not_say_which_actions_are_meant(more):
    result = offered(group("g", leaf("a"), leaf("b"), **more))
    assert str(refused(result, "g")).startswith("the action g: name the chosen actions")
    assert taken(result, "g", "b") == ["b"]


def test_a_group_inside_one_that_may_be_left_out_counts_only_when_something_of_it_is_chosen():
    one = group("one", leaf("a"), leaf("b"), selectionBehavior="all")
    two = group("two", leaf("c"), leaf("d", requiredBehavior="must"))
    result = offered(group("g", one, two, selectionBehavior="exactly-one"))
    assert taken(result, "a", "b") == ["a", "b"]
    assert taken(result, "d") == ["d"]
    assert str(refused(result, "c")).startswith("the action d: ")
    assert str(refused(result, "a", "b", "d")).startswith("the action g: ")


@pytest.mark.parametrize(
    ("outer", "allowed"), [({"requiredBehavior": "could"}, True), ({"selectionBehavior": "any"}, True), ({}, False)]
)
def test_a_group_that_asks_for_a_choice_may_be_passed_over_only_where_something_says_so(outer, allowed):
    inner = group("inner", leaf("a"), leaf("b"), selectionBehavior="one-or-more")
    result = offered(group("outer", inner, **outer), leaf("c"))
    if allowed:
        assert taken(result, "c") == ["c"]
    else:
        assert str(refused(result, "c")).startswith("the action inner: ")


@pytest.mark.pd("PD-117")
def test_an_id_that_nobody_offered_or_that_several_have_is_refused_and_not_repeated():
    nested = {"resourceType": "RequestGroup", "id": "in", "action": [leaf("a")]}
    result = offered(leaf("a"), {"id": "n", "resource": {"reference": "#in"}}, leaf("b"), contained=(nested,))
    unknown = refused(result, "b", "zzz")
    assert (unknown.expressions, "zzz" in str(unknown)) == (("chosen[1]",), False)
    assert refused(result, "b", documented=["zzz"]).expressions == ("documented[0]",)
    assert "several" in str(refused(result, "a"))


def test_a_nested_plan_is_chosen_by_its_actions_and_is_entered_once():
    nested = {"resourceType": "RequestGroup", "id": "in", "action": [leaf("x"), leaf("y")]}
    into = {"id": "n", "selectionBehavior": "at-most-one", "resource": {"reference": "#in"}}
    contained = (nested, *requests_below(nested["action"]))
    assert taken(offered(into, contained=contained), "y") == ["y"]
    assert str(refused(offered(into, contained=contained), "x", "y")).startswith("the action n: ")
    again = offered(into, into | {"id": "m"}, contained=contained)
    assert "more than once" in str(refused(again, "y"))


@pytest.mark.parametrize(("levels", "allowed"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False), (5000, False)])
def test_plans_in_plans_are_followed_as_deep_as_they_are_applied(levels, allowed):
    inner = [
        {
            "resourceType": "RequestGroup",
            "id": f"g{n}",
            "action": [{"id": f"n{n}", "resource": {"reference": f"#g{n + 1}"}}],
        }
        for n in range(1, levels - 1)
    ]
    last = {"resourceType": "RequestGroup", "id": f"g{levels - 1}", "action": [leaf("x")]}
    contained = (*inner, last, *requests_below([leaf("x")]))
    result = offered({"id": "n0", "resource": {"reference": "#g1"}}, contained=contained)
    if allowed:
        assert taken(result, "x") == ["x"]
    else:
        assert "deeper" in str(refused(result, "x"))


@pytest.mark.pd("PD-140")
def test_what_could_not_be_worked_out_cannot_be_chosen_and_what_is_beside_it_can():
    half = group("half", leaf("a"), selectionBehavior="all", extension=[INCOMPLETE])
    result = offered(group("g", half, leaf("b"), extension=[INCOMPLETE]), leaf("c", extension=[INCOMPLETE]))
    assert str(refused(result, "a", "b")).startswith("the action half: ")
    assert str(refused(result, "c", "a")).startswith("the action half: ")
    beside = offered(group("g", leaf("b"), extension=[INCOMPLETE]), leaf("c", extension=[INCOMPLETE]))
    assert taken(beside, "b") == ["b"]
    assert str(refused(beside, "c")).startswith("the action c: ")


@pytest.mark.pd("PD-067", "PD-117")
@pytest.mark.parametrize("intent", ["proposal", "plan", "order"])
def test_an_option_gets_the_intent_of_the_call(intent):
    (one,) = choose(offered(leaf("a")), ["a"], intent=intent)
    assert (one.method, one.url, one.resource["intent"]) == ("POST", "ServiceRequest", intent)
    assert one.resource["status"] == "draft"


def test_the_intent_is_a_proposal_unless_the_call_says_otherwise_and_one_of_three():
    (one,) = choose(offered(leaf("a")), ["a"])
    assert one.resource["intent"] == "proposal"
    assert refused(offered(leaf("a")), "a", intent="option").expressions == ("intent",)


def changing(kind: str) -> dict[str, Any]:
    return {
        "id": kind,
        "title": kind,
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/action-type", "code": kind}]},
        "extension": [
            {
                "url": f"{BASE}/StructureDefinition/action-target",
                "valueExpression": {"language": "text/cql-identifier", "expression": "Target"},
            }
        ],
    }


ORDER = {
    "resourceType": "ServiceRequest",
    "id": "o7",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/p1"},
}


def applied_changes(apply: Any, *kinds: str) -> Any:
    actions = [changing(kind) for kind in kinds]
    for action in actions:
        if action["id"] == "update":
            action["definitionCanonical"] = definition()
    return apply(
        plan(*actions), activity("ServiceRequest"), values={"Target": ORDER}, received={"ServiceRequest/o7": ORDER}
    )


@pytest.mark.pd("PD-117", "PD-228")
@pytest.mark.parametrize("form", ["bundle", "careplan"])
def test_an_update_keeps_id_and_intent_of_the_order_that_it_changes(apply, form):
    applied = applied_changes(apply, "update")
    result = bundle(applied) if form == "bundle" else care_plan(applied, Artifact(plan(), "", ""))
    (one,) = choose(result, ["update"], intent="plan")
    assert (one.method, one.url) == ("PUT", "ServiceRequest/o7")
    assert (one.resource["id"], one.resource["intent"]) == ("o7", "order")
    assert "extension" not in one.resource


@pytest.mark.pd("PD-117")
def test_a_removal_names_the_order_and_one_order_is_not_changed_twice(apply):
    result = bundle(applied_changes(apply, "remove", "update"))
    (one,) = choose(result, ["remove"])
    assert (one.method, one.url, one.resource) == ("DELETE", "ServiceRequest/o7", None)
    assert "same resource" in str(refused(result, "remove", "update"))


def test_a_change_that_does_not_say_of_what_is_refused():
    for kind in ("update", "remove"):
        action = leaf("a", type={"coding": [{"code": kind}]})
        assert f"it {kind}s" in str(refused(offered(action), "a"))


@pytest.mark.pd("PD-117")
def test_what_is_chosen_refers_to_nothing_that_stays_behind(apply):
    made = plan(
        {"id": "a", "title": "A", "goalId": ["g"], "definitionCanonical": definition()},
        {"id": "b", "title": "B", "condition": when("No")},
        goal=[{"id": "g", "description": {"text": "goal"}}],
    )
    applied = apply(made, activity("ServiceRequest", code={"text": "eGFR"}))
    assert "extension" in bundle(applied)["entry"][1]["resource"]
    (one,) = choose(bundle(applied), ["a"], intent="order")
    assert "extension" not in one.resource
    assert one.resource["code"] == {"text": "eGFR"}


def test_an_action_without_a_request_and_a_result_without_a_group_are_refused():
    assert "no request" in str(refused(offered({"id": "t", "resource": {"reference": "#gone"}}), "t"))
    assert refused({"resourceType": "Bundle"}, "t").expressions == ("Bundle",)
    assert refused({"resourceType": "CarePlan"}, "t").expressions == ("CarePlan",)
    both = leaf("a", action=[leaf("b")])
    assert "rqg-1" in str(refused(offered(both), "b"))
