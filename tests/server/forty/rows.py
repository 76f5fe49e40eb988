"""The forty rows: what each of them sends, and the servers that it is sent to.

A row has one or several checks; a check is a function of the `Range`, or of the `Range` and one of several inputs.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.server.conftest import Server, running
from tests.server.faulty_fhir import FaultyFHIR
from tests.server.test_calls import without_identifiers

SERVICE = "nl-lenalidomide-order-select"
CALL = f"/cds-services/{SERVICE}"
PATIENT = "renal-failure"
CANARY = "canary-5f0e"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Check:
    """One input of one row."""

    row: int
    name: str
    run: Callable[[Range], None]

    def __str__(self) -> str:
        return f"row {self.row:02} {self.name}"


CHECKS: list[Check] = []


def row(number: int, inputs: Mapping[str, Any] | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a check of a row, or one check per named input."""

    def register(check: Callable[..., None]) -> Callable[..., None]:
        name = check.__name__.replace("_", " ")
        if inputs is None:
            CHECKS.append(Check(number, name, check))
        for label, value in (inputs or {}).items():
            CHECKS.append(Check(number, f"{name}: {label}", lambda target, value=value: check(target, value)))
        return check

    return register


@dataclass
class Range:
    """The servers that the rows are fired at.

    `open` asks nobody who calls and may read the faulty FHIR servers; `locked` are two workers on one database that
    want tokens. `folder` is for files of a check.
    """

    open: Server
    locked: tuple[Server, Server]
    ehr: FaultyFHIR
    broken: dict[str, str]
    folder: Path
    everything: dict[str, Any] = field(default_factory=dict)
    reference: list[dict[str, Any]] = field(default_factory=list)

    def prepare(self) -> None:
        """Note the prefetch of the patient and the cards of an undisturbed call."""
        self.everything = self.open.prefetch(SERVICE, PATIENT)
        self.reference = self.cards(self.call())
        assert self.reference

    def restarted(self, **changes: Any) -> AbstractContextManager[Server]:
        """Start one more worker of the locked server, as after a restart, with settings of its own if need be."""
        settings = self.locked[0].settings
        kept = {name: getattr(settings, name) for name in settings.model_fields_set}
        return running(sandbox=False, **{**kept, **changes})

    def body(self, **changes: Any) -> dict[str, Any]:
        """A good hook call with everything prefetched and no FHIR server; `...` removes a member."""
        changes = {"fhirServer": ..., "prefetch": self.everything, **changes}
        return self.open.request(PATIENT, "order-select", **changes)

    def call(self, **changes: Any) -> httpx.Response:
        return self.open.call(SERVICE, self.body(**changes))

    def call_reading(self, mood: str, **changes: Any) -> httpx.Response:
        """A hook call whose data have to be read from the EHR in this mood."""
        return self.call(**{"fhirServer": self.ehr.base(mood), "prefetch": ..., **changes})

    def send(self, content: bytes | str, **headers: str) -> httpx.Response:
        """Send the text of a hook call as it is."""
        return self.open.http.post(CALL, content=content, headers={**JSON, **headers})

    def text(self, **changes: Any) -> str:
        return json.dumps(self.body(**changes))

    @property
    def port(self) -> int:
        return int(self.open.settings.public_url.rpartition(":")[2])

    def raw(self, request: bytes, *, then_close: bool = False) -> bytes:
        """Send bytes over a connection of their own and give all that comes back until it is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            try:
                connection.sendall(request)
                if then_close:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused before all of it was sent: the answer is there all the same
            return received(connection)

    @staticmethod
    def wait_for(http: httpx.Client) -> None:
        """Wait until a server that was just started is ready."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                if http.get("/readyz").status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("the server does not start")

    @staticmethod
    def cards(answer: httpx.Response) -> list[dict[str, Any]]:
        assert answer.status_code == 200, answer.text
        return without_identifiers(answer)

    def gives_the_same_cards(self, answer: httpx.Response) -> None:
        assert self.cards(answer) == self.reference

    def is_unharmed(self) -> None:
        """The next good call gets its cards, and no call ended in a failure of ours."""
        self.gives_the_same_cards(self.call())
        assert 'status="500"' not in self.open.http.get("/metrics").text


def received(connection: socket.socket) -> bytes:
    """Everything that comes until the connection is closed or silent for its timeout."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except OSError:
        pass
    return b"".join(parts)


def statuses(answer: bytes) -> list[int]:
    """The status codes of all responses in what came over a connection."""
    heads = answer.split(b"HTTP/1.1 ")[1:]
    return [int(head[:3]) for head in heads]


def refused(answer: httpx.Response, *expected: int, member: str | None = None) -> dict[str, Any]:
    """The issue of an OperationOutcome that repeats nothing; fails for another status or another member."""
    assert answer.status_code in expected, f"{answer.status_code} {answer.text[:500]}"
    document = answer.json()
    assert document["resourceType"] == "OperationOutcome"
    assert CANARY not in answer.text
    issue = document["issue"][0]
    if member is not None:
        assert issue["expression"] == [member]
    return issue
