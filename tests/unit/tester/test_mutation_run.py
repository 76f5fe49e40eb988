"""The mutation check of a small guideline: its cases catch everything; with a case removed something survives."""

from __future__ import annotations

import base64
import json

import pytest
from typer.testing import CliRunner

from cds.app import content_paths
from cds.cli.main import app
from cds.errors import ContentError
from cds.tester.focus import Focus
from cds.tester.mutation_report import as_json, as_text
from cds.tester.mutation_run import mutate
from tests.unit.tester.conftest import GUIDELINE


def change_cases(folder, change):
    path = folder / "tests/nsaid-low-egfr.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["cases"] = change(document["cases"])
    path.write_text(json.dumps(document), encoding="utf-8")


def test_the_cases_of_the_new_guideline_catch_every_wrong_version(folder):
    told = []
    report = mutate(content_paths([folder]), GUIDELINE, progress=lambda *one: told.append(one[:2]))
    assert (len(report.judged), len(report.of("caught")), report.left_out) == (6, 6, ())
    assert report.passed
    assert told == [(number, 6) for number in range(1, 7)]


def test_without_one_half_of_a_pair_the_wrong_version_survives_and_the_report_says_where(folder):
    change_cases(folder, lambda cases: [case for case in cases if "exactly 30" not in case["name"]])
    report = mutate(content_paths([folder]), GUIDELINE)
    assert not report.passed
    survivors = as_json(report)["survivors"]
    assert {one["change"] for one in survivors} == {
        "`Is Below` → `Is At Most`",
        "30 mL/min/{1.73_m2} → 31 mL/min/{1.73_m2}",
    }
    limit = next(one for one in survivors if one["definition"] == "NSAID Avoided Below")
    assert limit["cql"] == "30 'mL/min/{1.73_m2}'"
    assert f"SURVIVED {GUIDELINE}/Library/XxPainkillers.json, line {limit['line']}" in as_text(report)
    assert "6 of 6 wrong versions" in as_text(report)


def test_a_survivor_that_its_author_explains_is_told_apart(folder):
    change_cases(folder, lambda cases: [])
    path = folder / "Library/XxPainkillers.json"
    library = json.loads(path.read_text(encoding="utf-8"))
    (attachment,) = [one for one in library["content"] if one["contentType"] == "application/elm+json"]
    elm = json.loads(base64.b64decode(attachment["data"]))
    (window,) = [one for one in elm["library"]["statements"]["def"] if one["name"] == "eGFR Window"]
    window["annotation"][0]["t"] = [{"name": "survives", "value": "a day more or less is the same"}]
    attachment["data"] = base64.b64encode(json.dumps(elm).encode()).decode()
    path.write_text(json.dumps(library), encoding="utf-8")
    report = mutate(content_paths([folder]), GUIDELINE)
    assert {one.mutant.unit.name for one in report.of("explained")} == {"eGFR Window"}
    assert "eGFR Window" not in {one.mutant.unit.name for one in report.of("survived")}
    assert "a day more or less is the same" in as_text(report)
    assert not report.passed


def test_a_case_that_fails_by_itself_is_left_out_and_said(folder):
    def spoil(cases):
        cases[0]["expect"]["fires_only"] = []
        return cases

    change_cases(folder, spoil)
    report = mutate(content_paths([folder]), GUIDELINE, focus=Focus(definition="eGFR Window"))
    assert [name.partition(": ")[2][:20] for name in report.left_out] == ["fires: ibuprofen wit"]
    assert (report.cases, len(report.judged)) == (8, 2)


def test_without_cases_everything_survives_because_nothing_evaluates_it(folder):
    change_cases(folder, lambda cases: [])
    report = mutate(content_paths([folder]), GUIDELINE, focus=Focus(definition="NSAID Avoided Below"))
    assert {one.why for one in report.of("survived")} == {"no case evaluates it"}


def test_a_sample_is_spread_and_a_definition_that_is_not_there_is_refused(folder):
    paths = content_paths([folder])
    report = mutate(paths, GUIDELINE, limit=2)
    assert (report.possible, len(report.judged)) == (6, 2)
    with pytest.raises(ContentError, match="no definition 'Nothing'"):
        mutate(paths, GUIDELINE, focus=Focus(definition="Nothing"))
    with pytest.raises(ContentError, match="no guideline called"):
        mutate(paths, "xx-other")


def test_the_command_exits_with_1_when_something_survives(folder):
    change_cases(folder, lambda cases: cases[:1])
    done = CliRunner().invoke(app, ["mutate", GUIDELINE, str(folder), "--format", "json"])
    assert done.exit_code == 1, done.output
    assert json.loads(done.stdout)["survivors"]
