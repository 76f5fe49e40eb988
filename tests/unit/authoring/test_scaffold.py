"""`cds new-guideline`: the folder it writes works as it is, and what it refuses."""

from __future__ import annotations

import json
from datetime import date
from string import Template

import pytest
from typer.testing import CliRunner

from cds.app import content_paths
from cds.authoring.build import build, differences
from cds.authoring.errors import AuthoringError
from cds.authoring.scaffold import CQL_TEMPLATE, ELM_TEMPLATE, LONGEST_ID, NewGuideline, write_guideline
from cds.authoring.translator import PROGRAM_FOLDER, installed_packages, translate
from cds.checks.check import check_content
from cds.cli.main import app
from cds.content.shipped import shipped_path
from cds.expressions.own_libraries import tags
from cds.tester.runner import run_cases

TODAY = date(2026, 11, 20)
TITLE = 'Painkillers: "first, do no harm"'


def write(into, **more):
    guideline = NewGuideline(**{"id": "dk-painkillers", "title": TITLE, "jurisdiction": "DK", **more})
    return write_guideline(guideline, into, today=TODAY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    into = tmp_path_factory.mktemp("guidelines")
    write(into)
    return into / "dk-painkillers"


def test_the_new_guideline_has_no_finding(folder):
    assert [finding.message for finding in check_content(content_paths([folder]))] == []


def test_its_cases_pass_and_show_every_definition_as_all_it_can_be(folder):
    report = run_cases(content_paths([folder]), definitions=True)
    assert [(result.case.name, result.differences) for result in report.results if not result.passed] == []
    assert len(report.results) >= 9
    assert report.definitions
    assert report.definition_gaps == ()
    assert report.passed


def test_its_library_is_the_translation_of_its_cql(folder):
    try:
        installed_packages(PROGRAM_FOLDER)
    except AuthoringError as error:
        pytest.skip(f"the translator is not at hand: {error}")
    built = build([folder], include_from=[shipped_path("fhir_mappings")])
    assert built.errors + built.warnings == ()
    assert differences(built, [folder]) == []


def test_it_is_a_draft_about_the_country_that_was_named(folder):
    plan = json.loads((folder / "PlanDefinition/dk-painkillers.json").read_text(encoding="utf-8"))
    assert (plan["status"], plan["title"], plan["date"]) == ("draft", TITLE, "2026-11-20")
    assert plan["jurisdiction"][0]["coding"][0]["code"] == "DK"


def test_without_a_country_there_is_no_jurisdiction_and_every_file_is_still_json(tmp_path):
    files = write(tmp_path, id="painkillers", jurisdiction="")
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in files if path.suffix == ".json"]
    assert len(documents) == 6
    assert not any("jurisdiction" in document for document in documents)


def test_its_canonical_urls_begin_as_was_asked_for(tmp_path):
    write(tmp_path, base="https://hospital.example.org/fhir/")
    plan = json.loads((tmp_path / "dk-painkillers/PlanDefinition/dk-painkillers.json").read_text(encoding="utf-8"))
    assert plan["library"] == ["https://hospital.example.org/fhir/Library/DkPainkillers|0.1.0"]
    assert [finding.message for finding in check_content(content_paths([tmp_path / "dk-painkillers"]))] == []


@pytest.mark.parametrize(
    "identity",
    ["", "DK-pain", "1-pain", "dk_pain", "dk--pain", "dk-pain-", "../dk", "a" * (LONGEST_ID + 1), "clinical-data"],
)
def test_an_id_that_cannot_be_one_is_refused(identity):
    with pytest.raises(AuthoringError, match="another id" if identity == "clinical-data" else "cannot be the id"):
        NewGuideline(id=identity, title=TITLE)


def test_the_longest_id_is_accepted():
    assert NewGuideline(id="a" * LONGEST_ID, title=TITLE).library == "A" + "a" * (LONGEST_ID - 1)


@pytest.mark.parametrize(("more", "reason"), [({"title": "a\nb"}, "one line"), ({"jurisdiction": "Denmark"}, "ISO")])
def test_a_title_of_two_lines_or_a_country_in_words_is_refused(more, reason):
    with pytest.raises(AuthoringError, match=reason):
        NewGuideline(**{"id": "dk-pain", "title": TITLE, **more})


def test_a_folder_that_exists_is_left_as_it_is(tmp_path):
    (tmp_path / "dk-painkillers").mkdir()
    with pytest.raises(AuthoringError, match="exists already"):
        write(tmp_path)
    assert list((tmp_path / "dk-painkillers").iterdir()) == []


def test_a_library_name_that_another_guideline_has_is_refused(tmp_path):
    write(tmp_path, id="a-1b")
    with pytest.raises(AuthoringError, match="library of that name"):
        write(tmp_path, id="a1b")


def test_the_command_prints_the_files_and_the_next_steps(tmp_path):
    done = CliRunner().invoke(app, ["new-guideline", "se-statins", "--into", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "cql/SeStatins.cql" in done.output
    assert f"cds test --coverage {tmp_path / 'se-statins'}" in done.output
    plan = json.loads((tmp_path / "se-statins/PlanDefinition/se-statins.json").read_text(encoding="utf-8"))
    assert plan["jurisdiction"][0]["coding"][0]["code"] == "SE"


def test_the_templates_name_the_library_only_where_it_is_declared():
    cql = CQL_TEMPLATE.read_text(encoding="utf-8")
    assert [line for line in cql.splitlines() if "${" in line] == ["// ${title}", "library ${library} version '0.1.0'"]
    assert set(Template(ELM_TEMPLATE.read_text(encoding="utf-8")).get_identifiers()) == {"title", "library"}


def test_the_translator_keeps_the_tags_by_which_an_author_explains():
    try:
        installed_packages(PROGRAM_FOLDER)
    except AuthoringError as error:
        pytest.skip(f"the translator is not at hand: {error}")
    cql = """library Tagged version '1.0.0'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1'
context Patient
/* The day of the last dose.
@never: null, asked only of patients with a dose on record
@survives: a name is cut for the card alone */
define "Day": First([Observation])
"""
    (translation,) = translate({"Tagged": cql}, sources={"Tagged": cql})
    (statement,) = [one for one in translation.elm["library"]["statements"]["def"] if one["name"] == "Day"]
    assert dict(tags(statement)) == {
        "never": "null, asked only of patients with a dose on record",
        "survives": "a name is cut for the card alone",
    }
