"""A test report for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from cds.tester.definition_coverage import DefinitionCoverage
from cds.tester.runner import TestReport


def as_text(report: TestReport) -> str:
    """Return every failure with its reasons, every gap in coverage, and the totals."""
    lines: list[str] = []
    for result in report.results:
        if not result.passed:
            lines.append(f"FAIL {result.case.file}: {result.case.name}")
            lines += [f"     {difference}" for difference in result.differences]
            if result.error is not None:
                lines.append(f"     {result.error}")
    for gap in report.gaps:
        never = " and never ".join(gap.missing)
        lines.append(f"GAP  {gap.guideline}: {gap.action}: the condition `{gap.expression}` was never {never}")
    lines += [line for definition in report.definitions for line in _definition(definition)]
    failed = sum(not result.passed for result in report.results)
    lines.append(f"{len(report.results) - failed} passed, {failed} failed")
    if report.coverage:
        covered = len(report.coverage) - len(report.gaps)
        unknown = sum("unknown" in condition.outcomes for condition in report.coverage)
        cannot = sum(bool(condition.never_unknown) for condition in report.coverage)
        lines.append(
            f"{covered} of {len(report.coverage)} conditions seen true and seen false; {unknown} also seen unknown, "
            f"{cannot} cannot be, {sum(condition.lacks_unknown for condition in report.coverage)} not seen unknown"
        )
    if report.definitions:
        excused = sum(bool(definition.excused) for definition in report.definitions)
        covered = len(report.definitions) - len(report.definition_gaps)
        reasons = f", {excused} of them with a reason for what they never are" if excused else ""
        lines.append(
            f"{covered} of {len(report.definitions)} CQL definitions behind the conditions seen as all they can be "
            f"({100 * covered / len(report.definitions):.1f} %){reasons}"
        )
    if not report.results:
        lines.append("no case was run: that is a failure")
    return "\n".join(lines)


def _definition(definition: DefinitionCoverage) -> Iterator[str]:
    name = f'{definition.file}, line {definition.line}: {definition.library}."{definition.definition}"'
    if definition.missing:
        yield f"GAP  {name} was never {' and never '.join(definition.missing)}"
    for kind in definition.contradicted:
        yield f"GAP  {name} is said to be never {kind} ({definition.excused[kind]}), and was"
    for kind, reason in definition.excused.items():
        if kind not in definition.contradicted:
            yield f"said {name} is never {kind}: {reason}"


def as_json(report: TestReport) -> dict[str, Any]:
    """Return the report as a JSON object."""
    return {
        "passed": report.passed,
        "cases": [
            {
                "file": result.case.file,
                "name": result.case.name,
                "recommendation": result.case.recommendation,
                "passed": result.passed,
                "differences": list(result.differences),
                **({"error": result.error} if result.error else {}),
            }
            for result in report.results
        ],
        "coverage": [
            {
                "guideline": condition.guideline,
                "action": condition.action,
                "expression": condition.expression,
                "outcomes": sorted(condition.outcomes),
                "neverUnknown": condition.never_unknown,
            }
            for condition in report.coverage
        ],
        "definitions": [
            {
                "guideline": definition.guideline,
                "library": definition.library,
                "definition": definition.definition,
                "file": definition.file,
                "line": definition.line,
                "seen": sorted(definition.seen),
                "missing": list(definition.missing),
                "excused": dict(definition.excused),
            }
            for definition in report.definitions
        ],
        "perRecommendation": dict(Counter(result.case.recommendation for result in report.results)),
    }
