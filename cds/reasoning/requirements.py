"""What a guideline reads for one hook: the retrieves of just the definitions that the hook's actions use (PD-210)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cds.content.artifact import Artifact, contained
from cds.content.elm import DefinitionName
from cds.content.guideline import Guideline
from cds.content.integrity import scope
from cds.content.walk import expressions
from cds.data.data_requirements import (
    DataRequirement,
    merge_requirements,
    requirement_of_element,
    requirement_of_retrieve,
)
from cds.engine import Retrieve
from cds.expressions.languages import definition_of
from cds.expressions.logic import Logic
from cds.reasoning.actions import has_triggers, is_triggered

_ALWAYS_READ = "Patient"
Holder = tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Reads:
    """What a guideline reads: the retrieves of its logic, each once, and the `input` elements of its actions."""

    retrieves: tuple[Retrieve, ...]
    inputs: tuple[Mapping[str, Any], ...]


def reads(logic: Logic, guideline: Guideline, hook: str | None, *, go_on: Callable[[], None] = lambda: None) -> Reads:
    """Return what the actions of `hook` (None: of all hooks) read, through every definition they use.

    `go_on` is called before each part of the plan is looked at, and ends the work by what it raises.
    """
    inputs: list[Mapping[str, Any]] = []
    names: dict[DefinitionName, None] = {}
    compiled = logic.shelf.compiled(guideline.artifact)
    if compiled is not None:
        return reads_of(logic, (DefinitionName(compiled.name, name) for name in sorted(compiled.definitions)))
    for part, resource, plan in _parts(guideline.artifact, hook, logic, inherited=False, seen=frozenset()):
        go_on()
        libraries = scope(resource, plan, logic.shelf)
        for _, expression in expressions(part):
            name = definition_of(expression, libraries, logic.shelf)
            if name is not None:
                names[name] = None
        inputs += part.get("input", ())
    return replace(reads_of(logic, names), inputs=tuple(inputs))


def reads_of(logic: Logic, names: Iterable[DefinitionName]) -> Reads:
    """Return what definitions read, through every definition they use."""
    return Reads(logic.retrieves_of(names), ())


def data_requirements(
    logic: Logic, guideline: Guideline, hook: str | None, *, go_on: Callable[[], None] = lambda: None
) -> tuple[DataRequirement, ...]:
    """Return what the data layer has to get for `hook`, None for all actions (PD-184 … PD-188). See `requirements`."""
    return requirements(logic, reads(logic, guideline, hook, go_on=go_on))


def requirements(logic: Logic, found: Reads) -> tuple[DataRequirement, ...]:
    """Return reads as the data layer knows them.

    The Patient is read in any case and not listed. Raises `ContentError` for a value set that cannot be decided.
    """
    value_sets, mappings = logic.value_sets, logic.mappings
    asked = [requirement_of_element(element, value_sets, mappings) for element in found.inputs]
    asked += [requirement_of_retrieve(retrieve, value_sets, mappings) for retrieve in found.retrieves]
    return merge_requirements(one for one in asked if one.type != _ALWAYS_READ)


def _parts(
    plan: Artifact, hook: str | None, logic: Logic, *, inherited: bool, seen: frozenset[str]
) -> Iterator[Holder]:
    """Yield (part, resource, plan): a piece that holds expressions, the resource it stands in, the plan around it."""
    resource = plan.resource
    yield _without_actions(resource), resource, resource
    inherited = inherited or not has_triggers(resource)
    waiting = [(action, inherited) for action in resource.get("action", ())]
    while waiting:
        action, by_parent = waiting.pop(0)
        if not is_triggered(action, hook, inherited=by_parent):
            continue
        yield _without_actions(action), resource, resource
        waiting += [(child, by_parent or "trigger" in action) for child in action.get("action", ())]
        definition = _definition(action, plan, logic)
        if definition is None:
            continue
        if definition.type == "ActivityDefinition":
            yield definition.resource, definition.resource, resource
        elif definition.type == "PlanDefinition" and definition.canonical not in seen:
            yield from _parts(definition, hook, logic, inherited=True, seen=seen | {plan.canonical})


def _definition(action: Mapping[str, Any], plan: Artifact, logic: Logic) -> Artifact | None:
    canonical = action.get("definitionCanonical", "")
    if canonical.startswith("#"):
        inner = contained(plan.resource, canonical[1:])
        return replace(plan, resource=inner) if inner is not None else None
    return logic.shelf.find(canonical)


def _without_actions(element: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in element.items() if name not in ("action", "contained")}
