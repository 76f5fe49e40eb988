"""Why and why not: the decision behind an answer, arranged for reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cds.content.guideline import Guideline
from cds.content.walk import actions as plan_actions
from cds.content.walk import is_fold
from cds.decisions.evidence import facts_of
from cds.expressions.logic import Logic
from cds.web.playground.definition_text import definition_text, split_name
from cds.web.playground.display import resource_summary, value_text, when
from cds.web.playground.missing_results import missing_results
from cds.web.playground.ports import Store
from cds.web.playground.visits import Exchange

_STANDING = {"error": 0, "unknown": 1, "false": 2, "skipped": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition: its definition, the library that holds it, its CQL, what came of it, and why where known."""

    name: str
    library: str
    outcome: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One resource that was read: what it says, when, where it came from, and which definitions read what of it."""

    resource: str
    summary: str
    day: str
    origin: str
    reads: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One recommendation: what it is for, the section of the source, its conditions, the data that were read.

    Of a silent recommendation only the first condition that did not hold is given; where that could not be decided,
    `missing` are the kinds of results that it may read and that are not on record.
    """

    recommendation: str
    title: str
    meaning: str
    section: str
    outcome: str
    conditions: tuple[Condition, ...]
    sources: tuple[Source, ...]
    missing: tuple[str, ...] = ()


def why(exchange: Exchange, action_id: str, guideline: Guideline, store: Store) -> Reason | None:
    """Give the reason of a card by the id of its action; None when the decision holds no such action that applied."""
    for action in _actions(exchange):
        if action["outcome"] == "true" and action.get("action") == action_id:
            return _reason(_with_folded(action, guideline), exchange, guideline, store)
    return None


def why_not(exchange: Exchange, guideline: Guideline, logic: Logic, store: Store) -> list[Reason]:
    """Give every recommendation that stayed silent: failed ones first, then undecided, then those that do not apply."""
    top = _decision_actions(exchange)
    folded = [child for action in top if _folds(action, guideline) for child in action.get("actions", ())]
    silent = [action for action in (*top, *folded) if action["outcome"] != "true"]
    silent.sort(key=lambda action: _STANDING.get(action["outcome"], 9))
    return [
        replace(_reason(action, exchange, guideline, store), missing=_missing(action, exchange, logic))
        for action in silent
    ]


def _missing(action: Mapping[str, Any], exchange: Exchange, logic: Logic) -> tuple[str, ...]:
    undecided = [str(each["expression"]) for each in action.get("conditions", ()) if each["outcome"] == "unknown"]
    return missing_results(undecided[0], exchange, logic) if undecided else ()


def _folds(action: Mapping[str, Any], guideline: Guideline) -> bool:
    return is_fold(_written(action, guideline))


def _with_folded(action: Mapping[str, Any], guideline: Guideline) -> Mapping[str, Any]:
    """Give an action that folds recommendations the conditions and the evidence of those that applied."""
    if not _folds(action, guideline):
        return action
    shown = [child for child in action.get("actions", ()) if child["outcome"] == "true"]
    gathered = {name: [each for child in shown for each in child.get(name, ())] for name in ("conditions", "evidence")}
    return {**action, **gathered}


def _decision_actions(exchange: Exchange) -> list[Mapping[str, Any]]:
    return list(exchange.decision.recorded["actions"]) if exchange.decision else []


def _actions(exchange: Exchange) -> Iterator[Mapping[str, Any]]:
    waiting = _decision_actions(exchange)
    while waiting:
        action = waiting.pop(0)
        yield action
        waiting[:0] = action.get("actions", ())


def _reason(action: Mapping[str, Any], exchange: Exchange, guideline: Guideline, store: Store) -> Reason:
    written = _written(action, guideline)
    conditions = [_condition(each, guideline) for each in action.get("conditions", ())]
    if action["outcome"] != "true":
        conditions = [each for each in conditions if each.outcome != "true"][:1]
    return Reason(
        recommendation=str(action.get("recommendation") or action.get("action") or action["path"]),
        title=str(written.get("title") or action.get("title") or ""),
        meaning=str(written.get("textEquivalent") or ""),
        section="; ".join(str(each["label"]) for each in written.get("documentation", ()) if each.get("label")),
        outcome=str(action["outcome"]),
        conditions=tuple(conditions),
        sources=tuple(_sources(action, exchange, store)),
    )


def _written(action: Mapping[str, Any], guideline: Guideline) -> Mapping[str, Any]:
    """Give the action as it stands in the plan."""
    by_path = {f"PlanDefinition.{path}": written for path, written in plan_actions(guideline.plan)}
    return by_path.get(str(action["path"]), {})


def _condition(condition: Mapping[str, Any], guideline: Guideline) -> Condition:
    expression = str(condition.get("expression", ""))
    library, name = split_name(expression)
    return Condition(
        name=name,
        library=library,
        text=definition_text(guideline, expression),
        outcome=str(condition["outcome"]),
        reason=str(condition.get("error") or condition.get("note") or condition.get("description") or ""),
    )


def _sources(action: Mapping[str, Any], exchange: Exchange, store: Store) -> Iterator[Source]:
    facts: dict[str, list[Mapping[str, Any]]] = {}
    made = exchange.decision
    for fact in facts_of(action, made.recorded["evidence"]) if made else ():
        facts.setdefault(str(fact.get("resource") or ""), []).append(fact)
    for literal, read in facts.items():
        resource = exchange.find(literal)
        yield Source(
            resource=literal or "not in a resource",
            summary=resource_summary(resource, store) if resource else "",
            day=when(resource) if resource else "",
            origin=_origin(next((str(fact["origin"]) for fact in read if fact.get("origin")), "")),
            reads=tuple(_reads(read)),
        )


def _reads(facts: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield each definition with the elements it read, in one line."""
    elements: dict[str, list[str]] = {}
    for fact in facts:
        read = elements.setdefault(str(fact["definition"]), [])
        if fact.get("path"):
            value = "" if fact.get("value") is None else f" = {value_text(fact['value'])}"
            read.append(f"{fact['path']}{value}")
    for definition, read in elements.items():
        yield definition, ", ".join(dict.fromkeys(read))


def _origin(origin: str) -> str:
    kind, _, name = origin.partition(":")
    words = {"prefetch": "sent in the prefetch", "search": "read from the FHIR server"}
    if not origin:
        return "in the hook's context"
    return f"{words.get(kind, kind)} ({name})" if name else words.get(kind, kind)
