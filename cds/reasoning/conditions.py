"""Whether an action applies: its applicability conditions, ANDed in three-valued logic (PD-084 … PD-089)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds.expressions.evaluation import Scope
from cds.expressions.evaluators import Evaluators
from cds.expressions.outcome import Outcome, all_of
from cds.reasoning.trace import ExpressionTrace


def evaluate_conditions(
    action: Mapping[str, Any], path: str, evaluators: Evaluators, scope: Scope
) -> tuple[Outcome, tuple[ExpressionTrace, ...]]:
    """Return the action's outcome and the record of each applicability condition.

    An action without such a condition applies. `start` and `stop` are not evaluated: they travel with the action
    (PD-086). Once a condition is false the rest is not asked. `path` is the action's, such as `action[0]`.
    """
    traces: list[ExpressionTrace] = []
    settled = False
    for index, condition in enumerate(action.get("condition", ())):
        if condition["kind"] != "applicability":
            continue
        place = f"{path}.condition[{index}]"
        expression = condition.get("expression", {})
        if settled:
            traces.append(_skipped(place, expression))
            continue
        evaluated = evaluators.evaluate(expression, scope, holder=condition)
        outcome = evaluated.outcome
        reason = evaluated.reason if outcome is Outcome.ERROR else None
        traces.append(ExpressionTrace.of(place, evaluated, outcome, reason=reason))
        settled = outcome is Outcome.FALSE
    return all_of([trace.outcome for trace in traces]), tuple(traces)


def _skipped(path: str, expression: Mapping[str, Any]) -> ExpressionTrace:
    return ExpressionTrace(
        path=path,
        expression=expression.get("expression", ""),
        language=expression.get("language", ""),
        outcome=Outcome.SKIPPED,
        description=expression.get("description"),
    )
