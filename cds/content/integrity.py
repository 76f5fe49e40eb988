"""Whether the content hangs together: what would fail at the bedside is found here, at load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cds.content.artifact import Artifact
from cds.content.elm import CompiledLibrary, resolve_definition
from cds.content.guideline import Guideline
from cds.content.problems import Problem
from cds.content.shelf import Shelf
from cds.content.walk import actions, expressions

IDENTIFIER_LANGUAGES = frozenset({"text/cql-identifier", "text/cql.identifier", "text/cql.name"})


def problems(shelf: Shelf, guidelines: Iterable[Guideline]) -> Iterator[Problem]:
    """Yield every contradiction between artifacts that are valid on their own."""
    yield from _doubles(shelf)
    seen: dict[str, Guideline] = {}
    for guideline in guidelines:
        yield from guideline.dependencies.problems
        yield from _not_compiled(guideline, shelf)
        yield from _actions(guideline.artifact)
        for artifact in guideline.dependencies.artifacts:
            if artifact.type in ("PlanDefinition", "ActivityDefinition"):
                yield from _names(artifact, guideline, shelf)
        other = seen.setdefault(guideline.id, guideline)
        if other is not guideline:
            message = (
                f"the guideline id {guideline.id!r} is taken by {other.artifact.file}: give one of them another id"
            )
            yield Problem(guideline.artifact.file, guideline.artifact.at("id"), message)


def _not_compiled(guideline: Guideline, shelf: Shelf) -> Iterator[Problem]:
    """Yield libraries without compiled logic, if an expression needs CQL: one with an alternative does not."""
    definitions = guideline.dependencies.of_type("PlanDefinition", "ActivityDefinition")
    if any(_needs_cql(expression) for one in definitions for _, expression in _all_expressions(one.resource)):
        for library in guideline.dependencies.of_type("Library"):
            if shelf.compiled(library) is None:
                message = "the library carries no compiled logic (application/elm+json): run `cds elm build`"
                yield Problem(library.file, library.at("content"), message)


def _needs_cql(expression: Mapping[str, Any]) -> bool:
    language = str(expression.get("language", "")).partition(";")[0].strip().lower()
    has_other = any("valueExpression" in extension for extension in expression.get("extension", ()))
    return language.startswith("text/cql") and not has_other


def _all_expressions(resource: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (path, Expression) of a resource and of those contained in it."""
    for path, part in _with_contained(resource):
        for place, expression in expressions(part):
            yield path + place, expression


def _doubles(shelf: Shelf) -> Iterator[Problem]:
    by_canonical: dict[str, Artifact] = {}
    by_id: dict[tuple[str, str, str], Artifact] = {}
    for artifact in shelf.artifacts:
        if artifact.url is not None:
            other = by_canonical.setdefault(artifact.canonical, artifact)
            if other is not artifact:
                message = (
                    f"{artifact.canonical} is already defined in {other.file}: change the url or the version of one"
                )
                yield Problem(artifact.file, artifact.at("url"), message)
        if artifact.id is not None:
            first = by_id.setdefault((artifact.type, artifact.id, artifact.root), artifact)
            if first is not artifact:
                message = (
                    f"{artifact.type}/{artifact.id} is already defined in {first.file}: give one of them another id"
                )
                yield Problem(artifact.file, artifact.at("id"), message)


def _actions(plan: Artifact) -> Iterator[Problem]:
    """Yield doubled action ids, which make relatedAction and traces ambiguous, and triggers that break trd-3."""
    seen: dict[str, str] = {}
    for path, action in actions(plan.resource):
        if "id" in action and seen.setdefault(action["id"], path) != path:
            message = f"the action id {action['id']!r} is used at {seen[action['id']]} too: ids are unique in a plan"
            yield Problem(plan.file, plan.at(f"{path}.id"), message)
        for index, trigger in enumerate(action.get("trigger", ())):
            for message in _trigger_faults(trigger):
                yield Problem(plan.file, plan.at(f"{path}.trigger[{index}]"), message)


def _trigger_faults(trigger: Mapping[str, Any]) -> Iterator[str]:
    """Yield the invariants of TriggerDefinition that a trigger breaks (trd-1 … trd-3)."""
    kind, timed = str(trigger.get("type")), any(name.startswith("timing") for name in trigger)
    if "data" in trigger and timed:
        yield "a trigger has either timing or data: remove one of them (trd-1)"
    if "condition" in trigger and "data" not in trigger:
        yield "only a trigger with data can have a condition: add the data, or remove the condition (trd-2)"
    if kind == "named-event" and "name" not in trigger:
        yield "a named-event trigger needs a name: the hook's name (trd-3)"
    if kind == "periodic" and not timed:
        yield "a periodic trigger needs a timing (trd-3)"
    if kind.startswith("data-") and "data" not in trigger:
        yield f"a trigger of type {kind} needs data (trd-3)"


def _names(artifact: Artifact, guideline: Guideline, shelf: Shelf) -> Iterator[Problem]:
    """Yield expressions that name a definition which the libraries in their scope do not have."""
    for path, resource in _with_contained(artifact.resource):
        own = scope(resource, guideline.plan, shelf)
        for place, expression in expressions(resource):
            if expression["language"].lower() not in IDENTIFIER_LANGUAGES or "expression" not in expression:
                continue
            libraries = compiled_libraries([expression["reference"]], shelf) if "reference" in expression else own
            found = resolve_definition(expression["expression"], libraries)
            if libraries and isinstance(found, str):
                yield Problem(artifact.file, artifact.at(f"{path}{place}.expression"), found)


def scope(resource: Mapping[str, Any], plan: Mapping[str, Any], shelf: Shelf) -> tuple[CompiledLibrary, ...]:
    """Return the libraries in which the resource's names resolve: its own, else the plan's (PD-044, PD-159)."""
    return compiled_libraries(resource.get("library") or plan.get("library", ()), shelf)


def compiled_libraries(canonicals: Iterable[str], shelf: Shelf) -> tuple[CompiledLibrary, ...]:
    """Return the ELM of the libraries that are loaded and compiled; the others are reported as dependencies."""
    return shelf.compiled_scope(tuple(canonicals))


def _with_contained(resource: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "", resource
    for index, inner in enumerate(resource.get("contained", ())):
        yield f"contained[{index}].", inner
