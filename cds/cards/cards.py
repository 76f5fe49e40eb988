"""Cards from a RequestGroup, by the mapping of "CDS on FHIR" (PD-215 … PD-235).

Action → card: title → summary, description → detail, priority → indicator, documentation → source and links,
code → topic, child actions → suggestions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from cds.cards.folding import FOLDED, fold, folded_detail, folded_entry, offered_once
from cds.cards.suggestions import SuggestionMaker, nested_group
from cds.cards.text import plain, safe_markdown, summary_of
from cds.content.guideline import Guideline
from cds.content.override_reasons import OVERRIDE_REASONS, override_reason_canonicals
from cds.content.prepared import prepared_once
from cds.content.walk import is_fold
from cds.expressions.outcome import Outcome
from cds.hooks.response import Action, Card, Coding, Link, OverrideReason, Source
from cds.reasoning.actions import is_not_computed, is_wrapper
from cds.reasoning.call import Applied
from cds.reasoning.trace import ActionTrace

Indicator = Literal["info", "warning", "critical"]
BRANCH = "org.example.fhir-cds.branch"
NOT_EVALUATED = "could-not-be-evaluated"
SYSTEM_ACTION = "/StructureDefinition/system-action"
_INDICATORS: Mapping[str | None, Indicator] = {
    "routine": "info",
    "asap": "warning",
    "urgent": "warning",
    "stat": "critical",
}
_ORDER = ("critical", "warning", "info")
_SOURCES = frozenset({"documentation", "citation", "justification"})
_GRADES = {
    "action-reason": "Reason",
    "cqf-strengthOfRecommendation": "Strength of recommendation",
    "cqf-qualityOfEvidence": "Quality of evidence",
}


def cards_from_request_group(
    applied: Applied, *, guideline: Guideline, new_id: Callable[[], str], system_actions_agreed: bool = False
) -> list[Card]:
    """Return the cards of one application, critical first, then in the guideline's order.

    Untitled groups and nested plans are opened; recommendations whose conditions failed are told in one card of their
    own, so that nobody takes their silence for a "no". `new_id` gives the uuids. With `system_actions_agreed`, what
    `system_actions_from_request_group` gives is no card.
    """
    suggestions = SuggestionMaker(made=applied.made, hook=applied.trace.hook, new_id=new_id)
    maker = _CardMaker(guideline, suggestions, new_id)
    shown = (
        action
        for action in _opened(applied.request_group, applied)
        if not (system_actions_agreed and _is_system_action(action))
    )
    cards = _once(maker.card(action) for action in shown)
    failures = list(_failures(applied.trace.actions))
    if failures:
        cards.append(maker.not_evaluated(failures))
    return sorted(cards, key=lambda card: _ORDER.index(card.indicator))


def system_actions_from_request_group(applied: Applied, *, new_id: Callable[[], str]) -> list[Action]:
    """Return what the EHR shall do without asking anybody: the actions that the author marked so (CH-085, PD-231).

    Only for a client that agreed to it (CH-130); any other gets the same as a card with a suggestion.
    """
    maker = SuggestionMaker(made=applied.made, hook=applied.trace.hook, new_id=new_id)
    marked = (action for action in _opened(applied.request_group, applied) if _is_system_action(action))
    offers = (maker.offer(action) for action in marked)
    return [action for offer in offers for suggestion in offer.suggestions for action in suggestion.actions or ()]


def _is_system_action(action: Mapping[str, Any]) -> bool:
    return any(
        extension.get("url", "").endswith(SYSTEM_ACTION) and extension.get("valueBoolean") is True
        for extension in action.get("extension", ())
    )


def _once(cards: Iterable[Card]) -> list[Card]:
    """Drop a card that says the same as an earlier one, as when two strategies lead to one recommendation (PD-233)."""
    kept: list[Card] = []
    by_words: dict[tuple[str, str | None, Indicator], list[Card]] = {}
    for card in cards:
        same_words = by_words.setdefault((card.summary, card.detail, card.indicator), [])
        if not any(one.source == card.source and one.extension == card.extension for one in same_words):
            same_words.append(card)
            kept.append(card)
    return kept


def _opened(group: Mapping[str, Any], applied: Applied) -> Iterator[Mapping[str, Any]]:
    """Yield the actions that are cards: wrappers give way to their children, nested plans to their actions (PD-216).

    A fold is one card, with what is more urgent than its group beside it.
    """
    for action in group.get("action", ()):
        nested = nested_group(action, applied.made)
        if nested is not None:
            yield from _opened(nested, applied)
        elif is_wrapper(action) and "action" in action:
            yield from _opened(action, applied)
        elif is_fold(action):
            yield from fold(action, lambda one: _ORDER.index(_INDICATORS.get(one.get("priority"), "info")))
        else:
            yield action


def _failures(actions: tuple[ActionTrace, ...]) -> Iterator[ActionTrace]:
    """Yield the recommendations that could not be evaluated; what failed below a card is told on that card."""
    no = Outcome.FALSE
    for action in [one for one in actions if one.outcome is not no]:
        outcome = action.outcome
        if outcome is Outcome.ERROR:
            yield action
        elif outcome is Outcome.TRUE and (action.title is None or action.holds_recommendations):
            yield from _failures(action.actions)


class _Imprint(NamedTuple):
    """What the cards of a guideline have of it; `page` is its public address, `reasons` are by their canonical."""

    label: str
    page: str | None
    system: str
    reasons: Mapping[str, list[OverrideReason]]


@prepared_once
def _imprint(guideline: Guideline) -> _Imprint:
    version, plans = guideline.version, guideline.dependencies.of_type("PlanDefinition")
    canonicals = {canonical for plan in plans for canonical in override_reason_canonicals(plan.resource)}
    return _Imprint(
        label=f"{guideline.title}, version {version}" if version else guideline.title,
        page=next(_source_pages(guideline.plan.get("relatedArtifact", ())), None),
        system=guideline.artifact.url or f"PlanDefinition/{guideline.id}",
        reasons={canonical: _reasons(guideline, canonical) for canonical in canonicals},
    )


def _reasons(guideline: Guideline, canonical: str) -> list[OverrideReason]:
    return [OverrideReason(**coding) for coding in guideline.codes_of(canonical)]


class _CardMaker:
    """Makes the cards of one guideline."""

    def __init__(self, guideline: Guideline, suggestions: SuggestionMaker, new_id: Callable[[], str]) -> None:
        self._guideline = guideline
        self._imprint = _imprint(guideline)
        self._suggestions = suggestions
        self._new_id = new_id

    def card(self, action: Mapping[str, Any]) -> Card:
        """Return the card of one action."""
        return self._folded(action) if is_fold(action) else self._single(action)

    def _folded(self, action: Mapping[str, Any]) -> Card:
        """Return the one card of several recommendations: a heading each, all suggestions, their ids as extension."""
        parts = [self._single(child) for child in action["action"]]
        suggestions = offered_once(parts)
        return Card(
            uuid=self._new_id(),
            summary=summary_of(action["title"]),
            detail=folded_detail(action, parts),
            indicator=min((part.indicator for part in parts), key=_ORDER.index),
            source=self._source(self._topic(action), action),
            suggestions=suggestions or None,
            selection_behavior="any" if suggestions else None,
            override_reasons=self._override_reasons(action) or None,
            extension={FOLDED: [folded_entry(part, BRANCH) for part in parts]},
        )

    def _single(self, action: Mapping[str, Any]) -> Card:
        offer = self._suggestions.offer(action)
        topic = self._topic(action)
        text = action.get("title") or action.get("description") or action.get("textEquivalent") or action["id"]
        summary, branch = summary_of(text), _branch(action["id"], topic.code)
        reasons = self._override_reasons(action)
        incomplete = offer.lost or is_not_computed(action)
        return Card(
            uuid=self._new_id(),
            summary=summary,
            detail=_detail(action, text if summary != text.strip() else None, incomplete=bool(incomplete)),
            indicator=_INDICATORS.get(action.get("priority") or self._suggestions.priority(action), "info"),
            source=self._source(topic, action),
            suggestions=offer.suggestions or None,
            selection_behavior=offer.selection if offer.suggestions else None,
            override_reasons=reasons or None,
            links=_links(action) or None,
            extension={BRANCH: branch} if branch else None,
        )

    def not_evaluated(self, failures: list[ActionTrace]) -> Card:
        """Return the card that names the recommendations which could not be evaluated."""
        by_name: dict[str, ActionTrace] = {}
        for failure in failures:
            by_name.setdefault(failure.recommendation or failure.path, failure)
        count = len(by_name)
        noun = "recommendation" if count == 1 else "recommendations"
        explained = "These were not judged, which does not mean that they do not apply. Please judge them yourself:"
        lines = [
            f"- {plain(failure.title or name)} ({plain(name)}): {_reason(failure)}" for name, failure in by_name.items()
        ]
        return Card(
            uuid=self._new_id(),
            summary=summary_of(f"{count} {noun} could not be evaluated: {self._guideline.title}"),
            detail="\n".join([explained, "", *lines]),
            indicator="warning",
            source=self._source(Coding(system=self._imprint.system, code=NOT_EVALUATED), {}),
        )

    def _topic(self, action: Mapping[str, Any]) -> Coding:
        for concept in action.get("code", ()):
            for coding in concept.get("coding", ()):
                if coding.get("system") and coding.get("code"):
                    return Coding(system=coding["system"], code=coding["code"], display=coding.get("display"))
        return Coding(system=self._imprint.system, code=action["id"])

    def _source(self, topic: Coding, action: Mapping[str, Any]) -> Source:
        """Name the guideline and its version, with its public page where one is given (PD-220)."""
        url = next(_source_pages(action.get("documentation", ())), self._imprint.page)
        return Source(label=self._imprint.label, url=url, topic=topic)

    def _override_reasons(self, action: Mapping[str, Any]) -> list[OverrideReason]:
        """Return the reasons that the action names, else those that the guideline names for all its cards (PD-230).

        What must be done has none.
        """
        if action.get("requiredBehavior") == "must":
            return []
        for holder in (action, self._guideline.plan):
            for extension in holder.get("extension", ()):
                if extension["url"].endswith(OVERRIDE_REASONS):
                    canonical = extension.get("valueCanonical", "")
                    known = self._imprint.reasons.get(canonical)
                    return known if known is not None else _reasons(self._guideline, canonical)
        return []


def _branch(action_id: str, recommendation: str) -> str | None:
    """Return what follows the recommendation's id in the action's id: the branch that fired."""
    return action_id[len(recommendation) + 1 :] if action_id.startswith(f"{recommendation}.") else None


def _detail(action: Mapping[str, Any], cut: str | None, *, incomplete: bool) -> str | None:
    """Return the detail: description, further texts, grades, section of the source, and what could not be computed.

    `cut` is the text that the summary does not say in full.
    """
    parts = [plain(cut) if cut is not None else None, action.get("description") or action.get("textEquivalent")]
    texts = [safe_markdown(part) for part in dict.fromkeys(parts) if part]
    for extension in action.get("extension", ()):
        grade, concept = _GRADES.get(extension["url"].rpartition("/")[2]), extension.get("valueCodeableConcept", {})
        said = concept.get("text") or next((one.get("display") for one in concept.get("coding", ())), None)
        if grade and said:
            texts.append(f"{grade}: {plain(said)}")
    labels = [label for page in action.get("documentation", ()) if (label := page.get("label"))]
    missing = [label for label in labels if label not in "".join(texts)]
    if missing and "ource:" not in "".join(texts):
        texts.append(f"Source: {plain('; '.join(missing))}")
    if incomplete:
        texts.append("**A part of this advice could not be worked out and is not shown.** Please complete it yourself.")
    return "\n\n".join(texts) or None


def _reason(failure: ActionTrace) -> str:
    reasons = (one.reason for one in failure.conditions if one.outcome is Outcome.ERROR and one.reason)
    return plain(next(reasons, "its logic failed"))


def _links(action: Mapping[str, Any]) -> list[Link]:
    """Return the action's further documents as links; the first is the source (PD-221)."""
    pages = [page for page in action.get("documentation", ()) if _url(page)]
    links = []
    for page in pages[1:]:
        label = page.get("display") or page.get("label") or page.get("citation") or page["url"]
        links.append(Link(label=label, url=page["url"], type="absolute"))
    return links


def _source_pages(pages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the addresses of what a guideline or an action stands on."""
    yield from (url for page in pages if page.get("type") in _SOURCES and (url := _url(page)))


def _url(page: Mapping[str, Any]) -> str | None:
    url: str = page.get("url", "")
    return url if url.startswith(("https://", "http://")) else None
