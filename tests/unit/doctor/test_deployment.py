"""What `cds doctor` says of a deployment: every part is looked at, also when another one is broken."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey
from typer.testing import CliRunner

from cds.cli.main import app
from cds.doctor.deployment import examine, examine_surroundings
from cds.settings import Settings

GUIDELINE = Path(__file__).parents[3] / "plan_definitions" / "dk-denosumab"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """The default database is a file in the working directory."""
    monkeypatch.chdir(tmp_path)


def examined(answers: dict[str, httpx.Response], **settings: Any) -> dict[str, tuple[str, str]]:
    """(health, what is said) by subject; addresses that are not in `answers` cannot be reached."""

    def respond(request: httpx.Request) -> httpx.Response:
        if str(request.url) not in answers:
            raise httpx.ConnectError("refused")
        return answers[str(request.url)]

    chosen = Settings(**settings)
    with httpx.Client(transport=httpx.MockTransport(respond)) as http:
        return {one.subject: (one.health, one.said) for one in examine_surroundings(chosen, [], http, lambda: NOW)}


def test_a_small_deployment_is_good_and_its_gaps_are_doubtful():
    found = examined({"http://127.0.0.1:8000/livez": httpx.Response(200)})
    assert found["database"] == ("good", "answers, has no tables yet: the first start makes them")
    assert found["FHIR servers"][0] == "doubtful"
    assert found["public address"][0] == "good"


def test_broken_content_does_not_hide_the_rest(tmp_path):
    (tmp_path / "PlanDefinition").mkdir()
    (tmp_path / "PlanDefinition" / "p.json").write_text('{"resourceType": "PlanDefinition"}')
    chosen = Settings(content=(tmp_path,), public_url="http://127.0.0.1:9")
    found = {one.subject: one.health for one in examine(chosen, clock=lambda: NOW)}
    assert (found["content"], found["database"]) == ("bad", "good")


def test_a_database_that_cannot_be_opened_is_bad(tmp_path):
    assert examined({}, database=f"sqlite:///{tmp_path}/no/such/folder/d.sqlite3")["database"][0] == "bad"


def test_what_is_right_on_ones_own_machine_only_is_said():
    found = examined({}, public_url="http://cds.hospital.example", cors_origins=("*",), log_values=True)
    assert {found[subject][0] for subject in ("callers", "browsers", "records")} == {"doubtful"}


def test_every_clients_keys_are_looked_at(tmp_path):
    key = ECKey.generate_key("P-384", {"kid": "k1", "use": "sig"}).as_dict(private=False)
    clients = [
        {"name": "good", "iss": "https://good.example", "jku": "https://good.example/jwks"},
        {"name": "gone", "iss": "https://gone.example", "jku": "https://gone.example/jwks"},
        {"name": "empty", "iss": "https://empty.example", "jwks": {"keys": []}},
        {"name": "own", "iss": "https://own.example", "jwks": {"keys": [key]}},
    ]
    path: Path = tmp_path / "clients.json"
    path.write_text(json.dumps({"clients": clients}))
    found = examined(
        {"https://good.example/jwks": httpx.Response(200, json={"keys": [key]})},
        client_auth="jwt",
        clients=path,
        public_url="https://cds.hospital.example",
    )
    health = {name: found[f"client {name}"][0] for name in ("good", "gone", "empty", "own")}
    assert health == {"good": "good", "gone": "bad", "empty": "bad", "own": "good"}


def test_a_file_in_which_no_client_is_enabled_is_bad(tmp_path):
    path = tmp_path / "clients.json"
    client = {"name": "off", "iss": "https://off.example", "jku": "https://off.example/jwks", "enabled": False}
    path.write_text(json.dumps({"clients": [client]}))
    found = examined({}, client_auth="jwt", clients=path, public_url="https://cds.hospital.example")
    assert found["clients"] == ("bad", "none is enabled: nobody can call")


@pytest.mark.parametrize(("database", "status"), [("sqlite:///d", 0), ("sqlite:////no/such/folder/d", 1)])
def test_the_command_ends_with_1_when_calls_cannot_be_answered(database, status, monkeypatch):
    monkeypatch.setenv("CDS_DATABASE", database)
    monkeypatch.setenv("CDS_CONTENT", str(GUIDELINE))
    monkeypatch.setenv("CDS_PUBLIC_URL", "http://127.0.0.1:9")
    answer = CliRunner().invoke(app, ["doctor", "--format", "json"])
    assert answer.exit_code == status
    found = {one["subject"]: one["health"] for one in json.loads(answer.stdout)}
    assert found["content"] == "good"
    assert found["public address"] == "doubtful"
