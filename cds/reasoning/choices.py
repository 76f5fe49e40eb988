"""What the user chose of an applied plan: checked against the behaviours of its groups, then the requests (PD-117).

The input is the result of $apply as it travels: RequestGroup, Bundle or CarePlan, valid R4. The behaviours are those of
https://hl7.org/fhir/R4/valueset-action-selection-behavior.html, action-required-behavior and
action-cardinality-behavior; groupingBehavior and precheckBehavior are for display and decide nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from cds.errors import BadRequest
from cds.fhir.bundles import resources_of
from cds.fhir.elements import codings_of, object_at, objects_at
from cds.fhir.references import is_id, parse_reference
from cds.reasoning.actions import is_not_computed
from cds.reasoning.planned_actions import MAX_DEPTH
from cds.reasoning.results import UPDATE_OF

INTENTS = ("proposal", "plan", "order")
# What may be chosen in a group, from how many of its actions are chosen and how many it offers.
_SELECTIONS: Mapping[str, Callable[[int, int], bool]] = MappingProxyType(
    {
        "any": lambda _chosen, _offered: True,
        "all": lambda chosen, offered: chosen == offered,
        "all-or-none": lambda chosen, offered: chosen in (0, offered),
        "exactly-one": lambda chosen, _offered: chosen == 1,
        "at-most-one": lambda chosen, _offered: chosen <= 1,
        "one-or-more": lambda chosen, _offered: chosen >= 1,
    }
)
# Groups that are taken whole: their own id stands for all their actions.
_UNITS = frozenset({"all", "all-or-none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenRequest:
    """What a choice asks for, as a FHIR interaction: POST, PUT with the EHR's own id, or DELETE without a resource."""

    method: Literal["POST", "PUT", "DELETE"]
    url: str
    resource: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    """An action of the result with those below it, through nested RequestGroups; `path` is its FHIRPath."""

    action: Mapping[str, Any]
    path: str
    below: tuple[_Offer, ...]

    @property
    def id(self) -> str | None:
        return self.action.get("id")

    @property
    def selection(self) -> str:
        """The selection behaviour; a group without one leaves everything open (PD-222)."""
        return str(self.action.get("selectionBehavior", "any"))

    def walk(self) -> Iterator[_Offer]:
        """Yield the action and all below it, in order."""
        yield self
        for child in self.below:
            yield from child.walk()

    def refusal(self, why: str) -> BadRequest:
        """Return the refusal that names the action, unless its id is none that may be repeated."""
        name = f"the action {self.id}" if is_id(self.id) else "an action"
        return BadRequest(f"{name}: {why}", expression=self.path)


def choose(
    result: Mapping[str, Any],
    chosen: Sequence[str],
    *,
    intent: str = "proposal",
    documented: Sequence[str] = (),
) -> list[ChosenRequest]:
    """Return the requests of the chosen actions, in the order of the result.

    `chosen` are ids of actions; the id of a group stands for all its actions where they are taken as a unit. What is
    made gets `intent`, where its kind has one; what updates an order of the EHR keeps that order's intent and id.
    `documented` are ids of actions with `must-unless-documented` whose omission the caller has documented.

    Raises `BadRequest` that names the action and the rule which the choice contradicts.
    """
    if intent not in INTENTS:
        msg = f"intent is one of {', '.join(INTENTS)}"
        raise BadRequest(msg, expression="intent")
    group, resources = _parts(result)
    offers = _offers(group, resources, "RequestGroup", {str(group.get("id"))})
    choice = _Choice(offers, chosen, documented)
    choice.check()
    return list(_requests(choice, resources, intent))


