"""dynamicValue: elements whose values the expressions compute (PD-170 … PD-183)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cds.content.artifact import Artifact
from cds.content.elm import CompiledLibrary, DefinitionName
from cds.content.validation import validate
from cds.expressions.evaluation import Evaluated, Scope
from cds.expressions.languages import definition_in
from cds.expressions.outcome import Outcome
from cds.reasoning.element_path import BadPath, ElementPath, parse_path
from cds.reasoning.element_types import DoesNotFit
from cds.reasoning.set_element import has_element, set_element
from cds.reasoning.trace import ExpressionTrace
from cds.reasoning.validity import is_surely_valid
from cds.reasoning.workshop import Workshop

ACTION = "RequestGroup.Action"
# Authors compute the card's indicator with `action.extension` and a bare string (PD-183).
_CQF_EXPRESSION = "/cqf-expression"
_TEXTS = frozenset({"title", "description", "textEquivalent", "prefix"})
_PRIORITY_OF_INDICATOR = {"info": "routine", "warning": "urgent", "critical": "stat"}


@dataclass(slots=True)
class Target:
    """What dynamicValues write to: the made resource, the output action, or both; and how it went.

    `failed` says that a value for the resource could not be computed or did not fit: then nobody may use the resource.
    `plan_values_set` says that the dynamicValues of the plan's action have had their turn.
    """

    resource: dict[str, Any] | None = None
    action: dict[str, Any] | None = None
    failed: bool = False
    plan_values_set: bool = False
    traces: list[ExpressionTrace] = field(default_factory=list)

    @property
    def resource_type(self) -> str | None:
        """The type of the made resource, None when there is none."""
        return str(self.resource["resourceType"]) if self.resource is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicValue:
    """A dynamicValue made ready; `path` is a text, and says why, when the path that is written cannot be read.

    `place` is where it stands: "PlanDefinition.action[0].dynamicValue[0]". `definition` is the CQL definition that it
    runs, None when that is not known beforehand; `recorded` is what is written down of it when it has a value, or none.
    """

    element: Mapping[str, Any]
    path: ElementPath | str
    place: str
    definition: DefinitionName | None
    recorded: Mapping[Outcome, ExpressionTrace]

    def is_for_action(self, resource_type: str | None) -> bool:
        """Tell whether it is for the output action; one whose path cannot be read is not."""
        return not isinstance(self.path, str) and addresses_action(self.path, resource_type)

    def trace(self, evaluated: Evaluated, reason: str | None) -> ExpressionTrace:
        """Return the recording of it; `reason` says why it could not be set."""
        outcome = Outcome.TRUE
        if reason is not None:
            outcome = Outcome.ERROR
        elif evaluated.value is None or evaluated.value == []:
            outcome = Outcome.UNKNOWN
        if self.definition is not None and reason is None:
            return self.recorded[outcome]
        return ExpressionTrace.of(self.place, evaluated, outcome, reason=reason)


def dynamic_values(
    holder: Mapping[str, Any], path: str, libraries: tuple[CompiledLibrary, ...] = ()
) -> tuple[DynamicValue, ...]:
    """Return an element's dynamicValues, after those that cqf-expression extensions on its elements stand for (PD-181).

    An extension on `_title` says the same as a dynamicValue with the path `title`. `path` is the element's place;
    `libraries` are those in which names resolve, where it is always the same.
    """
    by_extension = [
        (f"{name[1:]}.extension[{index}]", {"path": name[1:], "expression": extension["valueExpression"]})
        for name, sibling in holder.items()
        if name.startswith("_") and isinstance(sibling, Mapping)
        for index, extension in enumerate(sibling.get("extension", ()))
        if extension["url"].endswith(_CQF_EXPRESSION) and "valueExpression" in extension
    ]
    by_path = [(f"dynamicValue[{index}]", value) for index, value in enumerate(holder.get("dynamicValue", ()))]
    return tuple(_ready(value, f"{path}.{place}", libraries) for place, value in (*by_extension, *by_path))


def _ready(value: Mapping[str, Any], place: str, libraries: tuple[CompiledLibrary, ...]) -> DynamicValue:
    expression = value.get("expression", {})
    definition = definition_in(expression, libraries)
    recorded = ExpressionTrace.foreseen(place, expression, definition)
    return DynamicValue(element=value, path=_path(value), place=place, definition=definition, recorded=recorded)


def _path(value: Mapping[str, Any]) -> ElementPath | str:
    try:
        return parse_path(value.get("path", "$this"))
    except BadPath as error:
        return str(error)


def apply_dynamic_values(values: Iterable[DynamicValue], target: Target, workshop: Workshop, scope: Scope) -> None:
    """Evaluate the values in order and set each on `target`, where it sees the result of those before.

    An empty result leaves the element as it is (PD-178); a failure is reported, and marks the target as failed when it
    was the resource's.
    """
    for value in values:
        element = value.element
        evaluated = workshop.evaluators.evaluate(
            element.get("expression", {}), scope, holder=element, definition=value.definition
        )
        reason = _apply(value.path, evaluated, target)
        if reason is not None:
            workshop.report("error", "processing", f"{element.get('path')}: {reason}", value.place)
        target.traces.append(value.trace(evaluated, reason))


def _apply(path: ElementPath | str, evaluated: Evaluated, target: Target) -> str | None:
    """Set one value; return why it could not be set."""
    if isinstance(path, str):
        target.failed = target.failed or target.resource is not None
        return path
    on_action = addresses_action(path, target.resource_type)
    if evaluated.error is not None:
        target.failed = target.failed or not on_action
        return evaluated.error
    if evaluated.value is None or evaluated.value == []:
        return None
    try:
        if path.is_root:
            _replace(target, evaluated.value)
        elif on_action or target.resource is None:
            _set_on_action(target, path, evaluated.value)
        else:
            set_element(target.resource, str(target.resource_type), path.steps, evaluated.value)
    except DoesNotFit as error:
        target.failed = target.failed or not on_action
        return str(error)
    return None


def addresses_action(path: ElementPath, resource_type: str | None) -> bool:
    """Choose a path's target: the resource if it has the element, else the action if it has it (PD-172, PD-175).

    `resource_type` is the type of the made resource, None when there is none.
    """
    if path.is_root:
        return False
    if resource_type is None or path.on_action:
        return True
    return not has_element(resource_type, path.steps[0]) and has_element(ACTION, path.steps[0])


def _set_on_action(target: Target, path: ElementPath, value: Any) -> None:
    if target.action is None:
        msg = "there is no action to set this on"
        raise DoesNotFit(msg)
    if len(path.steps) == 1 and path.steps[0].name == "extension" and value in _PRIORITY_OF_INDICATOR:
        target.action["priority"] = _PRIORITY_OF_INDICATOR[value]
        return
    if path.steps[0].name in _TEXTS:
        set_element(target.action, ACTION, path.steps, value)
        return
    changed = dict(target.action)
    set_element(changed, ACTION, path.steps, value)
    _refuse_invalid_action(changed)
    target.action.clear()
    target.action.update(changed)


def _refuse_invalid_action(action: dict[str, Any]) -> None:
    """Raise `DoesNotFit` for an action that R4 does not allow, such as one with a priority that is no code of R4."""
    group = {"resourceType": "RequestGroup", "status": "draft", "intent": "proposal", "action": [action]}
    fault = None if is_surely_valid(group) else next(validate(Artifact(group, file="", root="")), None)
    if fault is not None:
        raise DoesNotFit(fault.message)


def _replace(target: Target, value: Any) -> None:
    """Take the whole resource from the expression; it keeps the id and the subject it was to have (PD-174)."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping) or "resourceType" not in value:
        msg = "a value for the whole resource must be a resource"
        raise DoesNotFit(msg)
    before: dict[str, Any] = target.resource or {}
    target.resource = dict(value) | {name: before[name] for name in ("id", "subject", "for") if name in before}
