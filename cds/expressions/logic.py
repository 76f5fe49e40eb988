"""The logic of one guideline: compiled at load, evaluated per call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import Any

from cds.cache import NO_CACHE, Cache
from cds.content.artifact import Artifact
from cds.content.elm import CompiledLibrary, DefinitionName
from cds.content.guideline import Guideline
from cds.content.library import Content
from cds.content.problems import BrokenContent, Problem
from cds.content.shelf import Shelf
from cds.content.walk import expressions
from cds.data.resources import Resources
from cds.engine import (
    Engine,
    EngineError,
    LibrarySource,
    Parameter,
    ResourceIndex,
    Retrieve,
    Session,
    UnsupportedError,
    to_json,
)
from cds.engine.errors import Problem as EngineProblem
from cds.engine.fhirpath import FHIRPath
from cds.expressions.code_members import EngineValueSets
from cds.expressions.evaluators import Evaluators
from cds.terminology.mappings import Mappings
from cds.terminology.value_sets import ValueSets


class CompiledPaths:
    """The FHIRPath expressions of one guideline, each compiled once. They go with it, as a plan sent in a call does."""

    def __init__(self) -> None:
        self._compiled: dict[str, FHIRPath] = {}

    def __call__(self, text: str) -> FHIRPath:
        """Return the compiled expression; raises `EngineError`."""
        compiled = self._compiled.get(text)
        if compiled is None:
            compiled = self._compiled[text] = FHIRPath(text)
        return compiled


class Logic:
    """The compiled libraries of a guideline with the terminology they ask. Shared by all calls and threads.

    `libraries` are the names of the guideline's own libraries: the engine may hold those of others as well; `paths` are
    its FHIRPath expressions.
    """

    def __init__(
        self,
        engine: Engine,
        libraries: tuple[str, ...],
        *,
        paths: CompiledPaths,
        shelf: Shelf,
        value_sets: ValueSets,
        mappings: Mappings,
    ) -> None:
        self.engine = engine
        self.libraries = libraries
        self.paths = paths
        self.shelf = shelf
        self.value_sets = value_sets
        self.mappings = mappings

    @cached_property
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

    def retrieves_of(self, names: Iterable[DefinitionName]) -> tuple[Retrieve, ...]:
        """Return what definitions read, with all definitions they use."""
        return self.engine.retrieves_of((name.library, name.definition) for name in names)

    def session(
        self,
        resources: Sequence[Mapping[str, Any]],
        *,
        parameters: Mapping[str, Any],
        now: datetime,
        deadline: float | None = None,
    ) -> Session:
        """Start the engine's part of one call."""
        if isinstance(resources, Resources):
            facts = ResourceIndex(resources.retrievable, whole=resources, partial_type=resources.partial_type)
            return self.engine.session(facts, parameters=parameters, now=now, deadline=deadline, explain=True)
        return self.engine.session(resources, parameters=parameters, now=now, deadline=deadline, explain=True)

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
        session = self.session(resources, parameters=parameters, now=now, deadline=deadline)
        return Evaluators(
            session,
            shelf=self.shelf,
            compile_path=self.paths,
            to_json=to_json,
            now=now,
            resources=resources,
            value_sets=self.value_sets,
            deadline=deadline,
        )


