"""A mutation report for people and for programs."""

from __future__ import annotations

from typing import Any

from cds.tester.mutation_check import Judged
from cds.tester.mutation_run import MutationReport


def as_text(report: MutationReport) -> str:
    """Return every survivor with what a case would need, or why it may survive, and the totals."""
    lines = [f"FAILS BY ITSELF, so left out: {case}" for case in report.left_out]
    for one in (*report.of("explained"), *report.of("survived")):
        mutant = one.mutant
        word = "explained" if one.fate == "explained" else "SURVIVED"
        lines += [
            f'{word} {mutant.file}, line {mutant.line}: {mutant.library}."{mutant.unit.name}": {mutant.change}',
            f"     {mutant.cql}",
            f"     {one.why}",
        ]
    tried = (
        f"{len(report.judged)} of {report.possible} wrong versions of {report.guideline} tried on {report.cases} cases"
    )
    refused = f", {len(report.of('refused'))} that the engine refuses" if report.of("refused") else ""
    explained = f", {len(report.of('explained'))} explained by their author" if report.of("explained") else ""
    survived = f"{len(report.of('survived'))} survived"
    lines.append(f"{tried}: {len(report.of('caught'))} caught, {survived}{explained}{refused}")
    if not report.judged:
        lines.append("nothing was tried: that is a failure")
    return "\n".join(lines)


def as_json(report: MutationReport) -> dict[str, Any]:
    """Return the report as a JSON object."""
    return {
        "guideline": report.guideline,
        "possible": report.possible,
        "tried": len(report.judged),
        "caught": len(report.of("caught")),
        "explained": [_survivor(one) for one in report.of("explained")],
        "refused": len(report.of("refused")),
        "cases": report.cases,
        "leftOut": list(report.left_out),
        "survivors": [_survivor(one) for one in report.of("survived")],
    }


def _survivor(one: Judged) -> dict[str, Any]:
    mutant = one.mutant
    return {
        "library": mutant.library,
        "file": mutant.file,
        "definition": mutant.unit.name,
        "line": mutant.line,
        "cql": mutant.cql,
        "change": mutant.change,
        "why": one.why,
    }
