"""Several recommendations on one card: what is said to everybody, and what waits for the same missing result.

An author folds by `groupingBehavior: visual-group` ("displayed as a visual group to the end user",
https://hl7.org/fhir/R4/valueset-action-grouping-behavior.html). No recommendation is lost: the card names each, and is
as urgent as the most urgent of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cds.cards.text import plain, safe_markdown
from cds.hooks.response import Action, Card, Suggestion

FOLDED = "org.example.fhir-cds.folded"


def fold(action: Mapping[str, Any], rank: Callable[[Mapping[str, Any]], int]) -> Iterator[Mapping[str, Any]]:
    """Yield the actions that are cards: what is more urgent than the group by itself, the rest as one fold.

    `rank` is 0 for the most urgent. One alone is not folded: it keeps its own summary and topic.
    """
    children = action.get("action", ())
    yield from (child for child in children if rank(child) < rank(action))
    folded = [child for child in children if rank(child) >= rank(action)]
    if len(folded) > 1:
        yield {**action, "action": folded}
    else:
        yield from folded


def folded_detail(action: Mapping[str, Any], parts: Sequence[Card]) -> str:
    """Return the detail in Markdown: the group's own words, then each card under its summary as a heading.

    A paragraph that several cards share, such as what is missing, is written under the first of them.
    """
    texts = [safe_markdown(action["description"])] if "description" in action else []
    for part in parts:
        paragraphs = part.detail.split("\n\n") if part.detail else []
        texts += [f"### {plain(part.summary)}", *(paragraph for paragraph in paragraphs if paragraph not in texts)]
    return "\n\n".join(texts)


def folded_entry(part: Card, branch: str) -> dict[str, str]:
    """Return what the extension says of one folded card: recommendation, branch if any, indicator, summary."""
    entry = {"recommendation": part.source.topic.code if part.source.topic else ""}
    if part.extension and branch in part.extension:
        entry["branch"] = part.extension[branch]
    return entry | {"indicator": part.indicator, "summary": part.summary}


def offered_once(parts: Sequence[Card]) -> list[Suggestion]:
    """Return the suggestions of all parts; what several offer alike, such as the same blood test, only once.

    Alike is what does the same: a new resource's own id tells nothing about it.
    """
    offered: dict[str, Suggestion] = {}
    for suggestion in (suggestion for part in parts for suggestion in part.suggestions or ()):
        offered.setdefault(repr((suggestion.label, [_deed(action) for action in suggestion.actions or ()])), suggestion)
    return list(offered.values())


def _deed(action: Action) -> tuple[Any, ...]:
    resource = {**(action.resource or {})}
    if action.type == "create":
        resource.pop("id", None)
    return action.type, action.description, action.resource_id, resource
