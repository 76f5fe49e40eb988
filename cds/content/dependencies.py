"""What a plan stands on: the closure of its definitions, libraries and value sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds.content.artifact import Artifact, contained
from cds.content.override_reasons import override_reason_canonicals
from cds.content.problems import Problem
from cds.content.shelf import Shelf
from cds.content.walk import actions, expressions

# The engine answers these functions itself, so their ELM is not shipped.
BUILT_IN_LIBRARIES = frozenset({"FHIRHelpers"})
_DEFINITION_TYPES = ("ActivityDefinition", "PlanDefinition", "Questionnaire", "Measure")


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Everything a plan reaches, itself first, each artifact once; and the references that lead nowhere."""

    artifacts: tuple[Artifact, ...]
    problems: tuple[Problem, ...]

    def of_type(self, name: str) -> tuple[Artifact, ...]:
        """Return the artifacts of one resource type."""
        return tuple(artifact for artifact in self.artifacts if artifact.type == name)


def dependencies(plan: Artifact, shelf: Shelf) -> Dependencies:
    """Follow every reference of the plan that its evaluation needs (PD-024, PD-025, PD-184)."""
    reached: dict[Artifact, None] = {plan: None}
    problems: list[Problem] = []
    waiting = [plan]
    while waiting:
        for needed in _needs(waiting.pop(0), shelf):
            if isinstance(needed, Problem):
                problems.append(needed)
            elif needed not in reached:
                reached[needed] = None
                waiting.append(needed)
    return Dependencies(tuple(reached), tuple(problems))


def library_canonicals(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (path, canonical) of the libraries whose definitions the resource's expressions may name."""
    for index, canonical in enumerate(resource.get("library", ())):
        yield f"library[{index}]", canonical
    for path, expression in expressions(resource):
        if "reference" in expression:
            yield f"{path}.reference", expression["reference"]


def _needs(artifact: Artifact, shelf: Shelf) -> Iterator[Artifact | Problem]:
    if artifact.type == "PlanDefinition":
        yield from _definitions(artifact, shelf)
        for canonical in override_reason_canonicals(artifact.resource):
            found = shelf.find(canonical, "ValueSet", "CodeSystem")
            yield found or _unresolved(artifact, "extension", canonical, "ValueSet or CodeSystem")
    if artifact.type in ("PlanDefinition", "ActivityDefinition"):
        yield from _libraries(artifact, artifact.resource, "", shelf)
        for index, inner in enumerate(artifact.resource.get("contained", ())):
            yield from _libraries(artifact, inner, f"contained[{index}].", shelf)
    elif artifact.type == "Library":
        yield from _logic(artifact, shelf)
    elif artifact.type == "ValueSet":
        yield from _included(artifact, shelf)


def _definitions(plan: Artifact, shelf: Shelf) -> Iterator[Artifact | Problem]:
    for path, action in actions(plan.resource):
        canonical = action.get("definitionCanonical")
        if canonical is None:
            continue
        if canonical.startswith("#"):
            if contained(plan.resource, canonical[1:]) is None:
                yield _unresolved(plan, f"{path}.definitionCanonical", canonical, "contained resource")
            continue
        definition = shelf.find(canonical, *_DEFINITION_TYPES)
        yield definition or _unresolved(plan, f"{path}.definitionCanonical", canonical, "definition")


def _libraries(
    artifact: Artifact, resource: Mapping[str, Any], path: str, shelf: Shelf
) -> Iterator[Artifact | Problem]:
    for place, canonical in library_canonicals(resource):
        yield shelf.find(canonical, "Library") or _unresolved(artifact, path + place, canonical, "Library")


def _logic(artifact: Artifact, shelf: Shelf) -> Iterator[Artifact | Problem]:
    compiled = shelf.compiled(artifact)
    if compiled is None:
        message = "the library carries no compiled logic (application/elm+json): run `cds elm build`"
        yield Problem(artifact.file, artifact.at("content"), message)
        return
    for name, version in compiled.includes:
        if name.rpartition("/")[2] not in BUILT_IN_LIBRARIES:
            included = shelf.find_compiled(name.rpartition("/")[2], version)
            canonical = f"{name} version {version}" if version else name
            yield included or _unresolved(artifact, "content", canonical, "CQL library")
    for canonical in compiled.value_sets:
        yield shelf.find(canonical, "ValueSet") or _unresolved(artifact, "content", canonical, "ValueSet")


def _included(value_set: Artifact, shelf: Shelf) -> Iterator[Artifact]:
    """Yield the code systems and value sets that a value set takes over, as far as they are loaded."""
    for include in value_set.resource.get("compose", {}).get("include", ()):
        found = [shelf.find(canonical, "ValueSet") for canonical in include.get("valueSet", ())]
        if "system" in include:
            found.append(shelf.find(include["system"], "CodeSystem"))
        yield from (artifact for artifact in found if artifact is not None)


def _unresolved(artifact: Artifact, path: str, canonical: str, kind: str) -> Problem:
    message = f"no {kind} {canonical} is loaded: correct the reference, or add the {kind}"
    return Problem(artifact.file, artifact.at(path), message)
