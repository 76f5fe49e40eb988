"""The commands for who runs a server: `cds precompile` fills the cache of a start, `cds forget` deletes records."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cds import cache
from cds.cli.main import app
from cds.content import loader
from cds.engine.elm import compile as elm_compile

GUIDELINE = Path(__file__).parents[3] / "plan_definitions" / "dk-denosumab"


@pytest.fixture
def directory(tmp_path, monkeypatch) -> Path:
    """A directory to keep things in, for a program whose source is not being edited and that compiled nothing yet."""
    monkeypatch.setattr(elm_compile, "_cache", OrderedDict())
    monkeypatch.setattr(cache, "_this_program", lambda: "fhir-cds-" + "0" * 32)
    monkeypatch.setenv("CDS_CONTENT", str(GUIDELINE))
    monkeypatch.setenv("CDS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_was_precompiled_is_not_judged_again(directory, monkeypatch):
    said = CliRunner().invoke(app, ["precompile"])
    assert said.exit_code == 0, said.output
    assert str(directory) in said.output.replace("\n", "")
    assert {file.name.partition("-")[0] for file in directory.glob("*/*")} == {"logic", "library", "valid"}
    monkeypatch.setattr(loader, "validate", judged)
    assert CliRunner().invoke(app, ["precompile"]).exit_code == 0


def judged(*_):
    raise AssertionError("a file was judged that is known to be valid")


def test_without_a_directory_it_says_so_after_checking_all(directory, monkeypatch):
    monkeypatch.setenv("CDS_CACHE", "none")
    said = CliRunner().invoke(app, ["precompile"])
    assert said.exit_code == 1
    assert "CDS_CACHE" in said.output
    assert not directory.exists()


def test_forget_says_what_it_deleted_and_asks_for_a_day(tmp_path, monkeypatch):
    monkeypatch.setenv("CDS_DATABASE", f"sqlite:///{tmp_path}/cds.sqlite3")
    said = CliRunner().invoke(app, ["forget", "--before", "2026-01-01"])
    assert said.exit_code == 0, said.output
    assert said.output.strip() == "deleted: 0 decisions, 0 cards, 0 pieces of feedback"
    assert CliRunner().invoke(app, ["forget"]).exit_code == 2
