"""cds check on the CQL of a guideline: definitions that nothing uses, limits without a name."""

from __future__ import annotations

import base64
import json
from datetime import date

import pytest

from cds.app import content_paths
from cds.authoring.scaffold import NewGuideline, write_guideline
from cds.checks.check import check_content
from cds.checks.report import as_text


@pytest.fixture
def folder(tmp_path):
    write_guideline(NewGuideline(id="xx-pain", title="Pain"), tmp_path, today=date(2026, 11, 20))
    return tmp_path / "xx-pain"


def change(path, edit):
    document = json.loads(path.read_text(encoding="utf-8"))
    edit(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def findings(folder):
    return [(one.rule, one.severity, one.path, one.message) for one in check_content(content_paths([folder]))]


def test_a_definition_that_only_a_removed_action_used_is_found_with_those_below_it(folder):
    change(folder / "PlanDefinition/xx-pain.json", lambda plan: plan["action"].pop(1))
    found = findings(folder)
    assert {(rule, severity) for rule, severity, *_ in found} == {("definition-unused", "warning")}
    names = {message.split('"')[1] for *_, message in found}
    assert names == {"NSAID, eGFR Is Not Known", "NSAID, Not Judged: Summary", "NSAID, Not Judged: Detail"}


def test_a_limit_written_into_a_comparison_is_found_at_its_line(folder):
    def write_out(library):
        (attachment,) = [one for one in library["content"] if one["contentType"] == "application/elm+json"]
        elm = json.loads(base64.b64decode(attachment["data"]))
        statements = {one["name"]: one for one in elm["library"]["statements"]["def"]}
        comparison = statements["eGFR Is Too Low"]["expression"]
        comparison["operand"][1] = {**statements["NSAID Avoided Below"]["expression"], "locator": "1:1"}
        attachment["data"] = base64.b64encode(json.dumps(elm).encode()).decode()

    change(folder / "Library/XxPain.json", write_out)
    rules = {rule: (path, message) for rule, _, path, message in findings(folder)}
    assert set(rules) == {"limit-named", "definition-unused"}
    path, message = rules["limit-named"]
    assert "30 'mL/min/{1.73_m2}'" in message
    line = int(path.rpartition(" ")[2])
    assert 'ClinicalData."Is Below"' in (folder / "cql/XxPain.cql").read_text(encoding="utf-8").splitlines()[line - 1]
    assert "can be found, checked and changed in one place" in as_text(check_content(content_paths([folder])))
