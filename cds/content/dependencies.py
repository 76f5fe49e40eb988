"""What a plan stands on: the closure of its definitions, libraries and value sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds.content.artifact import Artifact, contained
from cds.content.canonical import Canonical
from cds.content.override_reasons import override_reason_canonicals
from cds.content.problems import Problem
from cds.content.shelf import Shelf
from cds.content.walk import actions, expressions

# The engine answers these functions itself, so their ELM is not shipped.
BUILT_IN_LIBRARIES = frozenset({"FHIRHelpers"})
_DEFINITION_TYPES = ("ActivityDefinition", "PlanDefinition", "Questionnaire", "Measure")


@dataclass(frozen=True, slots=True)
class Missing:
    """An artefact that is referred to and not loaded: its URL (or `Type/id`), or for a CQL library its name.

    `problem` is what the author is told, None where the guideline can do without it.
    """

    types: tuple[str, ...]
    url: str = ""
    version: str | None = None
    name: str | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Everything a plan reaches, itself first, each artifact once; and the references that lead nowhere."""

    artifacts: tuple[Artifact, ...]
    problems: tuple[Problem, ...]
    missing: tuple[Missing, ...] = ()

    def of_type(self, *names: str) -> tuple[Artifact, ...]:
        """Return the artifacts of these resource types."""
        return tuple(artifact for artifact in self.artifacts if artifact.type in names)


Needed = Artifact | Problem | Missing


def dependencies(plan: Artifact, shelf: Shelf) -> Dependencies:
    """Follow every reference of the plan that its evaluation needs (PD-024, PD-025, PD-184)."""
    reached: dict[Artifact, None] = {plan: None}
    problems: list[Problem] = []
    missing: list[Missing] = []
    waiting = [plan]
    while waiting:
        for needed in _needs(waiting.pop(0), shelf):
            if isinstance(needed, Problem):
                problems.append(needed)
            elif isinstance(needed, Missing):
                missing.append(needed)
                problems += [needed.problem] if needed.problem is not None else []
            elif needed not in reached:
                reached[needed] = None
                waiting.append(needed)
    return Dependencies(tuple(reached), tuple(problems), tuple(missing))


def library_canonicals(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (path, canonical) of the libraries whose definitions the resource's expressions may name."""
    for index, canonical in enumerate(resource.get("library", ())):
        yield f"library[{index}]", canonical
    for path, expression in expressions(resource):
        if "reference" in expression:
            yield f"{path}.reference", expression["reference"]


def _needs(artifact: Artifact, shelf: Shelf) -> Iterator[Needed]:
    if artifact.type == "PlanDefinition":
        yield from _definitions(artifact, shelf)
        for canonical in override_reason_canonicals(artifact.resource):
            found = shelf.find(canonical, "ValueSet", "CodeSystem")
            yield found or _unresolved(artifact, "extension", canonical, "ValueSet", "CodeSystem")
    if artifact.type in ("PlanDefinition", "ActivityDefinition"):
        yield from _libraries(artifact, artifact.resource, "", shelf)
        for index, inner in enumerate(artifact.resource.get("contained", ())):
            yield from _libraries(artifact, inner, f"contained[{index}].", shelf)
    elif artifact.type == "Library":
        yield from _logic(artifact, shelf)
    elif artifact.type == "ValueSet":
        yield from _included(artifact, shelf)


def _definitions(plan: Artifact, shelf: Shelf) -> Iterator[Needed]:
    for path, action in actions(plan.resource):
        canonical = action.get("definitionCanonical")
        if canonical is None:
            continue
        if canonical.startswith("#"):
            if contained(plan.resource, canonical[1:]) is None:
                yield _nowhere(plan, f"{path}.definitionCanonical", canonical, "contained resource")
            continue
        definition = shelf.find(canonical, *_DEFINITION_TYPES)
        yield definition or _unresolved(plan, f"{path}.definitionCanonical", canonical, *_DEFINITION_TYPES)


def _libraries(artifact: Artifact, resource: Mapping[str, Any], path: str, shelf: Shelf) -> Iterator[Needed]:
    for place, canonical in library_canonicals(resource):
        yield shelf.find(canonical, "Library") or _unresolved(artifact, path + place, canonical, "Library")


def _logic(artifact: Artifact, shelf: Shelf) -> Iterator[Needed]:
    compiled = shelf.compiled(artifact)
    if compiled is None:
        return
    for name, version in compiled.includes:
        if name.rpartition("/")[2] not in BUILT_IN_LIBRARIES:
            library = name.rpartition("/")[2]
            problem = _nowhere(artifact, "content", f"{name} version {version}" if version else name, "CQL library")
            yield shelf.find_compiled(library, version) or Missing(
                ("Library",), version=version, name=library, problem=problem
            )
    for canonical in compiled.value_sets:
        yield shelf.find(canonical, "ValueSet") or _unresolved(artifact, "content", canonical, "ValueSet")


def _included(value_set: Artifact, shelf: Shelf) -> Iterator[Needed]:
    """Yield the code systems and value sets that a value set takes over, as far as they are loaded."""
    for include in value_set.resource.get("compose", {}).get("include", ()):
        for canonical in include.get("valueSet", ()):
            url, _, version = canonical.partition("|")
            yield shelf.find(canonical, "ValueSet") or Missing(("ValueSet",), url, version or None)
        code_system = shelf.find(include.get("system", ""), "CodeSystem")
        if code_system is not None:
            yield code_system


def _unresolved(artifact: Artifact, path: str, canonical: str, *types: str) -> Missing:
    wanted = Canonical.parse(canonical)
    kind = "definition" if types == _DEFINITION_TYPES else " or ".join(types)
    return Missing(types, wanted.url, wanted.version, problem=_nowhere(artifact, path, canonical, kind))


def _nowhere(artifact: Artifact, path: str, canonical: str, kind: str) -> Problem:
    message = f"no {kind} {canonical} is loaded: correct the reference, or add the {kind}"
    return Problem(artifact.file, artifact.at(path), message)
