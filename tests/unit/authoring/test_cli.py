"""`cds elm build` and `cds elm check` with the real translator; skipped where it cannot be run."""

import json

import pytest
from typer.testing import CliRunner

from cds.authoring import translator
from cds.authoring.cli import elm_app
from cds.authoring.errors import AuthoringError
from cds.authoring.translator import PROGRAM_FOLDER, installed_packages

HEAD = "using FHIR version '4.0.1'\ninclude FHIRHelpers version '4.0.1'\n"
SHARED = f"library Shared version '1.0.0'\n{HEAD}context Patient\ndefine \"Results\": [Observation]\n"
GUIDE = (
    f"library Guide version '2.0.0'\n{HEAD}include Shared version '1.0.0'\ncontext Patient\n"
    'define "High": exists(Shared."Results" R where (R.value as FHIR.Quantity) > 5 \'mmol/L\')\n'
)


@pytest.fixture
def node():
    try:
        return installed_packages(PROGRAM_FOLDER)
    except AuthoringError as error:
        pytest.skip(f"the translator is not at hand: {error}")


@pytest.fixture
def content(tmp_path, monkeypatch):
    for folder, name, text in (("fhir_mappings", "Shared", SHARED), ("plan_definitions/g", "Guide", GUIDE)):
        path = tmp_path / folder / "cql" / f"{name}.cql"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(elm_app, arguments)


@pytest.mark.usefixtures("node")
def test_build_writes_libraries_across_folders_and_check_then_agrees(content):
    before = run("check")
    assert before.exit_code == 1
    assert "Guide.json: absent" in before.output
    built = run("build")
    assert built.exit_code == 0, built.output
    guide = json.loads((content / "plan_definitions/g/Library/Guide.json").read_text(encoding="utf-8"))
    assert guide["relatedArtifact"][0]["resource"].endswith("/Library/Shared|1.0.0")
    assert run("check").exit_code == 0
    assert "wrote" not in run("build").output


@pytest.mark.usefixtures("node")
def test_check_fails_when_the_cql_changed_after_the_build(content):
    assert run("build").exit_code == 0
    cql = content / "plan_definitions/g/cql/Guide.cql"
    cql.write_text(cql.read_text(encoding="utf-8").replace("> 5", "> 6"), encoding="utf-8")
    result = run("check")
    assert result.exit_code == 1
    assert "Guide.json: is not the translation of its CQL" in result.output


@pytest.mark.usefixtures("node")
def test_check_fails_when_a_library_has_lost_its_cql(content):
    assert run("build").exit_code == 0
    (content / "plan_definitions/g/cql/Guide.cql").unlink()
    result = run("check")
    assert result.exit_code == 1
    assert "has no cql/Guide.cql" in result.output


@pytest.mark.usefixtures("node")
def test_errors_name_file_line_and_column_and_nothing_is_written(content):
    cql = content / "plan_definitions/g/cql/Guide.cql"
    cql.write_text(GUIDE.replace("mmol/L", "mmoll"), encoding="utf-8")
    result = run("build")
    assert result.exit_code == 1
    assert "cql/Guide.cql:6:" in result.output
    assert "mmoll" in result.output
    assert not (content / "plan_definitions/g/Library/Guide.json").exists()


@pytest.mark.usefixtures("node")
def test_a_library_file_that_is_no_json_is_named(content):
    library = content / "plan_definitions/g/Library/Guide.json"
    library.parent.mkdir()
    library.write_text('{"resourceType": "Library",\n', encoding="utf-8")
    result = run("build")
    assert result.exit_code == 1
    assert "Library/Guide.json:2:1: error: is not JSON" in result.output


def test_without_node_check_is_skipped_with_a_reason_and_build_fails(content, monkeypatch):
    monkeypatch.setattr(translator.shutil, "which", lambda name: None)
    skipped = run("check")
    assert skipped.exit_code == 0
    assert skipped.output.startswith("skipped: Node.js is not installed")
    assert run("check", "--require-node").exit_code == 2
    assert run("build").exit_code == 2
