"""The logic of one guideline: compiled at load, evaluated per call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from cds.content.artifact import Artifact
from cds.content.guideline import Guideline
from cds.content.library import Content
from cds.content.problems import BrokenContent, Problem
from cds.content.shelf import Shelf
from cds.content.walk import expressions
from cds.engine import Engine, EngineError, Parameter, Retrieve, UnsupportedError, to_json
from cds.engine.fhirpath import FHIRPath, fhirpath
from cds.expressions.code_members import EngineValueSets
from cds.expressions.evaluators import Evaluators
from cds.terminology.mappings import Mappings
from cds.terminology.value_sets import ValueSets


class Logic:
    """The compiled libraries of a guideline with the terminology they ask. Shared by all calls and threads."""

    def __init__(self, engine: Engine, shelf: Shelf, value_sets: ValueSets, mappings: Mappings) -> None:
        self.engine = engine
        self.shelf = shelf
        self.value_sets = value_sets
        self.mappings = mappings

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The CQL parameters of all libraries, each once by name and type."""
        found = {
            (parameter.name, parameter.type): parameter
            for library in self.engine.libraries
            for parameter in self.engine.parameters(library)
        }
        return tuple(found.values())

    def retrieves(self, library: str, definition: str) -> tuple[Retrieve, ...]:
        """Return what a definition reads, with all definitions it uses."""
        return self.engine.retrieves(library, definition)

    def evaluators(
        self,
        resources: Sequence[Mapping[str, Any]],
        *,
        parameters: Mapping[str, Any],
        now: datetime,
        deadline: float | None = None,
    ) -> Evaluators:
        """Start the evaluation of one call: one patient's resources, the hook's parameters, one moment.

        `now` needs a time zone; `deadline` is a `time.monotonic()` value.
        """
        session = self.engine.session(resources, parameters=parameters, now=now, deadline=deadline, explain=True)
        return Evaluators(
            session,
            shelf=self.shelf,
            compile_path=compiled_path,
            to_json=to_json,
            now=now,
            resources=resources,
            value_sets=self.value_sets,
        )


@cache
def compiled_path(text: str) -> FHIRPath:
    """Compile a FHIRPath expression once. Raises `EngineError`."""
    return fhirpath(text)


def compile_logic(content: Content, guideline: Guideline) -> Logic:
    """Compile everything a guideline computes with.

    Raises `BrokenContent` with every place that the engine cannot run, every FHIRPath expression that is none, and
    every value set whose members cannot be told.
    """
    shelf = content.shelf
    libraries = guideline.dependencies.of_type("Library")
    value_sets = ValueSets(artifact.resource for artifact in shelf.of_type("ValueSet", "CodeSystem"))
    found = [*_undecidable(guideline.dependencies.of_type("ValueSet"), value_sets), *_bad_paths(guideline)]
    documents = [compiled.document for artifact in libraries if (compiled := shelf.compiled(artifact))]
    try:
        engine = Engine(documents, value_sets=EngineValueSets(value_sets))
    except UnsupportedError as error:
        files = {compiled.name: artifact.file for artifact in libraries if (compiled := shelf.compiled(artifact))}
        found += [
            Problem(
                files.get(one.library.partition("|")[0].split(" ")[0], one.library),
                f"{one.library} {one.locator or ''}".strip(),
                f"{one.operator}: {one.reason}",
            )
            for one in error.problems
        ]
    if found:
        raise BrokenContent(found)
    mappings = Mappings(artifact.resource for artifact in shelf.artifacts)
    return Logic(engine, shelf, value_sets, mappings)


def _undecidable(artifacts: Iterable[Artifact], value_sets: ValueSets) -> Iterator[Problem]:
    for artifact in artifacts:
        reason = value_sets.undecidable(artifact.url or "", artifact.version)
        if reason is not None:
            yield Problem(artifact.file, artifact.at("compose"), f"membership cannot be decided: {reason}")


def _bad_paths(guideline: Guideline) -> Iterator[Problem]:
    """Yield FHIRPath expressions that cannot be compiled, unless another language stands in for them."""
    for artifact in guideline.dependencies.artifacts:
        if artifact.type in ("PlanDefinition", "ActivityDefinition"):
            for path, expression in expressions(artifact.resource):
                if expression["language"].lower() == "text/fhirpath" and "extension" not in expression:
                    try:
                        compiled_path(expression.get("expression", ""))
                    except EngineError as error:
                        yield Problem(artifact.file, artifact.at(f"{path}.expression"), str(error))
