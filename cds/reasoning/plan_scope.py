"""Where in the plans an application stands: which plan, below which others, and what its expressions see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from cds.content.artifact import Artifact
from cds.content.integrity import scope as libraries_in_scope
from cds.content.shelf import Shelf
from cds.engine.runtime.fhir_values import Element
from cds.expressions.evaluation import ALL_DATA, Scope
from cds.reasoning.call import Call
from cds.reasoning.element_types import kind_of
from cds.reasoning.inputs import matching
from cds.reasoning.subjects import find_subject, subject_type
from cds.reasoning.workshop import Workshop

# Operation parameters that were not given are empty, not unknown names (PD-050).
_PARAMETERS = (
    "encounter",
    "practitioner",
    "organization",
    "userType",
    "userLanguage",
    "userTaskContext",
    "setting",
    "settingContext",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanScope:
    """One plan being applied; `ancestors` are the canonicals of the plans around it, `seed` makes its ids unique."""

    plan: Artifact
    expressions: Scope
    ancestors: tuple[str, ...] = ()
    seed: tuple[str, ...] = ()
    goals: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def subject(self) -> Mapping[str, Any] | None:
        """The resource that the plan, or the action at hand, is about; None when the call gives none of its type."""
        return self.expressions.focus

    def about(self, holder: Mapping[str, Any], call: Call) -> PlanScope:
        """Return the scope below an element that may declare a subject of its own (PD-032, PD-036)."""
        expressions = _about(self.expressions, holder, call)
        return self if expressions is self.expressions else replace(self, expressions=expressions)

    def for_activity(self, activity: Mapping[str, Any], call: Call, shelf: Shelf) -> Scope:
        """Return the scope of an activity's own expressions: its libraries, itself as %context (PD-159, PD-180)."""
        libraries = libraries_in_scope(activity, self.plan.resource, shelf)
        seen = _about(self.expressions, activity, call)
        return Scope(libraries=libraries, context=activity, focus=seen.focus, variables=seen.variables)

    def with_goals(self, goals: Mapping[str, str]) -> PlanScope:
        """Return the scope in which actions refer to these goals."""
        return replace(self, goals=goals) if goals else self

    def with_variables(self, holder: Mapping[str, Any], workshop: Workshop, path: str) -> PlanScope:
        """Return the scope below an element with `variable` extensions, each evaluated once (PD-052)."""
        expressions = self.expressions
        for expression in _variables(holder):
            evaluated = workshop.evaluators.evaluate(expression, expressions)
            if evaluated.error is not None:
                message = f"the variable {expression.get('name')} failed: {evaluated.error}"
                workshop.report("error", "processing", message, f"{path}.extension")
                continue
            variables = {**expressions.variables, expression.get("name", ""): typed(evaluated.value)}
            expressions = replace(expressions, variables=variables)
        return self if expressions is self.expressions else replace(self, expressions=expressions)

    def with_inputs(self, action: Mapping[str, Any], workshop: Workshop, path: str) -> PlanScope:
        """Return the scope in which the data of the action's inputs are seen under the inputs' ids (PD-053, PD-098)."""
        evaluators, variables = workshop.evaluators, {}
        for index, requirement in enumerate(action.get("input", ())):
            found = matching(requirement, evaluators.resources, evaluators.value_sets)
            if not found:
                message = f"there is no {requirement.get('type')} of those that the action asks for"
                workshop.report("information", "incomplete", message, f"{path}.input[{index}]")
            if "id" in requirement:
                variables[requirement["id"]] = found
        if not variables:
            return self
        seen = {**self.expressions.variables, **variables}
        return replace(self, expressions=replace(self.expressions, variables=seen))


def has_own_scope(action: Mapping[str, Any]) -> bool:
    """Tell whether an action's expressions may see more than those around it: a subject, inputs or variables."""
    return subject_type(action) is not None or "input" in action or next(_variables(action), None) is not None


def typed(value: Any) -> Any:
    """Return JSON as FHIRPath takes it: an element says its type, which its shape shows; a resource says its own."""
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, Mapping) and "resourceType" not in value and (kind := kind_of(value)) != "object":
        return Element(kind, value)
    return value


def plan_scope(plan: Artifact, workshop: Workshop) -> PlanScope:
    """Return the scope of the outermost plan, with what FHIRPath sees everywhere (PD-050, PD-051)."""
    call, shelf = workshop.call, workshop.evaluators.shelf
    variables: dict[str, Any] = {name: [] for name in _PARAMETERS}
    variables |= {name: typed(value) for name, value in call.variables.items()}
    subject = find_subject(plan.resource, call)
    variables |= {"subject": subject or [], "patient": call.patient or [], "data": ALL_DATA}
    expressions = Scope(
        libraries=libraries_in_scope(plan.resource, plan.resource, shelf),
        context=plan.resource,
        focus=subject,
        variables=variables,
    )
    return PlanScope(plan=plan, expressions=expressions, seed=(plan.canonical,))


def nested_scope(plan: Artifact, outer: PlanScope, path: str, workshop: Workshop) -> PlanScope:
    """Return the scope of a plan that an action of `outer` at `path` refers to."""
    shelf = workshop.evaluators.shelf
    libraries = libraries_in_scope(plan.resource, plan.resource, shelf)
    return PlanScope(
        plan=plan,
        expressions=replace(
            _about(outer.expressions, plan.resource, workshop.call), libraries=libraries, context=plan.resource
        ),
        ancestors=(*outer.ancestors, outer.plan.canonical),
        seed=(*outer.seed, path, plan.canonical),
    )


def _variables(holder: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for extension in holder.get("extension", ()):
        if extension.get("url", "").endswith("/StructureDefinition/variable") and "valueExpression" in extension:
            yield extension["valueExpression"]


def _about(expressions: Scope, holder: Mapping[str, Any], call: Call) -> Scope:
    """Return the scope with the subject that the holder declares, unchanged when it declares none."""
    if subject_type(holder) is None:
        return expressions
    subject = find_subject(holder, call)
    return replace(expressions, focus=subject, variables={**expressions.variables, "subject": subject or []})
