"""Which received resource an update or a remove is about: the action's `action-target` extension."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds.expressions.evaluation import Scope
from cds.reasoning.call import ActionType
from cds.reasoning.workshop import Workshop

_ACTION_TARGET = "/StructureDefinition/action-target"


def action_type(action: Mapping[str, Any]) -> ActionType:
    """Return what is to be done with the resource; without a type, or as an event, it is created (PD-227)."""
    for coding in action.get("type", {}).get("coding", ()):
        if coding.get("code") in ("update", "remove"):
            code: ActionType = coding["code"]
            return code
    return "create"


def has_target(action: Mapping[str, Any]) -> bool:
    """Tell whether the action says which resource it is about."""
    return _target_expression(action) is not None


def find_targets(
    action: Mapping[str, Any], workshop: Workshop, scope: Scope, path: str
) -> tuple[Mapping[str, Any], ...] | None:
    """Return the resources that the action's target expression names, as the EHR sent them.

    () means that there is nothing to update or remove; None that it cannot be known, which is reported.
    """
    expression = _target_expression(action)
    if expression is None:
        message = (
            f"an action of type {action_type(action)} needs the extension action-target, which says what it is about"
        )
        workshop.report("error", "required", message, path)
        return None
    evaluated = workshop.evaluators.evaluate(expression, scope)
    if evaluated.error is not None:
        workshop.report("error", "processing", f"action-target: {evaluated.error}", path)
        return None
    value = evaluated.value
    found = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(one, Mapping) and "resourceType" in one and "id" in one for one in found):
        workshop.report("error", "value", "action-target must give resources that have an id", path)
        return None
    return tuple(workshop.call.received.get(f"{one['resourceType']}/{one['id']}", one) for one in found)


def _target_expression(action: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for extension in action.get("extension", ()):
        if extension["url"].endswith(_ACTION_TARGET) and "valueExpression" in extension:
            expression: Mapping[str, Any] = extension["valueExpression"]
            return expression
    return None
