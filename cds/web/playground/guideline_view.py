"""The recommendations of a guideline as a list: what for, from which section, on which hooks, from which data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds.content import walk
from cds.content.guideline import Guideline
from cds.engine import EngineError
from cds.expressions.logic import Logic
from cds.fhir.elements import objects_at
from cds.web.playground.definition_text import definition_text, split_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One recommendation of the plan; `logic` is the CQL of its conditions, `reads` the data these need."""

    id: str
    title: str
    meaning: str
    section: str
    hooks: tuple[str, ...]
    conditions: tuple[tuple[str, str], ...]
    reads: tuple[str, ...]
    outcome: str
    cases: tuple[str, ...]


def recommendations(
    guideline: Guideline,
    logic: Logic,
    outcomes: Mapping[str, str],
    cases: Mapping[str, tuple[str, ...]],
) -> list[Recommendation]:
    """List a guideline's recommendations in the plan's order.

    `outcomes` are those of one decision by path, `cases` the names of the test cases by recommendation.
    """
    return [
        Recommendation(
            id=str(action.get("id") or path),
            title=str(action.get("title") or action.get("id") or path),
            meaning=str(action.get("textEquivalent") or ""),
            section="; ".join(str(each.get("label", "")) for each in objects_at(action, "documentation")),
            hooks=walk.named_events(action),
            conditions=tuple((split_name(each)[1], definition_text(guideline, each)) for each in _expressions(action)),
            reads=tuple(sorted({read for each in _expressions(action) for read in _reads(logic, each)})),
            outcome=outcomes.get(f"PlanDefinition.{path}", ""),
            cases=cases.get(str(action.get("id")).partition(".")[0], ()),
        )
        for path, action in walk.recommendations(guideline.plan)
    ]


def _expressions(action: Mapping[str, Any]) -> list[str]:
    return [str(each.get("expression", {}).get("expression", "")) for each in objects_at(action, "condition")]


def _reads(logic: Logic, expression: str) -> Iterator[str]:
    library, name = split_name(expression)
    try:
        retrieves = logic.retrieves(library or logic.libraries[0], name)
    except (EngineError, KeyError):  # not the name of a definition: what it reads cannot be told
        return
    for retrieve in retrieves:
        codes = (retrieve.value_set or "").partition("|")[0].rpartition("/")[2]
        yield f"{retrieve.type}: {codes}" if codes else retrieve.type