class Compiler:
    """Compiles the logic of one `Content`, each library once: what guidelines share, they share compiled."""

    def __init__(self, content: Content, *, cache: Cache = NO_CACHE) -> None:
        """Take the content; code that the cache has is not compiled again."""
        self._content = content
        self._cache = cache
        self._shelf = content.shelf
        self.value_sets = ValueSets(one.resource for one in self._shelf.of_type("ValueSet", "CodeSystem"))
        self.mappings = Mappings(artifact.resource for artifact in self._shelf.artifacts)
        self._engines: dict[frozenset[Artifact], Engine] = {}
        self._logic: dict[Guideline, Logic] = {}

    def compile_guidelines(self) -> dict[str, Logic]:
        """Compile everything the guidelines compute with; return the logic by guideline id.

        Raises `BrokenContent` with every place that the engine cannot run, every FHIRPath expression that is none, and
        every value set whose members cannot be told.
        """
        guidelines = self._content.guidelines
        # When their libraries do not go together, as two versions of one, each guideline says what is wrong with it.
        with suppress(UnsupportedError):
            self._engine(frozenset(one for guideline in guidelines for one in self._libraries(guideline)))
        found: list[Problem] = []
        for guideline in guidelines:
            try:
                self._logic[guideline] = self.logic_of(guideline)
            except BrokenContent as broken:
                found += broken.problems
        if found:
            raise BrokenContent(found)
        return {guideline.id: self._logic[guideline] for guideline in guidelines}

    def logic_of(self, guideline: Guideline) -> Logic:
        """Return the logic of a guideline, or of another artifact with its dependencies; raises `BrokenContent`."""
        known = self._logic.get(guideline)
        if known is not None:
            return known
        found = list(_undecidable(guideline.dependencies.of_type("ValueSet"), self.value_sets))
        paths = CompiledPaths()
        found += _bad_paths(guideline, paths)
        libraries = self._libraries(guideline)
        names = {compiled.name: artifact for artifact, compiled in libraries.items()}
        try:
            engine = self._engine(frozenset(libraries))
        except UnsupportedError as error:
            found += [_unsupported(one, names) for one in error.problems]
        if found:
            raise BrokenContent(found)
        return Logic(
            engine,
            tuple(names),
            paths=paths,
            shelf=self._shelf,
            value_sets=self.value_sets,
            mappings=self.mappings,
        )

    def _libraries(self, guideline: Guideline) -> dict[Artifact, CompiledLibrary]:
        libraries = guideline.dependencies.of_type("Library")
        return {one: compiled for one in libraries if (compiled := self._shelf.compiled(one))}

    def _engine(self, libraries: frozenset[Artifact]) -> Engine:
        """Return an engine that holds the libraries: one that is there, else a new one."""
        for held, engine in tuple(self._engines.items()):  # others may add one meanwhile
            if libraries <= held:
                return engine
        compiled = [found for one in self._shelf.artifacts if one in libraries and (found := self._shelf.compiled(one))]
        self._engines[libraries] = Engine(
            map(_source, _included_first(compiled)),
            value_sets=EngineValueSets(self.value_sets),
            explain="always",
            store=None if self._cache is NO_CACHE else self._cache,
        )
        return self._engines[libraries]


def _source(library: CompiledLibrary) -> LibrarySource:
    return LibrarySource(library.name, library.digest, library.includes, read=lambda: library.document)


def _included_first(libraries: Sequence[CompiledLibrary]) -> list[CompiledLibrary]:
    """Return each library after those of them that it includes; in a circle somebody comes first."""
    by_name = {library.name: library for library in libraries}
    found: dict[CompiledLibrary, None] = {}
    entered: set[CompiledLibrary] = set()

    def take(library: CompiledLibrary) -> None:
        if library not in entered:
            entered.add(library)
            for path, _ in library.includes:
                included = by_name.get(path.replace("/", ".").rpartition(".")[2])
                if included is not None:
                    take(included)
            found[library] = None

    for library in libraries:
        take(library)
    return list(found)


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


def _bad_paths(guideline: Guideline, paths: CompiledPaths) -> Iterator[Problem]:
    """Compile the FHIRPath expressions; yield those that cannot be, unless another language stands in for them."""
    for artifact in guideline.dependencies.artifacts:
        if artifact.type in ("PlanDefinition", "ActivityDefinition"):
            for path, expression in expressions(artifact.resource):
                if expression["language"].lower() == "text/fhirpath" and "extension" not in expression:
                    try:
                        paths(expression.get("expression", ""))
                    except EngineError as error:
                        yield Problem(artifact.file, artifact.at(f"{path}.expression"), str(error))
