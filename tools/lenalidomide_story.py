"""Write docs/lenalidomide-story.md: one patient from the first order to the third cycle, with every card of each visit.

    python -m tools.lenalidomide_story

The visits are the cases of plan_definitions/nl-lenalidomide/tests/story-rd.json; the cards are what the guideline
answers to them now, as `cds test` runs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cds.hooks.response import Card
from cds.tester.runner import CaseResult, run_cases

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "lenalidomide-story.md"
GUIDELINE = ROOT / "plan_definitions" / "nl-lenalidomide"
MAPPINGS = ROOT / "fhir_mappings"
STORY = "story-rd"
_HOOKS = {
    "order-select": "an order is selected (`order-select`)",
    "order-sign": "orders are signed (`order-sign`)",
    "patient-view": "the record is opened (`patient-view`)",
}
_INTRODUCTION = """\
<!-- written by `python -m tools.lenalidomide_story`; do not edit -->
# One patient on lenalidomide, visit by visit

A man of 67 with newly diagnosed myeloma, not eligible for transplantation, is given lenalidomide and dexamethasone. The
page shows what reaches the record between the visits and every card at each of them, from the first order to the third
cycle. The patient is invented. Cards that only inform are named without their text.

The visits are cases of the guideline (`plan_definitions/nl-lenalidomide/tests/story-rd.json`), and a test fails when
this page is not what the guideline answers. What the rules are: [coverage](coverage/nl-lenalidomide.md).
"""


class StoryFailed(Exception):
    """The guideline does not answer the story as its cases expect; the message says where."""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page as the guideline answers now. Raises `StoryFailed` when a visit is not as its case expects."""
    results = run_cases([GUIDELINE, MAPPINGS], only=STORY).results
    failed = [f"{one.case.name}: {one.error or '; '.join(one.differences)}" for one in results if not one.passed]
    if failed or not results:
        raise StoryFailed("\n".join(failed) or f"no case file {STORY}")
    known: set[str] = set()
    return "\n".join([_INTRODUCTION, *(line for one in results for line in _visit(one, known))]).rstrip() + "\n"


def _visit(result: CaseResult, known: set[str]) -> Iterator[str]:
    case = result.case
    yield f"## {case.name}\n"
    yield f"*{case.now.date()}: {_HOOKS[case.hook]}.*\n"
    new = [fact for fact in map(_fact, case.resources) if fact not in known]
    known.update(new)
    if new:
        yield "On record since the last visit: " + "; ".join(new) + ".\n"
    if case.draft_orders:
        yield "Ordered: " + "; ".join(map(_fact, case.draft_orders)) + ".\n"
    yield from _cards(result.cards)


def _cards(cards: Sequence[Card]) -> Iterator[str]:
    if not cards:
        yield "No card.\n"
    for card in (one for one in cards if one.indicator != "info"):
        yield f"> **{card.indicator}** · {card.summary}\n>"
        for line in (card.detail or "").splitlines():
            yield f"> {line}".rstrip()
        for suggestion in card.suggestions or ():
            yield f">\n> ☐ {suggestion.label}"
        yield ""
    informing = [card.summary for card in cards if card.indicator == "info"]
    if informing:
        yield "For information:\n"
        yield from (f"- {summary}" for summary in informing)
        yield ""


def _fact(resource: Mapping[str, Any]) -> str:
    """One resource in a few words: what it is, its value or dose, its date and, for an order, its status."""
    words = [_name(resource), _value(resource), _dose(resource), _status(resource)]
    return " ".join(word for word in words if word)


def _name(resource: Mapping[str, Any]) -> str:
    if resource["resourceType"] == "Patient":
        return f"a {'man' if resource['gender'] == 'male' else 'woman'} born {resource['birthDate']}"
    concept = resource.get("code") or resource.get("medicationCodeableConcept") or {}
    return str(concept.get("text") or concept["coding"][0].get("display") or concept["coding"][0]["code"])


def _value(resource: Mapping[str, Any]) -> str:
    quantity = resource.get("valueQuantity")
    day = str(resource.get("effectiveDateTime") or resource.get("onsetDateTime") or "")[:10]
    number = (
        f"{quantity['value']} {quantity['unit'].replace('10*9/L', '×10⁹/L').replace('umol', 'µmol')}"
        if quantity
        else ""
    )
    return ", ".join(part for part in (number, day) if part) if quantity else (f"({day})" if day else "")


def _dose(resource: Mapping[str, Any]) -> str:
    parts = []
    for dosage in resource.get("dosageInstruction", ()):
        dose = dosage["doseAndRate"][0]["doseQuantity"] if dosage.get("doseAndRate") else None
        bounds = dosage.get("timing", {}).get("repeat", {}).get("boundsDuration")
        parts.append(
            " for ".join([f"{dose['value']} {dose['unit']}", *([f"{bounds['value']} days"] if bounds else [])])
            if dose
            else ""
        )
    return " + ".join(part for part in parts if part)


def _status(resource: Mapping[str, Any]) -> str:
    if "medicationCodeableConcept" not in resource:
        return ""
    return f"(ordered {resource['authoredOn']}, {resource['status']})"


if __name__ == "__main__":
    main()
