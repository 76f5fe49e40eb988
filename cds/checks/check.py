"""Check content: load it, compile it, and apply the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cds.cache import NO_CACHE, Cache
from cds.checks.findings import Finding
from cds.checks.guideline_rules import RULES, Subject
from cds.checks.logic_rules import LOGIC_RULES, LogicOfContent
from cds.checks.mapping_rules import MAPPING_RULES
from cds.checks.order_rules import ORDER_RULES
from cds.content.case_files import cases_by_recommendation, guideline_folders
from cds.content.library import Content, UnknownGuideline, examine
from cds.content.loader import Reading, read_contents
from cds.content.problems import BrokenContent
from cds.engine.errors import EngineError
from cds.errors import ContentError
from cds.knowledge import prepare_knowledge
from cds.reasoning.limits import limits

_RECOMMENDATIONS = "/CodeSystem/recommendation"


def check_content(paths: Sequence[Path], cache: Cache = NO_CACHE, *, chosen: Sequence[str] = ()) -> list[Finding]:
    """Return every finding, sorted by file and path; content that cannot be loaded is found, not raised.

    `chosen` are the guidelines of CDS_GUIDELINES: all are checked, and a name that none of them has is found.

    Content that is broken is not compiled, but what else can be said of it is said: of other people's content a reader
    wants to know everything at once.
    """
    return check_readings(read_contents(paths, cache), paths, cache, chosen=chosen)


def check_readings(
    readings: Sequence[Reading], paths: Sequence[Path] = (), cache: Cache = NO_CACHE, *, chosen: Sequence[str] = ()
) -> list[Finding]:
    """Return every finding about what was read; `paths` are where case files are looked for."""
    content, problems = examine(readings, cache)
    empty = [
        Finding(path.name, "", "content", "warning", "there is no content here: correct the path, or leave it out")
        for path, reading in zip(paths, readings, strict=False)
        if not reading.digests and not reading.problems
    ]
    broken = [Finding(item.file, item.path, "content", "error", item.message) for item in problems]
    compiled = [] if broken else _compilation(content, cache)
    shelf = {finding for rule in (*MAPPING_RULES, *ORDER_RULES) for finding in rule.findings(content.shelf)}
    logic = set() if broken else _logic(content)
    absent = _absent(content, chosen)
    return sorted({*absent, *empty, *broken, *compiled, *shelf, *logic, *_limits(content), *_rules(content, paths)})


def _absent(content: Content, chosen: Sequence[str]) -> Iterator[Finding]:
    for name in chosen:
        try:
            content.find_guideline(name)
        except UnknownGuideline as error:
            yield Finding("CDS_GUIDELINES", "", "content", "error", str(error))


def _logic(content: Content) -> set[Finding]:
    logic = LogicOfContent(content)
    return {finding for rule in LOGIC_RULES for finding in rule.findings(logic)}


def _compilation(content: Content, cache: Cache) -> list[Finding]:
    try:
        prepare_knowledge(content, cache=cache)
    except BrokenContent as broken:
        return [Finding(item.file, item.path, "compile", "error", item.message) for item in broken.problems]
    except ContentError as error:
        return [Finding(error.file or "", error.path or "", "compile", "error", str(error))]
    except EngineError as error:
        return [Finding("", "", "compile", "error", str(error))]
    return []


def _limits(content: Content) -> list[Finding]:
    """Find what the guidelines ask of a processor that this one does not do."""
    return [
        Finding(limit.problem.file, limit.problem.path, "processor", limit.severity, limit.problem.message)
        for guideline in content.guidelines
        for limit in limits(guideline, content.shelf)
    ]


def _rules(content: Content, paths: Sequence[Path]) -> list[Finding]:
    codes = frozenset(
        concept["code"]
        for artifact in content.shelf.of_type("CodeSystem")
        if (artifact.url or "").endswith(_RECOMMENDATIONS)
        for concept in artifact.resource.get("concept", ())
    )
    tested = {folder.name: frozenset(cases_by_recommendation(folder)) for folder in guideline_folders(paths)}
    subjects = [
        Subject(guideline=guideline, tested=tested.get(guideline.id), recommendations=codes)
        for guideline in content.guidelines
    ]
    return [finding for subject in subjects for rule in RULES for finding in rule.findings(subject)]
