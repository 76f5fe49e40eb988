"""The picture of a guideline: its actions and their conditions as a tree, with the outcomes of one decision."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds.content.walk import recommendations
from cds.fhir.elements import objects_at
from cds.web.playground.definition_text import split_name

ROW, GAP = 44, 10
CONDITION_X, ACTION_X, CHOICE_X, WIDTH = 40, 400, 780, 1160
_BOX = 340
_LETTERS = 42
_MARKS = {"true": "✓", "false": "·", "unknown": "?", "error": "!", "skipped": "–"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box: where it stands, what it says, its outcome ("" when nothing was decided) and what leads to it."""

    kind: str
    x: int
    y: int
    text: str
    whole: str
    outcome: str
    line: str

    @property
    def width(self) -> int:
        """How wide the box is."""
        return _BOX - (self.x - CHOICE_X if self.kind == "choice" else 0)

    @property
    def mark(self) -> str:
        """The outcome as a sign, because colour alone does not tell everybody."""
        return _MARKS.get(self.outcome, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All boxes, and the height of the drawing."""

    boxes: tuple[Box, ...]
    height: int


def outcomes_by_path(actions: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Give the outcome of every action and condition of a decision's trace by its path in the plan."""
    outcomes: dict[str, str] = {}
    waiting = list(actions)
    while waiting:
        action = waiting.pop()
        outcomes[str(action["path"])] = str(action["outcome"])
        outcomes |= {str(each["path"]): str(each["outcome"]) for each in action.get("conditions", ()) if "path" in each}
        waiting += action.get("actions", ())
    return outcomes


def draw_plan(plan: Mapping[str, Any], outcomes: Mapping[str, str], *, only: Collection[str] = ()) -> Picture:
    """Lay out a PlanDefinition: condition, recommendation, choices, one recommendation below the other.

    `only` leaves out recommendations with another outcome than these.
    """
    boxes: list[Box] = []
    y = GAP
    for place, action in recommendations(plan):
        path = f"PlanDefinition.{place}"
        if only and outcomes.get(path) not in only:
            continue
        here = list(_recommendation(action, path, y, outcomes))
        boxes += here
        y = max(box.y for box in here) + ROW + GAP
    return Picture(boxes=tuple(boxes), height=y)


def _recommendation(action: Mapping[str, Any], path: str, y: int, outcomes: Mapping[str, str]) -> Iterator[Box]:
    middle = y + (ROW - GAP) // 2
    for number, words in enumerate(_conditions(action) or ["always"]):
        yield _box(
            "condition",
            CONDITION_X,
            y + number * ROW,
            words,
            outcomes.get(f"{path}.condition[{number}]", ""),
            f"M14 {middle + number * ROW}H{CONDITION_X}",
        )
    line = f"M{CONDITION_X + _BOX} {middle}H{ACTION_X}"
    yield _box("action", ACTION_X, y, str(action.get("title") or action.get("id")), outcomes.get(path, ""), line)
    start, spine = ACTION_X + _BOX, CHOICE_X - 14
    for number, (depth, words, inner) in enumerate(_choices(action, path, 0)):
        to = middle + number * ROW
        yield _box(
            "choice",
            CHOICE_X + 16 * depth,
            y + number * ROW,
            words,
            outcomes.get(inner, ""),
            f"M{start} {middle}H{spine}V{to}H{CHOICE_X + 16 * depth}",
        )


def _choices(action: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[int, str, str]]:
    for index, inner in enumerate(objects_at(action, "action")):
        here = f"{path}.action[{index}]"
        only_if = _conditions(inner)
        words = str(inner.get("title") or inner.get("id") or "choice")
        yield depth, f"{words} (if: {', '.join(only_if)})" if only_if else words, here
        yield from _choices(inner, here, depth + 1)


def _conditions(action: Mapping[str, Any]) -> list[str]:
    return [
        split_name(str(condition.get("expression", {}).get("expression", "")))[1]
        for condition in objects_at(action, "condition")
    ]


def _box(kind: str, x: int, y: int, words: str, outcome: str, line: str) -> Box:
    room = _LETTERS - (x - CHOICE_X) // 7 if kind == "choice" else _LETTERS
    text = words if len(words) <= room else f"{words[: room - 1]}…"
    return Box(kind=kind, x=x, y=y, text=text, whole=words, outcome=outcome, line=line)
