"""The commands that serve and call: what is not served is said, misuse is refused with what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cds.cli.main import app

GUIDELINE = Path(__file__).parents[3] / "plan_definitions" / "dk-denosumab"
A_DRAFT = "not served: dk-denosumab is a draft: set the status of its PlanDefinition to active"


def changed(folder: Path, **members: object) -> Path:
    """A copy of a guideline whose PlanDefinition has other members."""
    shutil.copytree(GUIDELINE, folder / "dk-denosumab", ignore=shutil.ignore_patterns("tests"))
    file = folder / "dk-denosumab" / "PlanDefinition" / "dk-denosumab.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | members))
    return folder


def cds(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    command = [sys.executable, "-m", "cds", *arguments]
    run = subprocess.run(
        command, env={**environment, **settings}, capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in run.stderr
    return run


@pytest.fixture(scope="module")
def draft(tmp_path_factory) -> str:
    return str(changed(tmp_path_factory.mktemp("draft"), status="draft"))


def test_services_says_which_guidelines_are_not_served_and_why(draft):
    said = CliRunner().invoke(app, ["services", "--format", "json"], env={"CDS_CONTENT": draft})
    assert json.loads(said.stdout) == {"services": []}
    assert A_DRAFT in said.stderr


def test_a_guideline_that_is_not_in_force_is_said_too(tmp_path):
    folder = changed(tmp_path, effectivePeriod={"end": "2020-01-01"})
    said = CliRunner().invoke(app, ["services", "--format", "json"], env={"CDS_CONTENT": str(folder)})
    assert json.loads(said.stdout) == {"services": []}
    assert "dk-denosumab is not in force now: see the effectivePeriod" in said.stderr


def test_doctor_is_not_green_where_nothing_is_served(draft, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(app, ["doctor", "--format", "json"], env={"CDS_CONTENT": draft})
    assert said.exit_code == 1
    content = [(one["health"], one["said"]) for one in json.loads(said.stdout) if one["subject"] == "content"]
    assert content == [
        ("doubtful", "not served: dk-denosumab is a draft"),
        ("bad", "no guideline is served"),
    ]


def test_serve_says_it_below_the_address(draft, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    command = [sys.executable, "-m", "cds", "serve", "--port", "0"]
    settings = {"CDS_CONTENT": draft, "CDS_DATABASE": "sqlite://"}
    with subprocess.Popen(command, env=environment | settings, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            said = [next(server.stdout).strip() for _ in range(3)]
        finally:
            server.terminate()
    assert said[1].startswith("Serving CDS Hooks")
    assert said[2] == A_DRAFT.replace("not", "Not", 1)


def test_a_guideline_that_is_not_there_is_said_with_the_name_of_the_setting():
    said = cds("services", CDS_GUIDELINES="dk-denosumap", CDS_CONTENT=str(GUIDELINE))
    assert said.returncode == 2
    assert said.stderr.startswith("cds: CDS_GUIDELINES: there is no guideline called 'dk-denosumap'; those loaded are:")
