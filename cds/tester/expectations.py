"""Compare what a call answered with what its case expects."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from cds.cards.cards import BRANCH, NOT_EVALUATED
from cds.cards.folding import FOLDED
from cds.hooks.response import Card, Suggestion
from cds.tester.element_paths import MISSING, get_element

_CUT = "…"
_LONG = 110  # a summary is cut at its limit of 139 characters, or at a word that ends up to 20 before it


def action_id(card: Card) -> str:
    """Return the id of the plan's action behind a card: recommendation, or recommendation.branch."""
    recommendation = card.source.topic.code if card.source.topic else ""
    branch = (card.extension or {}).get(BRANCH)
    return f"{recommendation}.{branch}" if branch else recommendation


def told(cards: Sequence[Card]) -> Iterator[tuple[str, Card]]:
    """Yield (action id, card) of every recommendation that is told: a card that folds several tells each of them."""
    for card in cards:
        folded = (card.extension or {}).get(FOLDED)
        if folded is None:
            yield action_id(card), card
        for entry in folded or ():
            name = ".".join(entry[member] for member in ("recommendation", "branch") if member in entry)
            yield name, card.model_copy(update={member: entry[member] for member in ("indicator", "summary")})


def differences(expect: Mapping[str, Any], cards: Sequence[Card]) -> Iterator[str]:
    """Yield every way in which the cards differ from the expectation, as sentences."""
    fired = {name: card for name, card in told(cards) if name != NOT_EVALUATED}
    for wanted in expect.get("fires", ()):
        if wanted not in fired:
            yield f"{wanted} did not fire"
    for unwanted in expect.get("silent", ()):
        if unwanted in fired:
            yield f"{unwanted} fired: {fired[unwanted].summary}"
    if "fires_only" in expect:
        yield from _exactly(set(expect["fires_only"]), fired)
    for wanted in expect.get("cards", ()):
        card = fired.get(wanted["action"])
        if card is None:
            yield f"there is no card of {wanted['action']}"
        else:
            yield from (f"{wanted['action']}: {difference}" for difference in _card(wanted, card))
    for name, card in fired.items():
        if card.summary.endswith(_CUT) and len(card.summary) > _LONG:
            yield f"{name}: the summary is cut, a card has 139 characters: {card.summary}"
    failed = sum(action_id(card) == NOT_EVALUATED for card in cards)
    if failed != min(expect.get("could_not_evaluate", 0), 1):
        yield next((card.summary for card in cards if action_id(card) == NOT_EVALUATED), "nothing failed to evaluate")


def unknown_actions(expect: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    """Yield the actions of an expectation that the guideline does not have: a misspelt one is silent for ever."""
    named = [name for member in ("fires", "silent", "fires_only") for name in expect.get(member, ())]
    for name in dict.fromkeys([*named, *(card["action"] for card in expect.get("cards", ()))]):
        if name not in known:
            yield f"the case speaks of {name}, and the guideline has no such action"


def _exactly(wanted: set[str], fired: Mapping[str, Card]) -> Iterator[str]:
    for missing in sorted(wanted - set(fired)):
        yield f"{missing} did not fire"
    for surplus in sorted(set(fired) - wanted):
        yield f"{surplus} fired: {fired[surplus].summary}"


def _card(wanted: Mapping[str, Any], card: Card) -> Iterator[str]:
    if "indicator" in wanted and card.indicator != wanted["indicator"]:
        yield f"the indicator is {card.indicator}, not {wanted['indicator']}"
    for member in ("summary", "detail"):
        text = getattr(card, member) or ""
        for part in wanted.get(member, ()):
            if part not in text:
                yield f"the {member} does not contain {part!r}: {text}"
    if "suggestions" in wanted:
        yield from _suggestions(wanted["suggestions"], card.suggestions or [])
    labels = [suggestion.label for suggestion in card.suggestions or []]
    if wanted.get("suggestion_labels", labels) != labels:
        yield f"the suggestions are {labels}, not {wanted['suggestion_labels']}"


def _suggestions(wanted: Sequence[Mapping[str, Any]], suggestions: Sequence[Suggestion]) -> Iterator[str]:
    labels = [suggestion.label for suggestion in suggestions]
    if not wanted and labels:
        yield f"there are suggestions: {labels}"
    for expected in wanted:
        found = next((suggestion for suggestion in suggestions if expected["label"] in suggestion.label), None)
        if found is None:
            yield f"there is no suggestion {expected['label']!r}, only {labels}"
            continue
        actions = found.actions or []
        if len(expected.get("actions", actions)) != len(actions):
            yield f"{found.label!r} has {len(actions)} actions"
            continue
        for action, expected_action in zip(actions, expected.get("actions", ()), strict=False):
            if action.type != expected_action.get("type", action.type):
                yield f"{found.label!r}: the action is {action.type}, not {expected_action['type']}"
            if "resourceId" in expected_action and action.resource_id != expected_action["resourceId"]:
                yield f"{found.label!r}: the resourceId is {action.resource_id}"
            for path, value in expected_action.get("resource", {}).items():
                actual = get_element(action.resource, path)
                if actual != value:
                    shown = "missing" if actual is MISSING else repr(actual)
                    yield f"{found.label!r}: {path} is {shown}, not {value!r}"
