"""Several workers on one PostgreSQL: one record, one replay store, and no answered decision lost when one is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select, text

from cds.decisions.migrate import NEWEST
from cds.decisions.store import cards, decisions, feedback, open_database
from tests.integration.postgresql import BINARIES, postgresql, start, stop
from tests.server.client_tokens import bearer, clients_file
from tests.server.conftest import free_port, running

SERVICE = "nl-lenalidomide-order-select"
CALL = f"/cds-services/{SERVICE}"
DECISION = "org.example.fhir-cds.decision"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(BINARIES is None, reason="Debian's postgresql is not installed"),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> Iterator[str]:
    with postgresql(tmp_path_factory.mktemp("postgresql") / "server") as url:
        yield url


@pytest.fixture(scope="module")
def request_body(database) -> dict:
    """A call whose prefetch is whole, so that no FHIR server is needed."""
    with running(guidelines=("nl-lenalidomide",)) as server:
        body = server.request("renal-failure", "order-select", fhirServer=...)
        body["prefetch"] = server.prefetch(SERVICE, "renal-failure")
    return body


def rows(database: str, statement) -> list:
    """Run one statement on the database."""

    async def run():
        engine = open_database(database)
        async with engine.connect() as connection:
            found = (await connection.execute(statement)).all()
        await engine.dispose()
        return found

    return asyncio.run(run())


@contextlib.contextmanager
def cds_serve(database: str, *arguments: str, **settings: str) -> Iterator[tuple[subprocess.Popen, httpx.Client]]:
    """Run `cds serve` as a process of its own, in its own group."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    environment |= {"CDS_DATABASE": database, "CDS_GUIDELINES": "nl-lenalidomide", **settings}
    command = [sys.executable, "-m", "cds", "serve", "--port", str(port), *arguments]
    with (
        subprocess.Popen(command, env=environment, start_new_session=True) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as http,
    ):
        try:
            wait_until(lambda: http.get("/readyz").status_code == 200)
            yield process, http
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def wait_until(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(httpx.HTTPError):
            if condition():
                return
        time.sleep(0.1)
    pytest.fail("it did not come true in time")


def test_the_tables_are_made_once_by_workers_that_start_at_once(database):
    with (
        running(database=database, guidelines=("nl-lenalidomide",)),
        running(database=database, guidelines=("dk-denosumab",)),
    ):
        assert rows(database, text("select version_num from alembic_version")) == [(NEWEST,)]


def test_feedback_to_one_worker_is_about_a_card_of_the_other(database, request_body):
    options = {"database": database, "guidelines": ("nl-lenalidomide",), "sandbox": False}
    with running(**options) as first, running(**options) as second:
        card = first.call(SERVICE, request_body).json()["cards"][0]
        outcome = {
            "card": card["uuid"],
            "outcome": "accepted",
            "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}],
            "outcomeTimestamp": datetime.now(UTC).isoformat(),
        }
        answer = second.feedback(SERVICE, outcome)
    assert answer.json() == {"received": 1, "unmatched": 0}
    assert rows(database, select(feedback.c.outcome).where(feedback.c.card == card["uuid"])) == [("accepted",)]


def test_a_token_is_good_once_whichever_worker_gets_it_first(database, request_body, tmp_path):
    options = {
        "database": database,
        "guidelines": ("nl-lenalidomide",),
        "sandbox": False,
        "client_auth": "jwt",
        "clients": clients_file(tmp_path),
        "public_url": "https://cds.hospital.example/base",
    }
    with running(**options) as first, running(**options) as second, ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            headers = bearer(CALL)
            barrier = threading.Barrier(2)

            def ask(server, headers=headers, barrier=barrier):
                barrier.wait()
                return server.http.post(CALL, json=request_body, headers=headers).status_code

            assert sorted(pool.map(ask, (first, second))) == [200, 401]


def test_a_worker_that_is_killed_loses_no_decision_that_was_answered(database, request_body):
    answered: list[str] = []
    with cds_serve(database) as (process, http), ThreadPoolExecutor(4) as pool:
        stop = threading.Event()

        def keep_calling() -> None:
            while not stop.is_set():
                try:
                    answer = http.post(CALL, json=request_body)
                except httpx.HTTPError:
                    return
                if answer.status_code == 200:
                    answered.append(answer.json()["extension"][DECISION])

        for _ in range(4):
            pool.submit(keep_calling)
        wait_until(lambda: len(answered) > 40)
        os.kill(process.pid, signal.SIGKILL)
        stop.set()
    kept = {row[0] for row in rows(database, select(decisions.c.id))}
    assert len(answered) > 40
    assert set(answered) <= kept
    half = select(func.count()).select_from(cards).where(cards.c.decision.not_in(select(decisions.c.id)))
    assert rows(database, half) == [(0,)]


def test_a_dead_worker_is_replaced_and_the_metrics_are_of_all(database, request_body):
    with cds_serve(database, "--workers", "2") as (process, http):
        children = workers_of(process.pid)
        assert len(children) == 2
        calls = 12
        for _ in range(calls):
            # A connection for each call: the kernel gives connections, not requests, to the workers.
            with httpx.Client(base_url=http.base_url, trust_env=False, timeout=20) as once:
                assert once.post(CALL, json=request_body).status_code == 200
        counted = next(line for line in http.get("/metrics").text.splitlines() if line.startswith("cds_calls_total{"))
        assert float(counted.split()[-1]) == calls
        os.kill(children[0], signal.SIGKILL)
        wait_until(lambda: len(set(workers_of(process.pid)) - {children[0]}) == 2)
        wait_until(lambda: http.get("/readyz").status_code == 200)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def workers_of(parent: int) -> list[int]:
    """The processes that this one started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == parent and fields[0] != "Z":
                    found.append(int(entry.name))
    return sorted(found)


def test_a_database_that_goes_away_is_said_and_comes_back_by_itself(request_body, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gone") / "server"
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(postgresql(folder))
        server = stack.enter_context(running(database=url, guidelines=("nl-lenalidomide",), sandbox=False))
        assert server.call(SERVICE, request_body).status_code == 200
        port = url.rpartition(":")[2].partition("/")[0]
        stop(folder)
        answer = server.call(SERVICE, request_body)
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        assert json.loads(answer.content)["resourceType"] == "OperationOutcome"
        assert server.http.get("/readyz").status_code == 503
        start(folder, int(port))
        wait_until(lambda: server.http.get("/readyz").status_code == 200, 20)
        assert server.call(SERVICE, request_body).status_code == 200
