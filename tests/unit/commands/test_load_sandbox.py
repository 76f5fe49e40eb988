"""`cds sandbox load`: every patient once, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cds.cli.main import app
from cds.commands import load_sandbox as module
from cds.commands.load_sandbox import LOADED, Load, LoadFailed, load_sandbox
from cds.fhir.json import dumps, loads
from cds.sandbox.server import SandboxServer
from cds.sandbox.store import FHIRStore
from cds.sandbox.synthetic_patients import STORIES, sandbox_resources

BASE = "https://ehr.example/fhir"
TODAY = date(2026, 3, 2)
SOME = STORIES[:6]


class EHR:
    """A FHIR server in memory that counts its transactions and can be told to fail."""

    def __init__(self) -> None:
        self.store = FHIRStore((), base_url=BASE)
        self.transactions = 0
        self.before: Callable[[httpx.Request], httpx.Response | None] = lambda _request: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        refused = self.before(request)
        if refused is not None:
            return refused
        path = request.url.path.removeprefix("/fhir").removeprefix("/")
        body = loads(request.content) if request.content else None
        answer = SandboxServer(self.store).handle(request.method, path, request.url.query.decode(), body)
        self.transactions += request.method == "POST" and answer.status == 200
        return httpx.Response(answer.status, content=dumps(answer.body))

    def load(self, **options) -> Load:
        return load_sandbox(BASE, TODAY, http=httpx.Client(transport=httpx.MockTransport(self)), **options)


def some_resources(today: date) -> list[dict[str, Any]]:
    """The doctor and the charts of a few patients: the tests load them many times."""
    doctor = [resource for resource in sandbox_resources(today) if resource["resourceType"] == "Practitioner"]
    return doctor + [resource for story in SOME for resource in story.chart(today).resources]


@pytest.fixture
def ehr(monkeypatch) -> EHR:
    monkeypatch.setattr(module, "sandbox_resources", some_resources)
    monkeypatch.setattr(module.time, "sleep", lambda _seconds: None)
    return EHR()


def test_every_resource_of_every_patient_is_written(ehr):
    load = ehr.load()
    assert (load.patients, load.written) == (len(SOME), len(SOME))
    resources = some_resources(TODAY)
    assert load.resources == len(resources)
    for resource in resources:
        stored = ehr.store.read(resource["resourceType"], resource["id"])
        assert {**stored, "meta": ...} == {**resource, "meta": ...}


def test_doing_it_again_writes_nothing(ehr):
    ehr.load()
    ehr.transactions = 0
    assert ehr.load() == Load(patients=len(SOME), written=0, resources=0)
    assert ehr.transactions == 0


def test_the_next_day_the_patients_are_written_anew_because_their_dates_move(ehr):
    ehr.load()
    client = httpx.Client(transport=httpx.MockTransport(ehr))
    assert load_sandbox(BASE, date(2026, 3, 3), http=client).written == len(SOME)


def test_again_writes_every_patient_although_they_are_there(ehr):
    ehr.load()
    ehr.store.delete("Observation", next(each["id"] for each in ehr.store.all_of("Observation")))
    assert ehr.load(again=True).written == len(SOME)
    assert len(ehr.store.all_of("Observation")) == sum(
        resource["resourceType"] == "Observation" for resource in some_resources(TODAY)
    )


def test_a_load_that_was_cut_off_goes_on_where_it_stopped(ehr):
    def full(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(507) if request.method == "POST" and ehr.transactions == 3 else None

    ehr.before = full
    with pytest.raises(LoadFailed, match=rf"507.*3 of {len(SOME)} patients are there"):
        ehr.load()
    ehr.before = lambda _request: None
    assert ehr.load().written == len(SOME) - 3


def test_a_busy_server_is_asked_again(ehr):
    answers = iter([503, 429, None])

    def busy(request: httpx.Request) -> httpx.Response | None:
        status = next(answers, None) if request.method == "POST" else None
        return httpx.Response(status) if status else None

    ehr.before = busy
    assert ehr.load().written == len(SOME)


def test_a_server_that_stays_away_ends_the_load_with_its_address(ehr):
    def away(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/metadata"):
            return None
        raise httpx.ConnectError("refused")

    ehr.before = away
    with pytest.raises(LoadFailed, match=r"ehr\.example.*ConnectError.*0 of"):
        ehr.load()


def test_what_the_server_says_against_a_patient_is_told(ehr):
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "no such code"}]}
    ehr.before = lambda request: httpx.Response(422, json=outcome) if request.method == "POST" else None
    with pytest.raises(LoadFailed, match="422: no such code"):
        ehr.load()


def test_progress_is_told_from_the_first_to_the_last_patient(ehr):
    told = []
    ehr.load(progress=lambda done, total: told.append((done, total)))
    assert told == [(done, len(SOME)) for done in range(len(SOME) + 1)]


def test_a_patient_says_by_what_it_was_written(ehr):
    ehr.load()
    tags = [ehr.store.read("Patient", story.id)["meta"]["tag"] for story in SOME]
    assert {tag["system"] for (tag,) in tags} == {LOADED}
    assert len({tag["code"] for (tag,) in tags}) == len(SOME)


def test_the_command_says_what_it_did(monkeypatch):
    done = Load(patients=35, written=2, resources=17)
    monkeypatch.setattr(module, "load_sandbox", lambda *_arguments, **_options: done)
    result = CliRunner().invoke(app, ["sandbox", "load", BASE])
    assert "2 patients with 17 resources written" in result.stdout
    assert "33 were there already" in result.stdout
