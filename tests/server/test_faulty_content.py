"""Content with a fault: broken, it stops the start; failing for one patient, it does not hide the other cards."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.server.conftest import running

RECOMMENDATION = "https://example.org/fhir/CodeSystem/recommendation"


def action(name, condition):
    return {
        "id": name,
        "title": f"Card {name}",
        "description": "Because.",
        "priority": "urgent",
        "code": [{"coding": [{"system": RECOMMENDATION, "code": name}]}],
        "documentation": [{"type": "citation", "label": "1"}],
        "trigger": [{"type": "named-event", "name": "patient-view"}],
        "condition": [{"kind": "applicability", "expression": {"language": "text/fhirpath", "expression": condition}}],
    }


PLAN = {
    "resourceType": "PlanDefinition",
    "id": "example",
    "url": "https://example.org/fhir/PlanDefinition/example",
    "version": "1",
    "title": "An example",
    "status": "active",
    "action": [
        action("fires", "Patient.active"),
        action("fails", "(Patient.name.given | Patient.name.family).single() = 'x'"),
        action("fires-too", "Patient.gender.exists()"),
    ],
}


def write(folder: Path, plan) -> Path:
    (folder / "example" / "PlanDefinition").mkdir(parents=True)
    (folder / "example" / "PlanDefinition" / "example.json").write_text(json.dumps(plan))
    return folder


def start(folder: Path, database: str = "sqlite://") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CDS_CONTENT": str(folder), "CDS_DATABASE": database}
    command = [sys.executable, "-m", "cds", "serve", "--port", "0"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_condition_that_fails_leaves_the_other_cards_and_adds_one_that_says_so(tmp_path):
    with running(content=(write(tmp_path, PLAN),)) as server:
        answer = server.call("example-patient-view", server.request("renal-failure", "patient-view"))
    cards = answer.json()["cards"]
    assert [card["source"]["topic"]["code"] for card in cards][:2] == ["fires", "fires-too"]
    failed = [card for card in cards if card["source"]["topic"]["code"] == "could-not-be-evaluated"]
    assert len(failed) == 1
    assert "could not be evaluated" in failed[0]["summary"]


def test_broken_content_stops_the_start_with_file_path_and_what_to_do(tmp_path):
    plan = copy.deepcopy(PLAN)
    plan["action"][0]["definitionCanonical"] = "https://example.org/fhir/ActivityDefinition/none"
    stopped = start(write(tmp_path, plan))
    assert stopped.returncode == 2
    assert "Traceback" not in stopped.stderr
    assert "example.json" in stopped.stderr
    assert "action[0].definitionCanonical" in stopped.stderr


def test_a_file_that_is_no_json_stops_the_start(tmp_path):
    (tmp_path / "example" / "PlanDefinition").mkdir(parents=True)
    (tmp_path / "example" / "PlanDefinition" / "example.json").write_text("{")
    stopped = start(tmp_path)
    assert stopped.returncode == 2
    assert "not JSON" in stopped.stderr


def test_an_expression_that_is_none_stops_the_start(tmp_path):
    plan = copy.deepcopy(PLAN)
    plan["action"][0]["condition"][0]["expression"]["expression"] = "gender == 'male'"
    stopped = start(write(tmp_path, plan))
    assert stopped.returncode == 2
    assert "action[0].condition[0].expression" in stopped.stderr


def test_a_database_that_cannot_be_opened_stops_the_start_with_one_line(tmp_path):
    stopped = start(write(tmp_path, PLAN), "sqlite:////nowhere/d")
    assert stopped.returncode == 2
    said = "the folder of /nowhere/d does not exist: make it, or name another file"
    assert stopped.stderr == f"cds: CDS_DATABASE: {said}\n"
