"""Write docs/cds-hooks-conformance.md: every row of the CDS Hooks checklist with the tests that show it.

A test cites rows with `@pytest.mark.ch("CH-011", ...)`. Run `python -m tools.conformance_table`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from cds.hooks.contexts import HOOKS
from tools.conformance.cds_hooks_choices import LENIENCY, LENIENT, REASONS, STRICTER
from tools.conformance.cited_rows import ROOT, cited_rows, linked

PAGE = ROOT / "docs" / "cds-hooks-conformance.md"
_CHECKLIST = ROOT / "tools" / "conformance" / "cds_hooks_checklist.json"

_CLAIM = """\
This server implements [CDS Hooks 2.0.1](https://cds-hooks.hl7.org/2.0/), with the parts of 3.0 that cannot hurt a 2.0
client: `version` and `hookVersion` in discovery, an OperationOutcome on every refusal, both scope syntaxes."""
_STATUSES = """\
Statuses of a call: 200; 400 malformed, the member is named; 401 the client is not known; 404 no such service; 405, 408,
413, 415; 412 required data cannot be had, the prefetch keys are named; 503 out of time or no way to verify the client;
500 a fault of ours. Every refusal is an OperationOutcome and repeats nothing of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One requirement of the checklist, in our own words."""

    row: str
    section: str
    level: str
    binds: str
    requirement: str
    versions: str

    @property
    def binds_us(self) -> bool:
        """Whether a service has to keep it."""
        return self.binds != "client"

    @property
    def is_mandatory(self) -> bool:
        """Whether it is a SHALL or SHALL NOT."""
        return self.level.startswith("SHALL")


def checklist() -> list[Row]:
    """Return all rows in order."""
    return [Row(**row) for row in json.loads(_CHECKLIST.read_text(encoding="utf-8"))]


def page() -> str:
    """Return the page."""
    rows, cited = checklist(), cited_rows("ch")
    return "\n".join([*_head(rows, cited), *_tables(rows, cited), *_choices()]) + "\n"


def _head(rows: list[Row], cited: Mapping[str, list[str]]) -> Iterator[str]:
    yield "# CDS Hooks conformance"
    yield ""
    yield "Written by `python -m tools.conformance_table` from the tests; do not edit."
    yield ""
    yield from _CLAIM.splitlines()
    yield ""
    yield "| requirements | rows | shown by a test | with a reason instead |"
    yield "|---|---|---|---|"
    ours = [row for row in rows if row.binds_us]
    for name, chosen in (
        ("SHALL and SHALL NOT that bind a service", [row for row in ours if row.is_mandatory]),
        ("SHOULD, MAY and good practice of a service", [row for row in ours if not row.is_mandatory]),
        ("of the client, checked or coped with here", [row for row in rows if not row.binds_us]),
    ):
        shown = sum(row.row in cited for row in chosen)
        yield f"| {name} | {len(chosen)} | {shown} | {sum(row.row not in cited for row in chosen)} |"
    yield ""
    yield "Hooks: " + ", ".join(f"`{hook.name}` {hook.version}" for hook in HOOKS.values()) + ","
    yield "and hooks of an organisation's own with a reverse-domain name (`org.example.tumour-board`)."
    yield ""
    yield from _STATUSES.splitlines()


def _tables(rows: list[Row], cited: Mapping[str, list[str]]) -> Iterator[str]:
    for section, members in groupby(rows, key=lambda row: row.section):
        yield ""
        yield f"## {section}"
        yield ""
        yield "| No. | level | binds | requirement | shown by |"
        yield "|---|---|---|---|---|"
        for row in members:
            yield f"| {row.row} | {row.level} | {row.binds} | {row.requirement} | {_shown(row, cited)} |"


def _shown(row: Row, cited: Mapping[str, list[str]]) -> str:
    reason = REASONS.get(row.row, "")
    tests = "<br>".join(linked(test) for test in cited.get(row.row, ()))
    if tests or reason:
        return "<br>".join(part for part in (reason, tests) if part)
    return "the client's own"


def _choices() -> Iterator[str]:
    yield ""
    yield "## Lenient in what is received"
    yield ""
    for choice in LENIENCY:
        yield f"- {choice}"
    yield ""
    yield "## The twenty documents of HL7's validator"
    yield ""
    agree = 20 - len(LENIENT) - len(STRICTER)
    yield f"On {agree} of 20 our models say what HL7's validator says. By choice they differ on these:"
    yield ""
    yield "| document | validator | we | why |"
    yield "|---|---|---|---|"
    for name, why in LENIENT.items():
        yield f"| {name} | error | accept | {why} |"
    for name, why in STRICTER.items():
        yield f"| {name} | ok | refuse | {why} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
