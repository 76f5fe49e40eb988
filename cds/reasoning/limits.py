"""What a guideline asks of this processor that it does not do, found before any patient comes (PD-257).

Each finding names the file, the JSON path, and what to do. An `error` would cost a card or a suggestion at the bedside;
a `warning` is something that is read in one of several ways, or left out of the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from cds.content.artifact import Artifact, contained
from cds.content.guideline import HOOKS, Guideline
from cds.content.integrity import scope
from cds.content.problems import Problem
from cds.content.shelf import Shelf
from cds.content.walk import actions, named_events
from cds.engine import FHIRPath
from cds.engine.errors import EngineError
from cds.expressions.evaluation import UnsupportedExpression
from cds.expressions.languages import definition_of, fhirpath, find_language
from cds.reasoning.actions import related_cycles
from cds.reasoning.dynamic_values import ACTION, addresses_action
from cds.reasoning.element_path import BadPath, parse_path
from cds.reasoning.element_types import DoesNotFit
from cds.reasoning.planned_actions import MAX_DEPTH
from cds.reasoning.request_kinds import kind_refusal
from cds.reasoning.set_element import check_path
from cds.reasoning.subjects import subject_type
from cds.reasoning.targets import action_type, has_target

_SUMMARY_UNITS = 139


@dataclass(frozen=True, slots=True)
class Limit:
    """One finding: how bad it is, and where and what it is."""

    severity: Literal["error", "warning"]
    problem: Problem


def limits(guideline: Guideline, shelf: Shelf) -> Iterator[Limit]:
    """Yield what this processor does not do of a guideline and of the plans nested in it."""
    for plan in guideline.dependencies.of_type("PlanDefinition"):
        yield from _PlanLimits(plan, shelf).all()


class _PlanLimits:
    """The findings of one plan."""

    def __init__(self, plan: Artifact, shelf: Shelf) -> None:
        self._plan = plan
        self._shelf = shelf
        self._ids = {action["id"] for _, action in actions(plan.resource) if "id" in action}
        self._goals = {goal["id"] for goal in plan.resource.get("goal", ()) if "id" in goal}

    def all(self) -> Iterator[Limit]:
        """Yield the findings of every action."""
        for path, cycle in related_cycles(self._plan.resource):
            yield self._error(path, f"the related actions {' → '.join(cycle)} wait for each other: break the circle")
        for path, action in actions(self._plan.resource):
            yield from self._texts(path, action)
            yield from self._processing(path, action)
            yield from self._references(path, action)
            yield from self._triggers(path, action)
            yield from self._expressions(path, action, self._plan, self._plan.resource)
            definition = self._definition(action)
            if definition is not None and definition.type == "ActivityDefinition":
                yield from self._activity(definition)
            yield from self._paths(path, action, definition)

    def _processing(self, path: str, action: Mapping[str, Any]) -> Iterator[Limit]:
        if "modifierExtension" in action:
            message = "an action with a modifierExtension is not processed: its meaning is not known"
            yield self._error(f"{path}.modifierExtension", message)
        if "transform" in action:
            message = "a transform by StructureMap is not supported: use a definition and dynamicValue"
            yield self._error(f"{path}.transform", message)
        if path.count("action[") > MAX_DEPTH:
            yield self._error(path, f"actions nested deeper than {MAX_DEPTH} levels are not processed")
        if subject_type(action) not in (None, "Patient"):
            message = "a hook call is about a Patient: only $apply with another subject processes this action"
            yield self._error(f"{path}.subjectCodeableConcept", message)
        if action_type(action) != "create" and not has_target(action):
            message = f"an action of type {action_type(action)} needs the extension action-target"
            yield self._error(path, message)
        if action_type(action) == "update" and "definitionCanonical" not in action:
            yield self._error(path, "an update needs an ActivityDefinition that says what to change")

    def _texts(self, path: str, action: Mapping[str, Any]) -> Iterator[Limit]:
        title = str(action.get("title", ""))
        if len(title.encode("utf-16-le")) // 2 > _SUMMARY_UNITS and path.count("action[") == 1:
            yield self._warning(f"{path}.title", "a card's summary has fewer than 140 characters: this one is cut")

    def _references(self, path: str, action: Mapping[str, Any]) -> Iterator[Limit]:
        for index, related in enumerate(action.get("relatedAction", ())):
            if related["actionId"] not in self._ids:
                message = f"the plan has no action {related['actionId']!r}: the relation is left out"
                yield self._warning(f"{path}.relatedAction[{index}]", message)
        for index, goal in enumerate(action.get("goalId", ())):
            if goal not in self._goals:
                yield self._warning(f"{path}.goalId[{index}]", f"the plan has no goal {goal!r} (R5 pld-3)")
        canonical = action.get("definitionCanonical", "")
        if canonical and ":" not in canonical and not canonical.startswith("#"):
            message = f"{canonical} is no canonical: it is read as a relative reference (PD-028)"
            yield self._warning(f"{path}.definitionCanonical", message)

    def _triggers(self, path: str, action: Mapping[str, Any]) -> Iterator[Limit]:
        for name in named_events(action):
            if name not in HOOKS:
                yield self._warning(f"{path}.trigger", f"{name!r} is no hook of the CDS Hooks library: not offered")
        kinds = {condition["kind"] for condition in action.get("condition", ())}
        if named_events(action) and "start" in kinds and "applicability" not in kinds:
            message = "the only test is of kind start, which is not evaluated: for every patient this fires (PD-087)"
            yield self._warning(f"{path}.condition", message)

    def _expressions(
        self, path: str, holder: Mapping[str, Any], artifact: Artifact, resource: Mapping[str, Any]
    ) -> Iterator[Limit]:
        """Yield expressions that cannot be run, if no alternative expression can."""
        libraries = scope(resource, self._plan.resource, self._shelf)
        places = [
            *((f"condition[{index}]", one) for index, one in enumerate(holder.get("condition", ()))),
            *((f"dynamicValue[{index}]", one) for index, one in enumerate(holder.get("dynamicValue", ()))),
        ]
        for place, element in places:
            expression = element.get("expression", {})
            where = ".".join(part for part in (path, place, "expression") if part)
            if "expression" not in expression:
                message = "a description alone cannot be computed: this never fires"
                yield Limit("warning", Problem(artifact.file, artifact.at(where), message))
                continue
            alternatives = (*expression.get("extension", ()), *element.get("extension", ()))
            if any("valueExpression" in one for one in alternatives):
                continue
            try:
                language = find_language(expression.get("language", ""))
            except UnsupportedExpression as error:
                yield Limit("error", Problem(artifact.file, artifact.at(where), str(error)))
                continue
            if language is fhirpath:
                yield from self._path_faults(expression["expression"], artifact, where)
                continue
            if definition_of(expression, libraries, self._shelf) is None:
                message = (
                    f"{expression['expression']!r} is no definition of the library: define it, and run `cds elm build`"
                )
                yield Limit("error", Problem(artifact.file, artifact.at(where), message))

    def _path_faults(self, text: str, artifact: Artifact, where: str) -> Iterator[Limit]:
        """Yield what in a FHIRPath expression can never mean anything on the subject and the usual variables."""
        subject = subject_type(self._plan.resource) or "Patient"
        try:
            FHIRPath(text).check(subject, {"subject": subject, "patient": "Patient", "data": "Bundle"})
        except EngineError as error:
            yield Limit("error", Problem(artifact.file, artifact.at(where), str(error)))

    def _activity(self, definition: Artifact) -> Iterator[Limit]:
        refusal = kind_refusal(definition.resource)
        if refusal is not None:
            yield Limit("error", Problem(definition.file, definition.at("kind"), refusal))
        if "dosage" in definition.resource and "quantity" in definition.resource:
            message = "with a dosage, quantity should be absent (R4 ActivityDefinition.dosage)"
            yield Limit("warning", Problem(definition.file, definition.at("quantity"), message))
        yield from self._expressions("", definition.resource, definition, definition.resource)
        yield from self._paths("", definition.resource, definition, artifact=definition)

    def _paths(
        self,
        path: str,
        holder: Mapping[str, Any],
        definition: Artifact | None,
        *,
        artifact: Artifact | None = None,
    ) -> Iterator[Limit]:
        """Yield dynamicValue paths that lead nowhere in the resource or the action they are for (PD-171 … PD-175)."""
        kind = definition.resource.get("kind", "MedicationRequest") if definition is not None else None
        if definition is not None and definition.type != "ActivityDefinition":
            kind = "RequestGroup" if definition.type == "PlanDefinition" else "Task"
        at = artifact or self._plan
        for index, value in enumerate(holder.get("dynamicValue", ())):
            where = at.at(".".join(part for part in (path, f"dynamicValue[{index}]", "path") if part))
            try:
                parsed = parse_path(value.get("path", "$this"))
                if not parsed.is_root:
                    check_path(ACTION if addresses_action(parsed, kind) else str(kind), parsed.steps)
            except (BadPath, DoesNotFit) as error:
                yield Limit("error", Problem(at.file, where, str(error)))

    def _definition(self, action: Mapping[str, Any]) -> Artifact | None:
        canonical = action.get("definitionCanonical", "")
        if canonical.startswith("#"):
            inner = contained(self._plan.resource, canonical[1:])
            return replace(self._plan, resource=inner, path=f"contained {canonical}") if inner is not None else None
        return self._shelf.find(canonical)

    def _error(self, path: str, message: str) -> Limit:
        return Limit("error", Problem(self._plan.file, self._plan.at(path), message))

    def _warning(self, path: str, message: str) -> Limit:
        return Limit("warning", Problem(self._plan.file, self._plan.at(path), message))
