"""The logic of one guideline: compiled at load, evaluated per call."""

from __future__ import annotations

import re
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
from cds.engine.errors import Problem as EngineProblem
from cds.engine.fhirpath import FHIRPath, fhirpath
from cds.expressions.code_members import EngineValueSets
from cds.expressions.evaluators import Evaluators
from cds.terminology.mappings import Mappings
from cds.terminology.value_sets import ValueSets


class Logic:
    """The compiled libraries of a guideline with the terminology they ask. Shared by all calls and threads.

    `libraries` are the names of the guideline's own libraries: the engine may hold those of others as well.
    """

    def __init__(
        self, engine: Engine, libraries: tuple[str, ...], *, shelf: Shelf, value_sets: ValueSets, mappings: Mappings
    ) -> None:
        self.engine = engine
        self.libraries = libraries
        self.shelf = shelf
        self.value_sets = value_sets
        self.mappings = mappings

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The CQL parameters of the guideline's libraries, each once by name and type."""
        found = {
            (parameter.name, parameter.type): parameter
            for library in self.libraries
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


def compile_logic(content: Content) -> dict[str, Logic]:
    """Compile everything the guidelines compute with, by guideline id; what they share is compiled once.

    Raises `BrokenContent` with every place that the engine cannot run, every FHIRPath expression that is none, and
    every value set whose members cannot be told.
    """
    shelf = content.shelf
    value_sets = ValueSets(artifact.resource for artifact in shelf.of_type("ValueSet", "CodeSystem"))
    mappings = Mappings(artifact.resource for artifact in shelf.artifacts)
    common = _common_engine(content, value_sets)
    found: list[Problem] = []
    logic: dict[str, Logic] = {}
    for guideline in content.guidelines:
        found += _undecidable(guideline.dependencies.of_type("ValueSet"), value_sets)
        found += _bad_paths(guideline)
        libraries = {
            compiled.name: artifact
            for artifact in guideline.dependencies.of_type("Library")
            if (compiled := shelf.compiled(artifact))
        }
        try:
            engine = common or _engine(libraries.values(), shelf, value_sets)
        except UnsupportedError as error:
            found += [_unsupported(one, libraries) for one in error.problems]
        else:
            logic[guideline.id] = Logic(engine, tuple(libraries), shelf=shelf, value_sets=value_sets, mappings=mappings)
    if found:
        raise BrokenContent(found)
    return logic


def _common_engine(content: Content, value_sets: ValueSets) -> Engine | None:
    """Return one engine for all guidelines; None when their libraries do not go together, as two versions of one."""
    needed = {one: None for guideline in content.guidelines for one in guideline.dependencies.of_type("Library")}
    try:
        return _engine(needed, content.shelf, value_sets)
    except UnsupportedError:
        return None  # each guideline by itself then says what is wrong with it


def _engine(libraries: Iterable[Artifact], shelf: Shelf, value_sets: ValueSets) -> Engine:
    documents = [compiled.document for artifact in libraries if (compiled := shelf.compiled(artifact))]
    return Engine(documents, value_sets=EngineValueSets(value_sets))


def _unsupported(problem: EngineProblem, libraries: Mapping[str, Artifact]) -> Problem:
    """Point at the library's file and the line of its CQL."""
    artifact = libraries.get(re.split(r"[| ]", problem.library)[0])
    place = f"{problem.library} {problem.locator or ''}".strip()
    return Problem(artifact.file if artifact else problem.library, place, f"{problem.operator}: {problem.reason}")


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
