"""Whether a case notices a wrong version: first where it is cheap, then in a whole call.

1. The definitions that hold the change are computed alone, over the data of every case that computed them before.
2. Where one of them differs, so may what the plan asks of the logic. If that is the same, so is the answer.
3. Only then the case runs whole, first those of which a condition turned out otherwise, and the first that fails
   settles it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from cds.content.guideline import Guideline
from cds.engine import EngineError, ResourceIndex, Session
from cds.expressions.logic import Logic
from cds.expressions.logic_graph import Unit
from cds.expressions.own_libraries import condition_definitions, expression_definitions, logic_graph, own_libraries
from cds.knowledge import Knowledge, Service
from cds.tester.cases import Case
from cds.tester.mutation import Mutant, without_annotations
from cds.tester.observed_logic import ObservedLogic
from cds.tester.runner import run_case, service_of

Fate = Literal["caught", "survived", "explained", "refused"]
Name = tuple[str, str]


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


@dataclass(frozen=True, slots=True)
class _Known:
    """A case that passes: what its session was given and what it computed."""

    case: Case
    service: Service
    resources: ResourceIndex
    parameters: Mapping[str, Any]
    now: Any
    computed: Mapping[Name, Any]


@dataclass(frozen=True, slots=True)
class _Reach:
    """What a change of one definition or function reaches: where values change first, and what the plan asks then."""

    carriers: tuple[Name, ...]
    conditions: tuple[Name, ...]
    others: tuple[Name, ...]


class Check:
    """Judges wrong versions of one guideline by its cases; `learn` comes first."""

    def __init__(self, knowledge: Knowledge, guideline: Guideline) -> None:
        shelf = knowledge.content.shelf
        self._knowledge = knowledge
        self._logic: Logic = knowledge.compiler.logic_of(guideline)
        self._graph = logic_graph(guideline, shelf)
        self._asked = expression_definitions(guideline, shelf)
        self._conditions = {unit for _, unit in condition_definitions(guideline, shelf)}
        self._documents = {
            name: without_annotations(library.document) for name, library in own_libraries(guideline, shelf).items()
        }
        self._known: list[_Known] = []
        self._reaches: dict[Unit, _Reach] = {}
        self._caught_by: dict[Unit, _Known] = {}

    @property
    def cases(self) -> int:
        """How many cases there are to notice something."""
        return len(self._known)

    async def learn(self, cases: Iterable[Case]) -> list[str]:
        """Run the cases as they are; return those that fail by themselves, which are left out."""
        left_out = []
        for case in cases:
            service = service_of(case, self._knowledge)
            logic = ObservedLogic(service.logic)
            result = await run_case(case, replace(service, logic=logic), self._knowledge)
            if not result.passed or not logic.observations:
                left_out.append(f"{case.file}: {case.name}")
                continue
            seen = logic.observations[0]
            index = ResourceIndex(seen.resources)
            self._known.append(_Known(case, service, index, seen.parameters, seen.now, seen.session.computed()))
        return left_out

    async def judge(self, mutant: Mutant) -> Judged:
        """Tell what becomes of a wrong version."""
        judged = await self._judge(mutant)
        if judged.fate == "survived" and mutant.excuse:
            return replace(judged, fate="explained", why=mutant.excuse)
        return judged

    async def _judge(self, mutant: Mutant) -> Judged:
        reach = self._reach(mutant.unit)
        touched = self._touched(mutant.unit, reach)
        if not touched:
            return Judged(mutant=mutant, fate="survived", why="no case evaluates it")
        try:
            engine = self._logic.engine.with_library(mutant.apply(self._documents[mutant.library]))
        except EngineError as error:
            return Judged(mutant=mutant, fate="refused", why=str(error).splitlines()[0])
        logic = ObservedLogic(self._logic, engine)
        later = []
        differing = 0
        for one in touched:
            session = engine.session(one.resources, parameters=one.parameters, now=one.now, explain=True)
            if not _differs(session, one, reach.carriers):
                continue
            differing += 1
            if _differs(session, one, reach.conditions):
                if await self._notices(one, logic):
                    return self._caught(mutant, one)
            elif _differs(session, one, reach.others):
                later.append(one)
        for one in later:
            if await self._notices(one, logic):
                return self._caught(mutant, one)
        return Judged(mutant=mutant, fate="survived", why=_why(len(touched), differing))

    async def _notices(self, one: _Known, logic: ObservedLogic) -> bool:
        result = await run_case(one.case, replace(one.service, logic=logic), self._knowledge)
        logic.observations.clear()
        return not result.passed

    def _caught(self, mutant: Mutant, by: _Known) -> Judged:
        self._caught_by[mutant.unit] = by
        return Judged(mutant=mutant, fate="caught", case=f"{by.case.file}: {by.case.name}")

    def _touched(self, unit: Unit, reach: _Reach) -> list[_Known]:
        """Return the cases that computed a carrier, first the one that caught the last change of the same unit."""
        touched = [one for one in self._known if any(name in one.computed for name in reach.carriers)]
        first = self._caught_by.get(unit)
        return touched if first is None else [first, *(one for one in touched if one is not first)]

    def _reach(self, unit: Unit) -> _Reach:
        if unit not in self._reaches:
            dependents = self._graph.dependents(unit)
            asked = self._asked & dependents
            self._reaches[unit] = _Reach(
                _names(self._graph.carriers(unit)),
                _names(asked & self._conditions),
                _names(asked - self._conditions),
            )
        return self._reaches[unit]


def _names(units: Iterable[Unit]) -> tuple[Name, ...]:
    return tuple((unit.library, unit.name) for unit in sorted(units))


def _differs(session: Session, known: _Known, names: Sequence[Name]) -> bool:
    """Tell whether one of the definitions that the case computed has another value now."""
    return any(not _same(_outcome(session, *name), known.computed[name]) for name in names if name in known.computed)


def _outcome(session: Session, library: str, definition: str) -> Any:
    try:
        return session.evaluate(library, definition)
    except EngineError as error:
        return error


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Exception) or isinstance(other, Exception):
        return isinstance(one, Exception) and isinstance(other, Exception)
    return type(one) is type(other) and bool(one == other)


def _why(touched: int, differing: int) -> str:
    if differing:
        return f"its value changes in {_cases(differing)}, and none of them expects what depends on it"
    return f"its value is the same in the {_cases(touched)} that evaluate it: none has data between"


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"
