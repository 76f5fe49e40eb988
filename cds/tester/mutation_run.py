"""`cds mutate`: whether at least one case notices each small wrong version of a guideline's logic.

A wrong version is first tried where it is cheap: the changed definition alone, over the data of every case that
evaluated it. Only where its value differs does the whole case run, and the first case that fails settles it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from cds.content.case_files import guideline_folders
from cds.content.guideline import Guideline
from cds.engine import Engine, EngineError, ResourceIndex, Session
from cds.errors import ContentError
from cds.expressions.logic import Logic
from cds.expressions.logic_graph import LogicGraph, Unit
from cds.expressions.own_libraries import OwnLibrary, logic_graph, own_libraries
from cds.knowledge import Knowledge, Service
from cds.tester.cases import Case, read_cases
from cds.tester.mutation import Mutant, mutants, without_annotations
from cds.tester.observed_logic import ObservedLogic
from cds.tester.runner import knowledge_with_drafts, run_case, service_of

Fate = Literal["caught", "survived", "explained", "refused"]
Progress = Callable[[int, int, "Judged"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A wrong version and what became of it.

    caught: `case` failed. survived: no case failed; `why` says what a case would need. explained: it survived, and the
    author says `why` that is right. refused: the engine would not run it, so that no case could have.
    """

    mutant: Mutant
    fate: Fate
    case: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationReport:
    """What became of the wrong versions of one guideline.

    `possible` counts all of them, `judged` holds those that were tried; `cases` were used, `left_out` fail by
    themselves.
    """

    guideline: str
    possible: int
    judged: tuple[Judged, ...]
    cases: int
    left_out: tuple[str, ...]

    def of(self, fate: Fate) -> tuple[Judged, ...]:
        """Return those with one fate."""
        return tuple(one for one in self.judged if one.fate == fate)

    @property
    def passed(self) -> bool:
        """True when something was tried and nothing survived."""
        return bool(self.judged) and not self.of("survived")


@dataclass(frozen=True, slots=True)
class _Known:
    """A case that passes: what its session was given and what it computed."""

    case: Case
    service: Service
    resources: ResourceIndex
    parameters: Mapping[str, Any]
    now: Any
    computed: Mapping[tuple[str, str], Any]


def mutate(
    paths: Sequence[Path], guideline: str, *, only: str = "", limit: int | None = None, progress: Progress | None = None
) -> MutationReport:
    """Try wrong versions of a guideline's own libraries against its cases.

    `only` keeps those of one definition or function, `limit` an even sample of that many. Raises `ContentError` when
    the content or a case file is broken, or there is no such guideline or definition.
    """
    knowledge = knowledge_with_drafts(paths)
    found = knowledge.content.find_guideline(guideline)
    shelf = knowledge.content.shelf
    libraries = own_libraries(found, shelf)
    everything = [mutant for library in libraries.values() for mutant in mutants(library)]
    chosen = [mutant for mutant in everything if _is_meant(mutant.unit, only)]
    if only and not any(_is_meant(unit, only) for unit in logic_graph(found, shelf).statements):
        msg = f'there is no definition {only!r} in the libraries of {guideline}: write its name, or Library."Name"'
        raise ContentError(msg)
    cases = [case for folder in guideline_folders(paths) for case in read_cases(folder) if case.guideline == guideline]
    check = _Check(knowledge, found, libraries)
    return asyncio.run(check.run(cases, _sample(chosen, limit), possible=len(chosen), progress=progress))


class _Check:
    def __init__(self, knowledge: Knowledge, guideline: Guideline, libraries: Mapping[str, OwnLibrary]) -> None:
        self._knowledge = knowledge
        self._guideline = guideline
        self._logic: Logic = knowledge.compiler.logic_of(guideline)
        self._graph: LogicGraph = logic_graph(guideline, knowledge.content.shelf)
        self._documents = {name: without_annotations(library.document) for name, library in libraries.items()}

    async def run(
        self, cases: Sequence[Case], chosen: Sequence[Mutant], *, possible: int, progress: Progress | None
    ) -> MutationReport:
        known, left_out = await self._baseline(cases)
        judged = []
        for number, mutant in enumerate(chosen, start=1):
            judged.append(_explained(await self._judge(mutant, known)))
            if progress is not None:
                progress(number, len(chosen), judged[-1])
        return MutationReport(
            guideline=self._guideline.id,
            possible=possible,
            judged=tuple(judged),
            cases=len(known),
            left_out=tuple(left_out),
        )

    async def _baseline(self, cases: Iterable[Case]) -> tuple[list[_Known], list[str]]:
        known, left_out = [], []
        for case in cases:
            service = service_of(case, self._knowledge)
            logic = ObservedLogic(service.logic)
            result = await run_case(case, replace(service, logic=logic), self._knowledge)
            if not result.passed or not logic.observations:
                left_out.append(f"{case.file}: {case.name}")
                continue
            seen = logic.observations[0]
            index = ResourceIndex(seen.resources)
            known.append(_Known(case, service, index, seen.parameters, seen.now, seen.session.computed()))
        return known, left_out

    async def _judge(self, mutant: Mutant, known: Sequence[_Known]) -> Judged:
        carriers = [(unit.library, unit.name) for unit in sorted(self._graph.carriers(mutant.unit))]
        touched = [(one, [name for name in carriers if name in one.computed]) for one in known]
        touched = [(one, names) for one, names in touched if names]
        if not touched:
            return Judged(mutant=mutant, fate="survived", why="no case evaluates it")
        try:
            engine = self._logic.engine.with_library(mutant.apply(self._documents[mutant.library]))
        except EngineError as error:
            return Judged(mutant=mutant, fate="refused", why=str(error).splitlines()[0])
        logic = ObservedLogic(self._logic, engine)
        differing = 0
        for one, names in touched:
            if not _differs(engine, one, names):
                continue
            differing += 1
            result = await run_case(one.case, replace(one.service, logic=logic), self._knowledge)
            logic.observations.clear()
            if not result.passed:
                return Judged(mutant=mutant, fate="caught", case=f"{one.case.file}: {one.case.name}")
        if differing:
            why = f"its value changes in {_cases(differing)}, and none of them expects what depends on it"
        else:
            why = f"its value is the same in the {_cases(len(touched))} that evaluate it: none has data between"
        return Judged(mutant=mutant, fate="survived", why=why)


def _explained(judged: Judged) -> Judged:
    excuse = judged.mutant.excuse
    return replace(judged, fate="explained", why=excuse) if judged.fate == "survived" and excuse else judged


def _differs(engine: Engine, known: _Known, names: Iterable[tuple[str, str]]) -> bool:
    session = engine.session(known.resources, parameters=known.parameters, now=known.now, explain=True)
    return any(not _same(_outcome(session, *name), known.computed[name]) for name in names)


def _outcome(session: Session, library: str, definition: str) -> Any:
    try:
        return session.evaluate(library, definition)
    except EngineError as error:
        return error


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Exception) or isinstance(other, Exception):
        return isinstance(one, Exception) and isinstance(other, Exception)
    return type(one) is type(other) and bool(one == other)


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"


def _is_meant(unit: Unit, only: str) -> bool:
    return only in ("", unit.name, f"{unit.library}.{unit.name}", f'{unit.library}."{unit.name}"')


def _sample(chosen: Sequence[Mutant], limit: int | None) -> Sequence[Mutant]:
    """Take `limit` of them, spread evenly over the libraries."""
    if limit is None or limit >= len(chosen):
        return chosen
    return [chosen[index * len(chosen) // limit] for index in range(limit)]
