"""What docs/authors.md quotes of the worked example is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cds.cli.main import app

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "authors.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "plan_definitions" / "dk-denosumab"


def test_every_quoted_definition_is_in_the_guideline():
    quoted = re.findall(r"```cql\n(.*?)```", PAGE, re.DOTALL)
    logic = "\n".join(path.read_text(encoding="utf-8") for path in (EXAMPLE / "cql").glob("*.cql"))
    assert len(quoted) == 3
    assert [text for text in quoted if text not in logic] == []


def test_the_quoted_case_is_one_of_the_guideline():
    (quoted,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    document = json.loads(quoted)
    cases = json.loads((EXAMPLE / "tests" / "dose.json").read_text(encoding="utf-8"))["cases"]
    (wanted,) = document["cases"]
    (found,) = [case for case in cases if case["name"] == wanted["name"]]
    assert {**wanted, "expect": 0} == {**found, "expect": 0}
    assert wanted["expect"]["fires"] == found["expect"]["fires"]


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`cds ([a-z-]+(?: build)?)", PAGE))))
def test_every_command_that_is_named_exists(command):
    assert CliRunner().invoke(app, [*command.split(), "--help"]).exit_code == 0
