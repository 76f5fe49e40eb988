"""Rules over one guideline: what a card needs, what a suggestion needs, what must be tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds.checks.findings import Rule
from cds.content.guideline import Guideline, is_hook
from cds.content.walk import actions, named_events, recommendations

SUMMARY_LIMIT = 139
_PRIORITIES = ("routine", "urgent", "asap", "stat")
_TARGET = "/StructureDefinition/action-target"

Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A guideline with what lies beside it.

    `tested` are the recommendations that case files name (None where the guideline came without its folder),
    `recommendations` the codes of the recommendation CodeSystem (empty where none is loaded).
    """

    guideline: Guideline
    tested: frozenset[str] | None
    recommendations: frozenset[str]

    def place(self, path: str, message: str) -> Place:
        """Point at a path of the PlanDefinition."""
        artifact = self.guideline.artifact
        return artifact.file, artifact.at(path), message

    def cards(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield (path, action) of the actions that become cards, by themselves or folded with others."""
        yield from recommendations(self.guideline.plan)


def recommendation_of(action: Mapping[str, Any]) -> str | None:
    """Return the recommendation code of an action."""
    for concept in action.get("code", ()):
        for coding in concept.get("coding", ()):
            if coding.get("system", "").endswith("/CodeSystem/recommendation"):
                return str(coding["code"])
    return None


def _has_dynamic(action: Mapping[str, Any], path: str) -> bool:
    names = {
        value.get("path", "").removeprefix("%").removeprefix("action.") for value in action.get("dynamicValue", ())
    }
    return path in names


def _identity(subject: Subject) -> Iterator[Place]:
    for path, action in subject.cards():
        if "id" not in action:
            yield subject.place(path, "give the action an id: traces and cases name it")
        if recommendation_of(action) is None:
            yield subject.place(f"{path}.code", "code the action with the id of its recommendation")
        elif action.get("id", "").partition(".")[0] != recommendation_of(action):
            yield subject.place(f"{path}.id", "begin the action's id with its recommendation: <id> or <id>.<branch>")


def _known_recommendation(subject: Subject) -> Iterator[Place]:
    for path, action in subject.cards():
        code = recommendation_of(action)
        if subject.recommendations and code is not None and code not in subject.recommendations:
            yield subject.place(f"{path}.code", f"add {code} to CodeSystem/recommendation, or correct the code")


def _text(subject: Subject) -> Iterator[Place]:
    for path, action in subject.cards():
        title = action.get("title", "")
        if not title and not _has_dynamic(action, "title"):
            yield subject.place(f"{path}.title", "give the card a title: it becomes the summary")
        if len(title) > SUMMARY_LIMIT:
            yield subject.place(f"{path}.title", f"shorten it to {SUMMARY_LIMIT} characters: it becomes the summary")
        if "description" not in action and not _has_dynamic(action, "description"):
            yield subject.place(f"{path}.description", "say why: it becomes the card's detail")


def _indicator(subject: Subject) -> Iterator[Place]:
    for path, action in subject.cards():
        if action.get("priority") not in _PRIORITIES:
            yield subject.place(f"{path}.priority", "routine (info), urgent (warning) or stat (critical)")


def _source(subject: Subject) -> Iterator[Place]:
    for path, action in subject.cards():
        if not any(document.get("label") or document.get("display") for document in action.get("documentation", ())):
            yield subject.place(f"{path}.documentation", "cite the section of the source")


def _condition(subject: Subject) -> Iterator[Place]:
    top = subject.guideline.plan.get("action", ())
    conditioned = {f"action[{index}]" for index, action in enumerate(top) if _has_condition(action)}
    for path, action in subject.cards():
        if not _has_condition(action) and path.partition(".")[0] not in conditioned:
            yield subject.place(f"{path}.condition", "without a condition the card is shown to every patient")


def _has_condition(action: Mapping[str, Any]) -> bool:
    return any(condition.get("kind") == "applicability" for condition in action.get("condition", ()))


def _triggers(subject: Subject) -> Iterator[Place]:
    inherited = set(named_events(subject.guideline.plan))
    for path, action in subject.cards():
        names = named_events(action)
        if not names and not inherited:
            yield subject.place(f"{path}.trigger", "name the hooks that fire it")
        for name in names:
            if not is_hook(name):
                yield subject.place(f"{path}.trigger", f"{name} is no hook of the library, nor in reverse-domain form")


def _suggestions(subject: Subject) -> Iterator[Place]:
    for path, action in actions(subject.guideline.plan):
        if path.count("action[") == 1:
            continue
        if path.count("action[") == 2 and "title" not in action and not _has_dynamic(action, "title"):
            yield subject.place(f"{path}.title", "give the suggestion a title: it becomes the button")
        kind = next((coding.get("code") for coding in action.get("type", {}).get("coding", ())), None)
        if ("definitionCanonical" in action or kind) and kind not in ("create", "update", "remove"):
            yield subject.place(f"{path}.type", "create, update or remove")
        has_target = any(extension.get("url", "").endswith(_TARGET) for extension in action.get("extension", ()))
        if kind in ("update", "remove") and not has_target:
            yield subject.place(path, f"say which resource the {kind} is about (extension action-target)")


def _tested(subject: Subject) -> Iterator[Place]:
    if subject.tested is None:
        return
    seen = set()
    for path, action in subject.cards():
        code = recommendation_of(action)
        if code and code not in subject.tested and code not in seen:
            seen.add(code)
            yield subject.place(path, f"write a case file for {code} under tests/")


RULES: tuple[Rule[Subject], ...] = (
    Rule(id="card-identity", severity="error", why="feedback and explanations are joined by it", check=_identity),
    Rule(
        id="card-recommendation",
        severity="error",
        why="a code nobody defined cannot be reported",
        check=_known_recommendation,
    ),
    Rule(id="card-text", severity="error", why="a card without words helps nobody", check=_text),
    Rule(
        id="card-indicator",
        severity="error",
        why="how urgent a card is must be the author's decision",
        check=_indicator,
    ),
    Rule(id="card-source", severity="error", why="a doctor must be able to look it up", check=_source),
    Rule(id="card-condition", severity="error", why="cards for everybody are noise", check=_condition),
    Rule(id="card-trigger", severity="error", why="a card without a hook is never shown", check=_triggers),
    Rule(id="suggestion", severity="error", why="one click must do exactly what it says", check=_suggestions),
    Rule(id="recommendation-tested", severity="error", why="what no case shows is not known to work", check=_tested),
)
