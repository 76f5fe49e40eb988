"""The conformance page is current, and complete: every row has a test or a reason, every open row its choice."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tools.conformance.cited_rows import ROOT, cited_rows
from tools.conformance.plandefinition_choices import CHOICES, LIMITS, REASONS
from tools.plandefinition_table import PAGE, checklist, page

ROWS = checklist()
CITED = cited_rows("pd")
SHARED = (
    Path(os.environ.get("CDS_SHARED", ROOT.parent / "shared")) / "conformance" / "plandefinition-apply-checklist.md"
)


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tools.plandefinition_table`"


@pytest.mark.pd("PD-012")
def test_the_page_has_every_row_and_every_choice():
    text = PAGE.read_text(encoding="utf-8")
    assert [row.row for row in ROWS] == [f"PD-{number:03}" for number in range(1, 261)]
    assert all(f"| {row.row} |" in text for row in ROWS)
    assert {row.row for row in ROWS if row.level == "decide"} == CHOICES.keys()


def test_every_shall_invariant_and_step_is_shown_by_a_test():
    assert {row.row for row in ROWS if row.is_mandatory} <= CITED.keys()


def test_every_row_is_shown_by_a_test_or_has_its_reason():
    assert [row.row for row in ROWS if row.row not in CITED and row.row not in REASONS] == []


def test_tests_choices_and_reasons_are_about_rows_that_exist_and_a_reason_stands_for_a_test():
    known = {row.row for row in ROWS}
    assert CITED.keys() | CHOICES.keys() | LIMITS.keys() | REASONS.keys() <= known
    assert LIMITS.keys() <= CITED.keys()
    assert REASONS.keys() & LIMITS.keys() == set()


@pytest.mark.skipif(not SHARED.is_file(), reason=f"the checklist is not at {SHARED} (CDS_SHARED)")
def test_the_rows_are_those_of_the_checklist():
    rows = re.findall(r"^\| (PD-\d+) \| ([^|]+) \|", SHARED.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(row.row, row.level) for row in ROWS] == [tuple(part.strip() for part in row) for row in rows]
