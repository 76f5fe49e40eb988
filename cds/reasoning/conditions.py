"""Whether an action applies: its applicability conditions, ANDed in three-valued logic (PD-084 … PD-089)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds.content.elm import CompiledLibrary, DefinitionName
from cds.expressions.evaluation import Scope
from cds.expressions.evaluators import Evaluators
from cds.expressions.languages import definition_in
from cds.expressions.outcome import Outcome
from cds.reasoning.trace import ExpressionTrace, Issue


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Condition:
    """An applicability condition of a plan, made ready for any patient.

    `definition` is the CQL definition that it asks, None when it takes more than that. `recorded` is, by outcome, what
    is written down of it for every patient, when the definition says no more than true, false or null.
    """

    path: str
    element: Mapping[str, Any]
    definition: DefinitionName | None
    recorded: Mapping[Outcome, ExpressionTrace]

    def answer(self, evaluators: Evaluators, scope: Scope) -> ExpressionTrace:
        """Ask the condition, and return the record of it."""
        if self.definition is not None:
            outcome = evaluators.decide(self.definition)
            if outcome is not None:
                return self.recorded[outcome]
        evaluated = evaluators.evaluate(self.element.get("expression", {}), scope, holder=self.element)
        outcome = evaluated.outcome
        reason = evaluated.reason if outcome is Outcome.ERROR else None
        return ExpressionTrace.of(self.path, evaluated, outcome, reason=reason)


def applicability_conditions(
    action: Mapping[str, Any], path: str, libraries: tuple[CompiledLibrary, ...]
) -> tuple[Condition, ...]:
    """Return the action's conditions that decide whether it applies, its names resolved in `libraries`.

    `start` and `stop` are not evaluated: they travel with the action (PD-086). `path` is the action's.
    """
    return tuple(
        _condition(element, f"{path}.condition[{index}]", libraries)
        for index, element in enumerate(action.get("condition", ()))
        if element["kind"] == "applicability"
    )


def told_of(outcome: Outcome, conditions: tuple[ExpressionTrace, ...]) -> Iterator[Issue]:
    """Yield why an action with this outcome does not apply; unknown is never passed over in silence (PD-076, PD-239).

    A false condition settles the action, whatever became of the others.
    """
    for condition in conditions if outcome is not Outcome.TRUE else ():
        if condition.outcome is Outcome.FALSE:
            message = f"the action does not apply: the condition {condition.expression!r} is false"
            yield Issue("information", "informational", message, condition.path)
        if outcome is Outcome.FALSE:
            continue
        if condition.outcome is Outcome.ERROR:
            message = f"the condition {condition.expression!r} could not be evaluated: {condition.reason}"
            yield Issue("error", "exception", message, condition.path)
        elif condition.outcome is Outcome.UNKNOWN:
            message = f"the condition {condition.expression!r} is unknown: data to decide it are missing"
            yield Issue("information", "incomplete", message, condition.path)


def _condition(element: Mapping[str, Any], path: str, libraries: tuple[CompiledLibrary, ...]) -> Condition:
    expression = element.get("expression", {})
    definition = definition_in(expression, libraries)
    recorded = ExpressionTrace.foreseen(path, expression, definition)
    return Condition(path=path, element=element, definition=definition, recorded=recorded)
