"""Run cases through the whole line: the searches of the prefetch templates, the logic, the cards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cds.cache import NO_CACHE, Cache
from cds.content.case_files import guideline_folders
from cds.content.library import Content, load_content
from cds.content.walk import actions
from cds.decisions.memory import MemoryLog
from cds.errors import CDSError, ContentError
from cds.hooks.caller import ANYBODY, Caller
from cds.hooks.request import CDSRequest
from cds.hooks.response import Card
from cds.knowledge import Knowledge, Service, prepare_knowledge
from cds.reasoning.trace import ActionTrace
from cds.sandbox.in_memory_reader import InMemoryReader
from cds.sandbox.store import FHIRStore
from cds.service import World, call_service
from cds.tester.cases import Case, read_cases
from cds.tester.coverage import ConditionCoverage, Coverage
from cds.tester.definition_coverage import DefinitionCoverage, DefinitionValues
from cds.tester.expectations import differences, unknown_actions
from cds.tester.focus import EVERYTHING, Focus
from cds.tester.observed_logic import ObservedLogic

_INSTANCE = "00000000-0000-4000-8000-000000000001"

# A case is about what is decided: a slow machine must not make it fail.
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case: passed, or every difference; `error` when the call itself failed."""

    case: Case
    differences: tuple[str, ...] = ()
    error: str | None = None
    cards: tuple[Card, ...] = ()
    trace: tuple[ActionTrace, ...] = ()

    @property
    def passed(self) -> bool:
        """True when the answer was as expected."""
        return not self.differences and self.error is None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """All cases, and the coverage of all conditions of the guidelines that were run whole.

    `definitions` is empty unless it was asked for.
    """

    __test__ = False  # the name is the user's word, not a test for pytest to collect

    results: tuple[CaseResult, ...]
    coverage: tuple[ConditionCoverage, ...]
    definitions: tuple[DefinitionCoverage, ...] = ()

    @property
    def gaps(self) -> tuple[ConditionCoverage, ...]:
        """Conditions that no case showed true, or none showed false."""
        return tuple(condition for condition in self.coverage if condition.missing)

    @property
    def definition_gaps(self) -> tuple[DefinitionCoverage, ...]:
        """Definitions that no case showed as all they can be, or that were what their author says they never are."""
        return tuple(one for one in self.definitions if one.missing or one.contradicted)

    @property
    def passed(self) -> bool:
        """True when there were cases, all passed, and no condition or definition that was judged lacks one."""
        complete = not self.gaps and not self.definition_gaps
        return bool(self.results) and all(result.passed for result in self.results) and complete


class _OneReader:
    """The FHIR server of a case, whatever the request names."""

    def __init__(self, resources: Iterable[Any]) -> None:
        self._reader = InMemoryReader(FHIRStore(resources))

    def reader_for(self, _request: CDSRequest, _caller: Caller = ANYBODY, *, seconds: float) -> InMemoryReader:  # noqa: ARG002
        """Return the reader over the case's resources."""
        return self._reader


def run_cases(
    paths: Sequence[Path],
    *,
    only: str = "",
    definitions: bool = False,
    focus: Focus = EVERYTHING,
    cache: Cache = NO_CACHE,
) -> TestReport:
    """Run the cases of every guideline under the paths, drafts too; `only` keeps cases whose file or name contains it.

    With `definitions`, also tell what the CQL definitions behind the conditions were seen as. With `only`, coverage is
    not judged; `focus` keeps that of a part. Raises `ContentError` when the content or a case file is broken, or no
    guideline has the part.
    """
    knowledge = knowledge_with_drafts(paths, cache)
    content = knowledge.content
    coverage = Coverage()
    cases = [case for folder in guideline_folders(paths) for case in read_cases(folder)]
    values: dict[str, DefinitionValues] = {}
    if not only:
        tested = {case.guideline for case in cases}
        judged = [one for one in content.guidelines if one.id in tested]
        if focus != EVERYTHING:
            judged = [one for one in judged if focus.units(one, content.shelf)]
            if tested and not judged:
                raise focus.nothing(", ".join(sorted(tested)))
        for guideline in judged:
            coverage.expect(guideline, content.shelf)
            if definitions:
                values[guideline.id] = DefinitionValues(guideline, knowledge.compiler.logic_of(guideline), focus)
    chosen = [case for case in cases if only in case.file or only in case.name]
    results = asyncio.run(_run_all(chosen, knowledge, coverage, values))
    return TestReport(
        results=tuple(results),
        coverage=() if only else coverage.conditions(focus),
        definitions=tuple(one for seen in values.values() for one in seen.coverage()),
    )


def knowledge_with_drafts(paths: Sequence[Path], cache: Cache = NO_CACHE) -> Knowledge:
    """Load and compile the content; guidelines that are not published yet can be called too."""
    content = load_content(paths, cache=cache)
    return prepare_knowledge(Content(content.shelf, content.guidelines, unpublished=True), cache=cache)


async def _run_all(
    cases: Sequence[Case], knowledge: Knowledge, coverage: Coverage, values: Mapping[str, DefinitionValues]
) -> list[CaseResult]:
    results = []
    for case in cases:
        service = service_of(case, knowledge)
        logic = ObservedLogic(service.logic)
        result = await run_case(case, replace(service, logic=logic), knowledge)
        coverage.add(case.guideline, result.trace)
        if case.guideline in values:
            for observation in logic.observations:
                values[case.guideline].add(observation.session.computed())
        results.append(result)
    return results


def service_of(case: Case, knowledge: Knowledge) -> Service:
    """Return the service that a case calls; raises `ContentError` when its guideline has none for the hook."""
    service = knowledge.services.get(f"{case.guideline}-{case.hook}")
    if service is None:
        msg = f"the guideline has no action for the hook {case.hook}"
        raise ContentError(msg, file=case.file, path=case.name)
    return service


async def run_case(case: Case, service: Service, knowledge: Knowledge) -> CaseResult:
    """Make the call of one case and compare the answer with what is expected."""
    log = MemoryLog()
    world = World(
        knowledge=knowledge,
        fhir_servers=_OneReader(case.resources),
        decision_log=log,
        clock=lambda: case.now,
        seconds=_PATIENCE,
    )
    try:
        response = await call_service(service, CDSRequest.from_json(_request(case)), world)
    except CDSError as error:
        return CaseResult(case=case, error=f"{type(error).__name__}: {error}")
    cards = tuple(response.cards)
    found = (*unknown_actions(case.expect, _action_ids(service)), *differences(case.expect, cards))
    trace = log.decisions[0].trace.actions
    return CaseResult(case=case, differences=found, cards=cards, trace=trace)


def _action_ids(service: Service) -> frozenset[str]:
    """Return the ids of all actions that the service could show as a card."""
    plans = service.guideline.dependencies.of_type("PlanDefinition")
    return frozenset(action["id"] for plan in plans for _, action in actions(plan.resource) if "id" in action)


def _request(case: Case) -> dict[str, Any]:
    context: dict[str, Any] = {"userId": "Practitioner/tester", "patientId": case.patient_id, **case.context}
    if case.draft_orders:
        entries = [{"resource": dict(draft)} for draft in case.draft_orders]
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    if case.selections is not None:
        context["selections"] = list(case.selections)
    return {"hook": case.hook, "hookInstance": _INSTANCE, "context": context}