def _parts(result: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Mapping[str, Any]]]:
    """Return the RequestGroup of a result, and what its actions may refer to, by reference."""
    if result["resourceType"] == "Bundle":
        entries = list(resources_of(result))
        resources = {f"{one['resourceType']}/{one['id']}": one for one in entries if "id" in one}
    else:
        entries = [dict(result), *objects_at(result, "contained")]
        resources = {f"#{one['id']}": one for one in entries[1:] if "id" in one}
    if result["resourceType"] == "CarePlan":
        activities = (object_at(one, "reference").get("reference", "") for one in objects_at(result, "activity"))
        entries = [resources[one] for one in activities if one in resources]
    group = next((one for one in entries if one["resourceType"] == "RequestGroup"), None)
    if group is None:
        msg = "there is no RequestGroup in what was sent: send the result of $apply"
        raise BadRequest(msg, expression=str(result["resourceType"]))
    return group, resources


def _offers(
    group: Mapping[str, Any], resources: Mapping[str, Mapping[str, Any]], path: str, entered: set[str]
) -> tuple[_Offer, ...]:
    """Return the actions of a RequestGroup or of an action; `entered` are the RequestGroups met so far."""
    offers = []
    for index, action in enumerate(objects_at(group, "action")):
        here = f"{path}.action[{index}]"
        if here.count("action[") > MAX_DEPTH:
            msg = f"actions are nested deeper than {MAX_DEPTH} levels"
            raise BadRequest(msg, expression="RequestGroup.action")
        below = _offers(action, resources, here, entered)
        nested = resources.get(_reference(action))
        offer = _Offer(action=action, path=here, below=below)
        if below and "resource" in action:
            raise offer.refusal("it has both a resource and actions (rqg-1)")
        if nested is not None and nested["resourceType"] == "RequestGroup":
            if str(nested["id"]) in entered:
                raise offer.refusal("the RequestGroup that it refers to is referred to more than once")
            entered.add(str(nested["id"]))
            below = _offers(nested, resources, f"{here}.resource.resolve()", entered)
            offer = _Offer(action=action, path=here, below=below)
        offers.append(offer)
    return tuple(offers)


class _Choice:
    """How often each offer is chosen, by its path, and the check of the behaviours."""

    def __init__(self, offers: tuple[_Offer, ...], chosen: Sequence[str], documented: Sequence[str]) -> None:
        self.offers = [one for offer in offers for one in offer.walk()]
        self._top = offers
        self._ids: dict[str, list[_Offer]] = defaultdict(list)
        for offer in self.offers:
            self._ids[str(offer.id)].append(offer)
        self._times = Counter(self._meant(name, f"chosen[{index}]").path for index, name in enumerate(chosen))
        self._documented = {self._meant(name, f"documented[{index}]").path for index, name in enumerate(documented)}
        for offer in self.offers:
            if self.times(offer) > 1 and offer.action.get("cardinalityBehavior") != "multiple":
                raise offer.refusal("chosen more than once, but its cardinalityBehavior is not multiple")
        for offer in self.offers:
            self._spread(offer)

    def _meant(self, name: str, place: str) -> _Offer:
        """Return the one action with this id."""
        found = self._ids.get(name, ())
        if len(found) != 1:
            several = "several actions have this id: apply the plan with mergeNestedCarePlans"
            raise BadRequest(several if found else "no action of the RequestGroup has this id", expression=place)
        return found[0]

    def times(self, offer: _Offer) -> int:
        """Return how often the action is chosen, itself or with the group that it is a part of."""
        return self._times[offer.path]

    def check(self) -> None:
        """Raise `BadRequest` for the first rule that the choice contradicts."""
        self._check_members(self._top, open_below=True)

    def _spread(self, offer: _Offer) -> None:
        """Let a chosen group that is a unit stand for its actions; of any other, nobody knows which are meant."""
        times = self.times(offer)
        if times and offer.below and not any(self._is_taken(child) for child in offer.below):
            if offer.selection not in _UNITS:
                why = f"name the chosen actions of this group, its selectionBehavior is {offer.selection}"
                raise offer.refusal(why)
            for child in offer.below:
                self._times[child.path] = times

    def _is_taken(self, offer: _Offer) -> bool:
        return any(self.times(one) for one in offer.walk())

    def _check_members(self, members: Sequence[_Offer], *, open_below: bool) -> None:
        """Check the actions of a group that counts.

        A group among them counts when something of it is chosen, or when nothing above it says that it may be left
        out (`open_below`) and it does not say so itself by `could`.
        """
        for offer in members:
            required = offer.action.get("requiredBehavior")
            is_taken = self._is_taken(offer)
            if not is_taken and required == "must":
                raise offer.refusal("it may not be left out, its requiredBehavior is must")
            if not is_taken and required == "must-unless-documented" and offer.path not in self._documented:
                why = "it may be left out with a documented reason only, its requiredBehavior is must-unless-documented"
                raise offer.refusal(why)
            is_expected = open_below and required in (None, "must")
            if offer.below and (is_taken or is_expected):
                self._check_group(offer)
                self._check_members(offer.below, open_below="selectionBehavior" not in offer.action)
            if is_taken and is_not_computed(offer.action) and (not offer.below or offer.selection in _UNITS):
                raise offer.refusal("a part of it could not be worked out: it cannot be chosen (data-absent-reason)")

    def _check_group(self, offer: _Offer) -> None:
        allows = _SELECTIONS.get(offer.selection)
        if allows is None:
            why = f"R4's selectionBehavior is one of {', '.join(_SELECTIONS)}"
            raise offer.refusal(why)
        chosen, offered = sum(self._is_taken(child) for child in offer.below), len(offer.below)
        if not allows(chosen, offered):
            why = f"{chosen} of its {offered} actions are chosen, but its selectionBehavior is {offer.selection}"
            raise offer.refusal(why)


