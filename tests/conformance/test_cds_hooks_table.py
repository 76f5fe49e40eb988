"""The conformance page is current, and complete: every row that binds a service has a test or a reason."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tools.conformance.cds_hooks_choices import REASONS
from tools.conformance.cited_rows import ROOT, cited_rows
from tools.conformance_table import PAGE, checklist, page

ROWS = checklist()
CITED = cited_rows("ch")
SHARED = Path(os.environ.get("CDS_SHARED", ROOT.parent / "shared")) / "conformance" / "cds-hooks-checklist.md"
# Kept by the site that runs the server; no test of a server can show it.
BY_SET_UP = {"CH-082"}


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tools.conformance_table`"


@pytest.mark.ch("CH-009")
def test_the_page_has_every_row():
    text = PAGE.read_text(encoding="utf-8")
    assert [row.row for row in ROWS] == [f"CH-{number:03}" for number in range(1, 189)]
    assert all(f"| {row.row} |" in text for row in ROWS)


def test_every_shall_that_binds_a_service_is_shown_by_a_test():
    missing = [row.row for row in ROWS if row.binds_us and row.is_mandatory and row.row not in CITED]
    assert set(missing) == BY_SET_UP


def test_every_other_row_of_a_service_is_shown_by_a_test_or_has_its_reason():
    assert [row.row for row in ROWS if row.binds_us and row.row not in CITED and row.row not in REASONS] == []


def test_tests_and_reasons_are_about_rows_that_exist():
    known = {row.row for row in ROWS}
    assert CITED.keys() | REASONS.keys() <= known


@pytest.mark.skipif(not SHARED.is_file(), reason=f"the checklist is not at {SHARED} (CDS_SHARED)")
def test_the_rows_are_those_of_the_checklist():
    rows = re.findall(r"^\| (CH-\d+) \| ([^|]+) \| ([^|]+) \|", SHARED.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(row.row, row.level, row.binds) for row in ROWS] == [tuple(part.strip() for part in row) for row in rows]
