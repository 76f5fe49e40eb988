"""The engine: ELM libraries in, sessions out."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from cds.engine.elm.compile import CompiledLibrary, compile_library
from cds.engine.elm.document import read_library
from cds.engine.elm.libraries import LibrarySource, compile_all, includes_of, named
from cds.engine.elm.stored import Store
from cds.engine.elm.types import ANY
from cds.engine.errors import EngineError, Problem, UnsupportedError
from cds.engine.listed_value_sets import ListedValueSets
from cds.engine.program import link
from cds.engine.requirements import Retrieve
from cds.engine.resource_index import ResourceIndex
from cds.engine.runtime.temporal import DateTime
from cds.engine.session import Session


class ValueSets(Protocol):
    """Where the codes of value sets come from."""

    def codes(self, url: str, version: str | None) -> Mapping[str, frozenset[str]] | None:
        """Return the codes of a value set by system; None when it is not known, which is an error for who asks."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition of a library; `result_type` is written as CQL writes types, None when it is not known."""

    name: str
    context: str
    access: str
    locator: str | None
    result_type: str | None


Explain = Literal["always", "never", "either"]
_VARIANTS: Mapping[Explain, tuple[bool, ...]] = {"always": (True,), "never": (False,), "either": (False, True)}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a library; `type` as CQL writes it."""

    name: str
    type: str
    has_default: bool
    locator: str | None


class Engine:
    """Compiled ELM libraries. Made once, used by any number of sessions and threads.

    `libraries` are ELM documents ({"library": {...}}) including every library that one of them includes, except
    FHIRHelpers, which the engine answers itself. `explain` says which sessions there will be: "always" or "never"
    with evidence compiles half of the code that "either" does. Code of libraries given as sources is taken from the
    `store`, and put there. Raises UnsupportedError listing everything that cannot be compiled.
    """

    def __init__(
        self,
        libraries: Iterable[Mapping[str, Any] | LibrarySource],
        *,
        value_sets: ValueSets | None = None,
        max_steps: int = 2_000_000,
        explain: Explain = "either",
        store: Store | None = None,
    ) -> None:
        variants = _VARIANTS[explain]
        self._value_sets = value_sets
        self._max_steps = max_steps
        self._libraries = compile_all(libraries, variants, store)
        self._listed = None if value_sets is None else ListedValueSets(value_sets, _retrieved_by(self._libraries))
        self._programs = {explain: link(list(self._libraries.values()), explain=explain) for explain in variants}

    @property
    def libraries(self) -> tuple[str, ...]:
        """The names of the libraries, included ones before those that include them."""
        return tuple(self._libraries)

    def definitions(self, library: str) -> tuple[Definition, ...]:
        """List the definitions of a library."""
        compiled = self._library(library)
        return tuple(
            Definition(
                name,
                str(source.get("context", "Patient")),
                str(source.get("accessLevel", "Public")),
                source.get("locator"),
                None if compiled.interface.definitions[name] == ANY else str(compiled.interface.definitions[name]),
            )
            for name, source in compiled.document.definitions.items()
        )

    def parameters(self, library: str) -> tuple[Parameter, ...]:
        """List the parameters of a library."""
        compiled = self._library(library)
        return tuple(
            Parameter(name, str(compiled.interface.parameters[name]), name in compiled.defaults, source.get("locator"))
            for name, source in compiled.document.parameters.items()
        )

    def retrieves(self, library: str, definition: str) -> tuple[Retrieve, ...]:
        """List what a definition retrieves, through all definitions and functions it uses, each retrieve once."""
        return self.retrieves_of([(library, definition)])

    def retrieves_of(self, definitions: Iterable[tuple[str, str]]) -> tuple[Retrieve, ...]:
        """List what (library, definition) pairs retrieve, in their order, each retrieve once."""
        found: dict[Retrieve, None] = {}
        seen: set[tuple[str, str]] = set()
        for library, definition in definitions:
            if definition not in self._library(library).definitions:
                message = f"there is no definition {definition!r} in the library {library!r}"
                raise EngineError(message)
            pending = [(library, definition)] if (library, definition) not in seen else []
            seen.update(pending)
            for name, unit in pending:
                compiled = self._library(name)
                found.update(dict.fromkeys(compiled.retrieves.get(unit, ())))
                new = sorted(compiled.references.get(unit, frozenset()) - seen)
                seen.update(new)
                pending += new
        return tuple(found)

    def session(
        self,
        resources: Sequence[Mapping[str, Any]] | ResourceIndex,
        *,
        parameters: Mapping[str, Any] | None = None,
        now: datetime,
        deadline: float | None = None,
        explain: bool = False,
    ) -> Session:
        """Start an evaluation for one patient.

        `parameters` are JSON or engine values by name, for every library that declares the name. `now` needs a time
        zone: it is the clock of the evaluation. `deadline` is a `time.monotonic()` value. Raises EngineError when the
        engine was not made for sessions of this kind.
        """
        if explain not in self._programs:
            message = f"this engine was made for sessions {'without' if explain else 'with'} evidence only"
            raise EngineError(message)
        return Session(
            self._programs[explain],
            resources if isinstance(resources, ResourceIndex) else ResourceIndex(resources),
            parameters=parameters or {},
            now=moment(now),
            value_sets=self._value_sets,
            listed=self._listed,
            max_steps=self._max_steps,
            deadline=deadline,
            explain=explain,
        )

    def with_library(self, library: Mapping[str, Any]) -> Engine:
        """Return an engine in which a library that is there is another, such as a mutated one; only that is compiled.

        The libraries that include it stay as they are, so it must define the same names with the same types. Raises
        UnsupportedError when it cannot be compiled, EngineError when it does not fit in the other's place.
        """
        document = read_library(library)
        held = self._library(document.name)
        included = {a: self._libraries[named(p, self._libraries)] for a, p in includes_of(document).items()}
        problems: list[Problem] = []
        compiled = compile_library(document, included, problems, variants=tuple(self._programs))
        if compiled is None:
            raise UnsupportedError(problems)
        if _shown(compiled) != _shown(held) or not _silent(held) <= _silent(compiled):
            message = f"the new {document.name} does not define what the one in use defines"
            raise EngineError(message)
        engine = copy.copy(self)
        engine._libraries = {**self._libraries, document.name: compiled}
        engine._programs = {e: link(list(engine._libraries.values()), explain=e) for e in self._programs}
        return engine

    def evaluate(
        self,
        definitions: Iterable[tuple[str, str]],
        resources: Sequence[Mapping[str, Any]] | ResourceIndex,
        *,
        parameters: Mapping[str, Any] | None = None,
        now: datetime,
    ) -> dict[tuple[str, str], Any]:
        """Evaluate (library, definition) pairs for one patient; a failing one raises EvaluationError."""
        session = self.session(resources, parameters=parameters, now=now)
        return {(library, name): session.evaluate(library, name) for library, name in definitions}

    def _library(self, name: str) -> CompiledLibrary:
        if name not in self._libraries:
            message = f"there is no library {name!r}"
            raise EngineError(message)
        return self._libraries[name]


def moment(now: datetime) -> DateTime:
    """Return a clock's time as the engine's DateTime. Raises EngineError when it has no time zone."""
    offset = now.utcoffset()
    if offset is None:
        raise EngineError("now needs a time zone")
    hours = Decimal(round(offset.total_seconds())) / 3600
    return DateTime(now.year, now.month, now.day, now.hour, now.minute, now.second, now.microsecond // 1000, hours)


def _retrieved_by(libraries: Mapping[str, CompiledLibrary]) -> Iterator[str]:
    """Give the canonical URLs of the value sets that anything in the libraries retrieves by."""
    for library in libraries.values():
        for retrieves in library.retrieves.values():
            yield from (one.value_set for one in retrieves if one.value_set is not None)


def _shown(library: CompiledLibrary) -> tuple[Any, ...]:
    """Return what other libraries were compiled against: the types of definitions, parameters and functions."""
    interface = library.interface
    signatures = {
        (one.key, one.operands, one.result) for overloads in interface.functions.values() for one in overloads
    }
    return interface.definitions, interface.parameters, signatures


def _silent(library: CompiledLibrary) -> set[str]:
    """Return the functions whose callers were compiled not to look for what they write down."""
    return {one.key for overloads in library.interface.functions.values() for one in overloads if one.silent}