def _requests(choice: _Choice, resources: Mapping[str, Mapping[str, Any]], intent: str) -> Iterator[ChosenRequest]:
    changed: set[str] = set()
    for offer in choice.offers:
        if offer.below or not choice.times(offer):
            continue
        request = _request(offer, resources, intent)
        if request.method == "POST":
            yield from [request] * choice.times(offer)
            continue
        if request.url in changed or choice.times(offer) > 1:
            raise offer.refusal("another chosen action changes the same resource: choose one of them")
        changed.add(request.url)
        yield request


def _request(offer: _Offer, resources: Mapping[str, Mapping[str, Any]], intent: str) -> ChosenRequest:
    """Return the request of one action; raises `BadRequest` when it does not say what to do."""
    reference = _reference(offer.action)
    resource, outer = resources.get(reference), parse_reference(reference)
    types = {coding.get("code") for coding in codings_of(offer.action.get("type"))}
    if "remove" in types:
        if resource is not None or outer is None:
            raise offer.refusal("it does not name the resource that it removes")
        return ChosenRequest(method="DELETE", url=outer.literal, resource=None)
    if resource is None or resource["resourceType"] == "RequestGroup":
        raise offer.refusal("there is no request for it in what was sent")
    made, updates = _without_local(resource, resources)
    if updates is None:
        if "update" in types:
            raise offer.refusal("it does not name the resource that it updates")
        final = {**made, "intent": intent} if "intent" in made else made
        return ChosenRequest(method="POST", url=str(made["resourceType"]), resource=final)
    said = {one["url"]: one for one in objects_at(updates, "extension")}
    target = parse_reference(object_at(said.get("resource"), "valueReference").get("reference"))
    if target is None or target.type != made["resourceType"]:
        raise offer.refusal("it does not name the resource that it updates")
    made.pop("intent", None)
    own = object_at(said, "intent").get("valueCode")
    final = {**made, "id": target.id} | ({"intent": own} if own else {})
    return ChosenRequest(method="PUT", url=target.literal, resource=final)


def _without_local(
    resource: Mapping[str, Any], resources: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
    """Return the resource without extensions about the result, such as a proposed Goal, and the one on its update."""
    extensions = objects_at(resource, "extension")
    updates = next((one for one in extensions if one["url"] == UPDATE_OF), None)
    kept = [
        one
        for one in extensions
        if one is not updates and object_at(one, "valueReference").get("reference") not in resources
    ]
    rest = {name: value for name, value in resource.items() if name != "extension"}
    return rest | ({"extension": kept} if kept else {}), updates


def _reference(action: Mapping[str, Any]) -> str:
    return str(object_at(action, "resource").get("reference", ""))
