"""Row 40: load, endings, broken content, a full disk, a clock that jumps."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from tests.server.client_tokens import bearer
from tests.server.conftest import NOW, free_port, running
from tests.server.forty.rows import CALL, CANARY, PATIENT, SERVICE, Range, refused, row
from tests.server.test_faulty_content import PLAN, action, write

ITEM = {"outcome": "overridden", "outcomeTimestamp": "2026-03-02T10:00:00Z"}


@contextlib.contextmanager
def installed(target: Range, name: str, *, file_bytes: int | None = None, **settings: str) -> Iterator[Installed]:
    """A server in a process of its own; `file_bytes` is how long any of its files may grow."""
    folder = target.folder / name
    folder.mkdir()
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CDS_")}
    environment |= {"CDS_DATABASE": f"sqlite:///{folder}/cds.sqlite3", "CDS_GUIDELINES": "nl-lenalidomide", **settings}

    def limit_files() -> None:
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    command = [sys.executable, "-m", "cds", "serve", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=log, preexec_fn=limit_files
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=90) as http:
                target.wait_for(http)
                yield Installed(process, http, folder)
        finally:
            process.terminate()
            process.wait(timeout=90)


class Installed:
    """A server process: a client of it and the folder with its database and log."""

    def __init__(self, process: subprocess.Popen[bytes], http: httpx.Client, folder: Path) -> None:
        self.process = process
        self.http = http
        self.folder = folder


@row(40)
def ten_times_the_load_is_refused_fast_and_the_rest_answered(target: Range) -> None:
    with running(guidelines=("nl-lenalidomide",), max_wait_ms=1) as server, ThreadPoolExecutor(16) as pool:
        body = server.request(PATIENT, "order-select")
        answers = list(pool.map(lambda _: server.call(SERVICE, body), range(160)))
    admitted = [answer for answer in answers if answer.status_code == 200]
    turned_away = [answer for answer in answers if answer.status_code == 503]
    assert len(admitted) + len(turned_away) == len(answers)
    assert admitted
    assert turned_away
    for answer in admitted:
        target.gives_the_same_cards(answer)
    for answer in turned_away:
        refused(answer, 503)
        assert int(answer.headers["retry-after"]) > 0


@row(40)
def a_client_that_floods_is_held_back_and_the_other_is_not(target: Range) -> None:
    with target.restarted(client_calls_per_second=1) as server, ThreadPoolExecutor(8) as pool:
        body = target.body()
        flood = [*pool.map(lambda _: server.call(SERVICE, body, headers=bearer(CALL, "ehr-1")), range(8))]
        other = server.call(SERVICE, body, headers=bearer(CALL, "ehr-2"))
    assert {answer.status_code for answer in flood} == {200, 429}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in flood if answer.status_code == 429)
    target.gives_the_same_cards(other)


@row(40)
def a_client_that_is_gone_leaves_no_work_behind(target: Range) -> None:
    """The deadline of the call, a minute, is not what ends its reads."""
    base = target.ehr.base("waits")
    body = json.dumps(target.body(fhirServer=base, prefetch=...)).encode()
    head = f"POST {CALL} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    target.ehr.abandoned.clear()
    target.ehr.seen.clear()
    with running(guidelines=("nl-lenalidomide",), fhir_servers=(base,), deadline_ms=60_000) as server:
        address = urlsplit(server.settings.public_url)
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(head.encode() + body)
            _until(lambda: any(mood == "waits" for mood, _, _ in target.ehr.seen))
        _until(lambda: bool(target.ehr.abandoned), seconds=50)


def _until(done: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


@row(40)
def a_call_in_flight_is_finished_before_the_end(target: Range) -> None:
    settings = {"CDS_FHIR_SERVERS": target.ehr.base("slow"), "CDS_DRAIN_SECONDS": "1", "CDS_DEADLINE_MS": "60000"}
    with installed(target, "sigterm", **settings) as server:
        body = target.body(fhirServer=target.ehr.base("slow"), prefetch=...)
        answers: list[httpx.Response] = []
        calling = threading.Thread(target=lambda: answers.append(server.http.post(CALL, json=body)))
        target.ehr.seen.clear()
        calling.start()
        _until(lambda: bool(target.ehr.seen))
        server.process.send_signal(signal.SIGTERM)
        with httpx.Client(base_url=server.http.base_url, trust_env=False) as other:
            _until(lambda: other.get("/readyz").status_code == 503)
        calling.join(timeout=90)
        assert [card["summary"] for card in target.cards(answers[0])] == [card["summary"] for card in target.reference]
        assert server.process.wait(timeout=60) == 0


@row(40)
def a_rule_that_fails_is_seen_and_hides_no_other(target: Range) -> None:
    with running(content=(write(target.folder / "failing", PLAN),)) as server:
        answer = server.call("example-patient-view", server.request(PATIENT, "patient-view"))
    summaries = [card["summary"] for card in target.cards(answer)]
    assert "Card fires" in summaries
    assert "Card fires-too" in summaries
    assert any("could not be evaluated" in summary for summary in summaries)


@row(40)
def a_rule_without_end_is_503_at_the_deadline_and_not_an_answer(target: Range) -> None:
    backtracking = "Patient.name.family.first().matches('(a|aa)+$')"
    plan = {**PLAN, "action": [action("loops", backtracking), action("fires", "Patient.active")]}
    patient = {"resourceType": "Patient", "id": PATIENT, "active": True, "name": [{"family": "a" * 60 + "!"}]}
    with running(content=(write(target.folder / "looping", plan),), deadline_ms=300) as server:
        request = server.request(PATIENT, "patient-view", prefetch={"patient": patient})
        refused(server.call("example-patient-view", request), 503)
        assert server.http.get("/livez").status_code == 200


@row(40)
def a_plan_that_works_to_the_deadline_keeps_nobody_else_waiting(target: Range) -> None:
    """It is counted how often others are answered meanwhile."""
    endless = {"language": "text/fhirpath", "expression": "(1 | 2).repeat($this + 1).exists()"}
    condition = [{"kind": "applicability", "expression": endless}]
    plan = {**PLAN, "action": [{"id": f"a{index}", "title": "A", "condition": condition} for index in range(100)]}
    patient = {"resourceType": "Patient", "id": "p1"}
    given = [
        {"name": "planDefinition", "resource": plan},
        {"name": "subject", "valueString": "Patient/p1"},
        {"name": "data", "resource": {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": patient}]}},
    ]
    body = {"resourceType": "Parameters", "parameter": given}
    with ThreadPoolExecutor(1) as pool:
        applying = pool.submit(target.open.http.post, "/fhir/PlanDefinition/$apply", json=body)
        time.sleep(0.5)
        answers = 0
        while not applying.done():
            assert target.open.http.get("/livez").status_code == 200
            target.gives_the_same_cards(target.call())
            answers += 1
        refused(applying.result(), 503)
    assert answers > 1


@row(40)
def broken_new_content_leaves_the_old_in_place(target: Range) -> None:
    folder = write(target.folder / "reloaded", PLAN)
    file = folder / "example" / "PlanDefinition" / "example.json"
    with running(content=(folder,), reload_seconds=1) as server:
        before = target.cards(server.call("example-patient-view", server.request(PATIENT, "patient-view")))
        file.write_text(json.dumps({**PLAN, "action": [action("new", "Patient.nonsense(")]}))
        _until(lambda: "content" in server.http.get("/readyz").json())
        assert server.http.get("/readyz").status_code == 200
        after = target.cards(server.call("example-patient-view", server.request(PATIENT, "patient-view")))
    assert after == before


@row(40)
def what_is_logged_cannot_write_lines_of_its_own(target: Range) -> None:
    with installed(target, "log") as server:
        forged = "x\r\n2026-01-01 [critical ] all is lost\x1b[31m"
        server.http.post("/cds-services/" + quote(forged), json={})
        server.http.post(CALL, json={"hook": forged, "hookInstance": forged, "context": {"patientId": forged}})
        server.http.post(f"{CALL}/feedback", json={"feedback": [{**ITEM, "card": forged}]})
        server.http.get("/cds-services", headers={"X-Request-ID": "a b", "User-Agent": "x\x1b[31m"})
        log = (server.folder / "log").read_bytes()
    assert b"all is lost" not in log
    assert b"\x1b" not in log
    assert b"\r" not in log


@row(40)
def feedback_is_taken_once_counted_or_refused(target: Range) -> None:
    card = target.call().json()["cards"][0]["uuid"]
    for _ in range(2):
        assert target.open.feedback(SERVICE, {**ITEM, "card": card}).json() == {"received": 1, "unmatched": 0}
    twice = target.open.feedback(SERVICE, {**ITEM, "card": card}, {**ITEM, "card": card})
    assert twice.json() == {"received": 2, "unmatched": 0}
    unknown = target.open.feedback(SERVICE, {**ITEM, "card": CANARY})
    assert unknown.json() == {"received": 1, "unmatched": 1}
    refused(target.open.feedback(SERVICE, *[{**ITEM, "card": card}] * 10_000), 400, 413)
    refused(target.open.feedback("no-such-service", {**ITEM, "card": card}), 404)


@row(40)
def what_cannot_be_put_on_record_is_not_answered(target: Range) -> None:
    """The disk is full: the file of the database may not grow."""
    with installed(target, "full", file_bytes=1_500_000) as server:
        body = target.body()
        answers = [server.http.post(CALL, json=body) for _ in range(120)]
        assert {answer.status_code for answer in answers} == {200, 503}
        for answer in answers:
            if answer.status_code == 503:
                refused(answer, 503)
                assert int(answer.headers["retry-after"]) > 0
                continue
            identity = answer.json()["extension"]["org.example.fhir-cds.decision"]
            assert server.http.get(f"/decisions/{identity}").status_code == 200
        assert server.http.get("/livez").status_code == 200


@row(40)
def a_clock_that_jumps_ends_no_call(target: Range) -> None:
    hours = itertools.cycle((0, 1, -1))
    with running(guidelines=("nl-lenalidomide",), clock=lambda: NOW + timedelta(hours=next(hours))) as server:
        for _ in range(3):
            assert target.cards(server.call(SERVICE, target.body()))
