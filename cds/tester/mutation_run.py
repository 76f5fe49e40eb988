"""`cds mutate`: whether at least one case notices each small wrong version of a guideline's logic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cds.cache import NO_CACHE, Cache
from cds.content.case_files import guideline_folders
from cds.expressions.own_libraries import own_libraries
from cds.tester.cases import Case, read_cases
from cds.tester.focus import EVERYTHING, Focus
from cds.tester.mutation import Mutant, mutants
from cds.tester.mutation_check import Check, Fate, Judged
from cds.tester.runner import knowledge_with_drafts

Progress = Callable[[int, int, Judged], None]


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


def mutate(
    paths: Sequence[Path],
    guideline: str,
    *,
    focus: Focus = EVERYTHING,
    limit: int | None = None,
    progress: Progress | None = None,
    cache: Cache = NO_CACHE,
) -> MutationReport:
    """Try wrong versions of a guideline's own libraries against its cases.

    `focus` keeps those of a part of the guideline, `limit` an even sample of that many. Raises `ContentError` when the
    content or a case file is broken, or there is no such guideline or part of it.
    """
    knowledge = knowledge_with_drafts(paths, cache)
    found = knowledge.content.find_guideline(guideline)
    shelf = knowledge.content.shelf
    meant = focus.units(found, shelf)
    if not meant:
        raise focus.nothing(guideline)
    libraries = own_libraries(found, shelf).values()
    possible = [mutant for library in libraries for mutant in mutants(library) if mutant.unit in meant]
    cases = [case for folder in guideline_folders(paths) for case in read_cases(folder) if case.guideline == guideline]
    return asyncio.run(_run(Check(knowledge, found), guideline, cases, possible, limit=limit, progress=progress))


async def _run(
    check: Check,
    guideline: str,
    cases: Sequence[Case],
    possible: Sequence[Mutant],
    *,
    limit: int | None,
    progress: Progress | None,
) -> MutationReport:
    left_out = await check.learn(cases)
    chosen = _sample(possible, limit)
    judged = []
    for number, mutant in enumerate(chosen, start=1):
        judged.append(await check.judge(mutant))
        if progress is not None:
            progress(number, len(chosen), judged[-1])
    return MutationReport(
        guideline=guideline,
        possible=len(possible),
        judged=tuple(judged),
        cases=check.cases,
        left_out=tuple(left_out),
    )


def _sample(chosen: Sequence[Mutant], limit: int | None) -> Sequence[Mutant]:
    """Take `limit` of them, spread evenly over the libraries."""
    if limit is None or limit >= len(chosen):
        return chosen
    return [chosen[index * len(chosen) // limit] for index in range(limit)]
