"""The commands that serve and call: what is not served is said, misuse is refused with what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from cds.cli.main import app
from tests.server.conftest import free_port

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


def test_after_the_demo_every_call_is_a_line_in_the_log():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    port = free_port()
    command = [sys.executable, "-m", "cds", "serve", "--sandbox", "--demo", "--port", str(port)]
    settings = {"CDS_CONTENT": str(GUIDELINE), "CDS_DATABASE": "sqlite://", "CDS_LOG_FORMAT": "json"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment | settings, **pipes) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        try:
            assert any(line.startswith("Try it:") for line in server.stdout)
            call = {
                "hook": "patient-view",
                "hookInstance": "1",
                "context": {"patientId": "p", "userId": "Practitioner/1"},
            }
            url = f"http://127.0.0.1:{port}/cds-services/dk-denosumab-patient-view"
            assert httpx.post(url, json=call, trust_env=False, timeout=60).status_code == 412
        finally:
            server.terminate()
        lines = [json.loads(line) for line in server.stderr]
    assert [line["status"] for line in lines if line.get("service") == "dk-denosumab-patient-view"] == [412]


def test_a_guideline_that_is_not_there_is_said_with_the_name_of_the_setting():
    said = cds("services", CDS_GUIDELINES="dk-denosumap", CDS_CONTENT=str(GUIDELINE))
    assert said.returncode == 2
    assert said.stderr.startswith("cds: CDS_GUIDELINES: there is no guideline called 'dk-denosumap'; those loaded are:")


def test_evaluate_says_why_with_explain_and_gives_the_response_without(tmp_path):
    call = {"hook": "patient-view", "hookInstance": "1", "context": {"userId": "Practitioner/1", "patientId": "p"}}
    call["prefetch"] = {"patient": {"resourceType": "Patient", "id": "p", "birthDate": "1950-02-03"}}
    file = tmp_path / "request.json"
    arguments = ("evaluate", str(file), "--service", "dk-denosumab-patient-view")
    services = cds("services", "--format", "json", CDS_CONTENT=str(GUIDELINE))
    (service,) = (one for one in json.loads(services.stdout)["services"] if one["hook"] == "patient-view")
    call["prefetch"] |= {key: None for key in service["prefetch"] if key != "patient"}
    file.write_text(json.dumps(call))
    answered = cds(*arguments, CDS_CONTENT=str(GUIDELINE))
    assert answered.returncode == 0, answered.stderr + answered.stdout
    assert isinstance(json.loads(answered.stdout)["cards"], list)
    explained = cds(*arguments, "--explain", CDS_CONTENT=str(GUIDELINE))
    assert explained.stdout.startswith("Decision ")
    assert "dk-denosumab-patient-view at" in explained.stdout
    assert "did not apply" in explained.stdout


def test_a_demo_without_the_sandbox_is_refused():
    said = cds("serve", "--demo")
    assert said.returncode == 2
    assert "--sandbox" in said.stderr.partition("--demo: ")[2]


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_path_that_is_not_there_is_called_a_path(command, tmp_path):
    said = cds(command, str(tmp_path / "nope"))
    assert said.returncode != 0
    words = said.stdout + said.stderr
    assert "there is no such folder or .tgz package: correct the path" in words
    assert "CDS_CONTENT" not in words


def test_check_finds_a_guideline_that_is_asked_for_and_not_there():
    said = cds("check", CDS_GUIDELINES="dk-denosumap", CDS_CONTENT=str(GUIDELINE))
    assert said.returncode == 1
    assert "CDS_GUIDELINES: error: there is no guideline called 'dk-denosumap'" in said.stdout
    assert "CDS_GUIDELINES" not in cds("check", str(GUIDELINE), CDS_GUIDELINES="dk-denosumap").stdout
