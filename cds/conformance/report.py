"""A report as text, JSON, JUnit XML and a page to read."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from xml.etree import ElementTree

from jinja2 import Environment, PackageLoader, select_autoescape

from cds.conformance.results import Outcome, Report, Result

_MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.WARNING: "!", Outcome.SKIPPED: "-"}


def as_text(report: Report) -> str:
    """Return the report for a terminal: the server's checks, then one block per service, then the verdict."""
    lines = [f"CDS Hooks 2.0.1 conformance of {report.url}", ""]
    for service, results in groupby(report.results, key=lambda result: result.service):
        lines.append(service or "server")
        for result in results:
            detail = f": {result.detail}" if result.detail else ""
            lines.append(f"  {_MARKS[result.outcome]} {result.check.title} ({', '.join(result.check.rows)}){detail}")
    counts = ", ".join(f"{report.count(outcome)} {outcome.value}" for outcome in Outcome)
    verdict = "conformant" if report.conformant else "NOT conformant"
    return "\n".join([*lines, "", f"{verdict}: {counts}"])


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as a JSON object."""
    return {
        "url": report.url,
        "conformant": report.conformant,
        "counts": {outcome.value: report.count(outcome) for outcome in Outcome},
        "results": [_result_json(result) for result in report.results],
    }


def as_junit(report: Report) -> str:
    """Return the report as JUnit XML: a failed SHALL is a failure; a warning is written to the case's output."""
    suite = ElementTree.Element(
        "testsuite",
        name=f"CDS Hooks conformance of {report.url}",
        tests=str(len(report.results)),
        failures=str(report.count(Outcome.FAIL)),
        skipped=str(report.count(Outcome.SKIPPED)),
    )
    for result in report.results:
        case = ElementTree.SubElement(suite, "testcase", name=result.check.title, classname=result.service or "server")
        if result.outcome is Outcome.FAIL:
            ElementTree.SubElement(case, "failure", message=result.detail)
        elif result.outcome is Outcome.SKIPPED:
            ElementTree.SubElement(case, "skipped", message=result.detail)
        elif result.detail:
            ElementTree.SubElement(case, "system-out").text = result.detail
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def as_html(report: Report) -> str:
    """Return the report as one page that needs nothing else."""
    environment = Environment(loader=PackageLoader("cds.conformance"), autoescape=select_autoescape())
    groups = [
        (service or "server", list(results)) for service, results in groupby(report.results, key=lambda r: r.service)
    ]
    findings = [result for result in report.results if result.outcome in (Outcome.FAIL, Outcome.WARNING)]
    findings.sort(key=lambda result: result.outcome is Outcome.WARNING)
    page = environment.get_template("report.html")
    return page.render(report=report, groups=groups, findings=findings, marks=_MARKS, outcomes=Outcome)


def _result_json(result: Result) -> dict[str, Any]:
    entry = {
        "check": result.check.id,
        "title": result.check.title,
        "requirements": list(result.check.rows),
        "level": result.check.level.value,
        "outcome": result.outcome.value,
    }
    if result.service:
        entry["service"] = result.service
    if result.detail:
        entry["detail"] = result.detail
    return entry
