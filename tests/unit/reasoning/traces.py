"""A recording made by hand: one action that rests on a result, by its own expression and by a CQL definition."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cds.content.elm import DefinitionName
from cds.engine.evidence import Evidence, Name, explain, path_of
from cds.expressions.outcome import Outcome
from cds.reasoning.trace import ActionTrace, ExpressionTrace, Trace

EGFR = {"resourceType": "Observation", "id": "1", "status": "final", "valueQuantity": {"value": 25}}
FACT = Evidence("value < 30", "Observation/1", "valueQuantity", {"value": 25})


def condition(name: str = "Low", outcome: Outcome = Outcome.TRUE, *, number: int = 0, **others: Any) -> ExpressionTrace:
    path = f"PlanDefinition.action[0].condition[{number}]"
    defined = others.pop("definition", DefinitionName("Logic", name))
    return ExpressionTrace(path, name, "text/cql-identifier", outcome, definition=defined, **others)


def action(name: str = "a", outcome: Outcome = Outcome.TRUE, **others: Any) -> ActionTrace:
    return ActionTrace(f"PlanDefinition.action.{name}", name, name, others.pop("title", None), outcome, **others)


def trace(*actions: ActionTrace, notes: dict[str, list[Any]] | None = None) -> Trace:
    """Record `actions`; `notes` by definition are of names it used, and of resources with the paths read from them."""
    names = list(notes or ())
    noted = {names.index(name): [_note(one, names) for one in items] for name, items in (notes or {}).items()}
    return Trace(
        plan="http://example.org/PlanDefinition/p|1",
        hook="order-select",
        now=datetime(2026, 3, 2, 10, tzinfo=UTC),
        actions=actions,
        told=(),
        explanation=explain([Name.of("Logic", name) for name in names], noted),
    )


def _note(note: Any, names: list[str]) -> Any:
    if isinstance(note, str):
        return names.index(note)
    resource, *paths = note
    return resource, tuple(map(path_of, paths))
