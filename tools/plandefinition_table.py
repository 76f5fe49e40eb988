"""Write docs/plandefinition-conformance.md: every row of the $apply checklist with its tests, choices and reasons.

A test cites rows with `@pytest.mark.pd("PD-007", ...)`. Run `python -m tools.plandefinition_table`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from tools.conformance.cited_rows import ROOT, cited_rows, linked
from tools.conformance.plandefinition_choices import CHOICES, LIMITS, REASONS

PAGE = ROOT / "docs" / "plandefinition-conformance.md"
_CHECKLIST = ROOT / "tools" / "conformance" / "plandefinition_checklist.json"
_INTRODUCTION = """\
What FHIR R4, with R5, the CPG guide 2.0.0 and CDS on FHIR where they refine it, asks of a processor that turns a
PlanDefinition into a RequestGroup and into cards. The specification calls its steps a potential approach: rows marked
*decide* name the reading taken here. [fhir.md](fhir.md) tells how to call the operations."""
_MANDATORY = frozenset({"SHALL", "inv", "step"})
_LEVELS = (
    ("SHALL, invariants, steps of the published process", _MANDATORY),
    ("definitions and SHOULD", frozenset({"def", "SHOULD", "fact"})),
    ("open in the texts, decided here", frozenset({"decide"})),
    ("found in public content; mappings", frozenset({"field", "info"})),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One requirement of the checklist, in our own words."""

    row: str
    section: str
    level: str
    on: str
    requirement: str
    versions: str

    @property
    def is_mandatory(self) -> bool:
        """Whether it is a SHALL, an invariant or a step of the published process."""
        return self.level in _MANDATORY


def checklist() -> list[Row]:
    """Return all rows in order."""
    return [Row(**row) for row in json.loads(_CHECKLIST.read_text(encoding="utf-8"))]


def page() -> str:
    """Return the page."""
    rows, cited = checklist(), cited_rows("pd")
    return "\n".join([*_head(rows, cited), *_tables(rows, cited)]) + "\n"


def _head(rows: list[Row], cited: Mapping[str, list[str]]) -> Iterator[str]:
    yield "# PlanDefinition conformance"
    yield ""
    yield "Written by `python -m tools.plandefinition_table` from the tests; do not edit."
    yield ""
    yield from _INTRODUCTION.splitlines()
    yield ""
    yield "| requirements | rows | shown by a test | with a reason instead |"
    yield "|---|---|---|---|"
    for name, levels in _LEVELS:
        chosen = [row for row in rows if row.level in levels]
        shown = sum(row.row in cited for row in chosen)
        yield f"| {name} | {len(chosen)} | {shown} | {len(chosen) - shown} |"


def _tables(rows: list[Row], cited: Mapping[str, list[str]]) -> Iterator[str]:
    for section, members in groupby(rows, key=lambda row: row.section):
        yield ""
        yield f"## {section}"
        yield ""
        yield "| No. | level | on | requirement | here | shown by |"
        yield "|---|---|---|---|---|---|"
        for row in members:
            tests = "<br>".join(linked(test) for test in cited.get(row.row, ()))
            yield f"| {row.row} | {row.level} | {_cell(row.on)} | {_cell(row.requirement)} | {_said(row)} | {tests} |"


def _said(row: Row) -> str:
    said = (table.get(row.row) for table in (CHOICES, LIMITS, REASONS))
    return _cell(" ".join(one for one in said if one))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
