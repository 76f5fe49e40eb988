"""The suggestions of a card: child actions of the RequestGroup action, and what accepting them does (PD-222 … 229)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cds.hooks.response import Action, Suggestion
from cds.reasoning.actions import is_not_computed
from cds.reasoning.call import Made

_ORDER_HOOKS = frozenset({"order-select", "order-sign", "order-dispatch", "medication-refill"})
_TYPES: Mapping[str, Literal["create", "update", "delete"]] = {
    "create": "create",
    "update": "update",
    "remove": "delete",
}
_ONE_OF = frozenset({"at-most-one", "exactly-one"})
_TOGETHER = frozenset({"all", "all-or-none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a card offers: `lost` counts the suggestions that could not be worked out and are not offered."""

    suggestions: list[Suggestion]
    selection: Literal["at-most-one", "any"]
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionMaker:
    """Makes the suggestions of one answer; `new_id` gives their uuids."""

    made: Mapping[str, Made]
    hook: str | None
    new_id: Callable[[], str]

    def offer(self, action: Mapping[str, Any]) -> Offer:
        """Return the suggestions of the action that is a card.

        Each child is one; with the selection behaviour `all` they are one together; an action that has a resource and
        no children is its own suggestion (PD-226).
        """
        behaviour = action.get("selectionBehavior")
        selection: Literal["at-most-one", "any"] = "at-most-one" if behaviour in _ONE_OF else "any"
        children = action.get("action", ())
        if behaviour in _TOGETHER or not children:
            children = (action,) if children or "resource" in action else ()
        whole = [child for child in children if not _is_incomplete(child, self.made)]
        suggestions = [self._suggestion(child) for child in whole]
        if selection == "at-most-one":
            suggestions = _one_recommended(suggestions)
        lost = len(children) - len(whole) + (1 if not children and is_not_computed(action) else 0)
        return Offer(suggestions=suggestions, selection=selection, lost=lost)

    def priority(self, action: Mapping[str, Any]) -> str | None:
        """Return the priority of the resource that the action itself points to (PD-219)."""
        made = self.made.get(action.get("resource", {}).get("reference", ""))
        priority: str | None = made.resource.get("priority") if made is not None and made.resource else None
        return priority

    def _suggestion(self, action: Mapping[str, Any]) -> Suggestion:
        leaves = [(leaf, self.made[leaf["resource"]["reference"]]) for leaf in _leaves(action, self.made)]
        label = _text(action) or next((text for leaf, made in leaves if (text := _text(leaf) or made.title)), None)
        actions = [self._action(leaf, made, label) for leaf, made in leaves]
        return Suggestion(
            label=label or action["id"],
            uuid=self.new_id(),
            is_recommended=True if action.get("precheckBehavior") == "yes" else None,
            actions=actions or None,
        )

    def _action(self, leaf: Mapping[str, Any], made: Made, label: str | None) -> Action:
        described = leaf.get("description") or leaf.get("title") or made.title or label or leaf["id"]
        if made.type == "remove":
            return Action(type="delete", description=described, resource_id=made.reference)
        return Action(type=_TYPES[made.type], description=described, resource=self._resource(made))

    def _resource(self, made: Made) -> dict[str, Any]:
        """Return the resource with the intent it shall have when the user takes it (PD-067, PD-228)."""
        resource = dict(made.resource or {})
        if made.target is not None:
            resource["id"] = made.target["id"]
        intent = made.intent or (None if made.target is not None else self._default_intent())
        if "intent" in resource:
            resource |= {"intent": intent}
            if intent is None:
                del resource["intent"]
        extensions = [one for one in resource.get("extension", ()) if not _is_local(one)]
        resource.pop("extension", None)
        return resource | ({"extension": extensions} if extensions else {})

    def _default_intent(self) -> str:
        return "order" if self.hook in _ORDER_HOOKS else "proposal"


def _leaves(action: Mapping[str, Any], made: Mapping[str, Made]) -> Iterator[Mapping[str, Any]]:
    """Yield the actions below (or the action itself) that have a resource, through nested RequestGroups."""
    if "resource" in action:
        group = nested_group(action, made)
        if group is None:
            yield action
        for child in (group or {}).get("action", ()):
            yield from _leaves(child, made)
    for child in action.get("action", ()):
        yield from _leaves(child, made)


def nested_group(action: Mapping[str, Any], made: Mapping[str, Made]) -> Mapping[str, Any] | None:
    """Return the RequestGroup that the action points to, None when it points to anything else (PD-232)."""
    target = made.get(action.get("resource", {}).get("reference", ""))
    if target is None or target.resource is None or target.resource["resourceType"] != "RequestGroup":
        return None
    return target.resource


def _is_incomplete(action: Mapping[str, Any], made: Mapping[str, Made]) -> bool:
    """Tell whether any part could not be computed: half a suggestion is not a suggestion (PD-140)."""
    if is_not_computed(action):
        return True
    below = (*action.get("action", ()), *(nested_group(action, made) or {}).get("action", ()))
    return any(_is_incomplete(child, made) for child in below)


def _one_recommended(suggestions: list[Suggestion]) -> list[Suggestion]:
    """Keep the first recommendation only, where only one suggestion may be taken (PD-229)."""
    first = next((one for one in suggestions if one.is_recommended), None)
    others = (one for one in suggestions if one is not first)
    if not any(one.is_recommended for one in others):
        return suggestions
    return [one if one is first else one.model_copy(update={"is_recommended": None}) for one in suggestions]


def _text(action: Mapping[str, Any]) -> str | None:
    text: str | None = action.get("title") or action.get("prefix") or action.get("description")
    return text


def _is_local(extension: Mapping[str, Any]) -> bool:
    """Tell whether an extension refers to something that does not travel with the card, such as a proposed Goal."""
    reference: str = extension.get("valueReference", {}).get("reference", "")
    return reference.startswith("#")
