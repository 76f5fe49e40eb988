"""Several recommendations on one card: information that holds for everybody is read once, not card by card.

An author folds by `groupingBehavior: visual-group` ("displayed as a visual group to the end user",
https://hl7.org/fhir/R4/valueset-action-grouping-behavior.html). No recommendation is lost: the card names each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cds.cards.text import plain, safe_markdown
from cds.hooks.response import Card

FOLDED = "org.example.fhir-cds.folded"


def fold(action: Mapping[str, Any], is_information: Callable[[Mapping[str, Any]], bool]) -> Iterator[Mapping[str, Any]]:
    """Yield the actions that are cards: what is more than information by itself, the rest as one fold.

    One alone is not folded: it keeps its own summary and topic.
    """
    children = action.get("action", ())
    yield from (child for child in children if not is_information(child))
    quiet = [child for child in children if is_information(child)]
    if len(quiet) > 1:
        yield {**action, "action": quiet}
    else:
        yield from quiet


def folded_detail(action: Mapping[str, Any], parts: Sequence[Card]) -> str:
    """Return the detail in Markdown: the group's own words, then each card under its summary as a heading."""
    texts = [safe_markdown(action["description"])] if "description" in action else []
    for part in parts:
        texts += [f"### {plain(part.summary)}", *([part.detail] if part.detail else [])]
    return "\n\n".join(texts)


def folded_entry(part: Card, branch: str) -> dict[str, str]:
    """Return what the extension says of one folded card: recommendation, branch where there is one, summary."""
    entry = {"recommendation": part.source.topic.code if part.source.topic else ""}
    if part.extension and branch in part.extension:
        entry["branch"] = part.extension[branch]
    return entry | {"summary": part.summary}
