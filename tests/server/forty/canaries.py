"""Row 30: what is secret is seen nowhere, whatever goes wrong."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from sqlalchemy import make_url, select

from cds.decisions import store
from cds.errors import RefusedRequest
from cds.fhir.json import dumps
from tests.server.client_tokens import PUBLIC_URL, bearer, clients_file
from tests.server.conftest import free_port
from tests.server.forty.handed_over import AUTHORIZATION
from tests.server.forty.rows import CALL, JSON, PATIENT, Range, received, row
from tests.server.test_faulty_content import PLAN, action, write

ROOT = Path(__file__).parents[3]
FAILING = ("500", "html", "outcome-only", "ignores-the-patient")
SECRETS = {
    "token": "canary-token-81fa",
    "name": "Canary-Name-81fa",
    "identifier": "canary-mrn-81fa",
    "value": "canary-value-81fa",
    "member": "canary-member-81fa",
}
# Every refusal that the package can raise is forced, but for these: its words are constants.
NOT_FORCED = {
    (429, "throttled"): "needs more calls in a second than a slow machine makes",
    (499, "transient"): "is forced, and nobody is there to be answered",
    (403, "forbidden"): "the playground's, which is served with the sandbox only",
}


class Fresh(httpx.Auth):
    """A token of its own for every request."""

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:
        now = int(time.time())
        if "authorization" not in request.headers:
            request.headers.update(bearer(request.url.path, iat=now, exp=now + 300))
        yield request


@row(30)
def what_is_secret_is_in_no_answer_log_metric_or_record(target: Range) -> None:
    """A server of its own, as it is installed, with every path of failure forced; then all that it left is searched."""
    port = free_port()
    folder = target.folder / "canary"
    folder.mkdir(exist_ok=True)
    endless = write(target.folder / "endless", {**PLAN, "action": [FAILS, *ENDLESS]})
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    environment |= {
        "CDS_CONTENT": ",".join(map(str, (ROOT / "plan_definitions", ROOT / "fhir_mappings", endless))),
        "CDS_GUIDELINES": "nl-lenalidomide,example",
        "CDS_DATABASE": f"sqlite:///{folder}/cds.sqlite3",
        "CDS_CLIENT_AUTH": "jwt",
        "CDS_CLIENTS": str(clients_file(target.folder)),
        "CDS_PUBLIC_URL": PUBLIC_URL,
        "CDS_FHIR_SERVERS": ",".join(map(target.ehr.base, ("up", *FAILING))),
        "CDS_DEADLINE_MS": "3000",
        "CDS_MAX_WAIT_MS": "1",
        "CDS_MAX_BODY_BYTES": "2000000",
    }
    log = folder / "log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "cds", "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=url, trust_env=False, timeout=120, auth=Fresh()) as http:
                target.wait_for(http)
                answers = [*_from_hook_calls(target, http), *_from_others(target, http, folder / "cds.sqlite3")]
                drips = _drips(port)
                metrics = http.get("/metrics").text
        finally:
            process.terminate()
            process.wait(timeout=90)
    forced = {(answer.status_code, answer.json()["issue"][0]["code"]) for answer in answers if answer.is_error}
    forced.add((int(drips[9:12]), "timeout"))
    missed = _refusals() - forced - set(NOT_FORCED)
    assert not missed, f"not forced: {missed}"
    assert all(status != 500 for status, _ in forced)
    left = {"answers": "".join(answer.text + str(answer.headers) for answer in answers), "metrics": metrics}
    left["the answer to a body that drips"] = drips.decode()
    left |= {path.name: path.read_bytes().decode("utf-8", "replace") for path in folder.iterdir()}
    left["records"] = _records(folder / "cds.sqlite3")
    found = [(where, name) for where, text in left.items() for name, secret in SECRETS.items() if secret in text]
    assert found == []


FAILS = action("fails", "(Patient.name.family | Patient.identifier.value).single() = 'x'")
# Each is stopped by its own bound after some seconds, on a fast machine before the deadline: all together are not.
ENDLESS = [action(f"endless-{number}", "(1 | 2).repeat($this + 1).exists()") for number in range(100)]


def _refusals(kind: type[RefusedRequest] = RefusedRequest) -> set[tuple[int, str]]:
    """Status and code of every refusal of the package."""
    return {(kind.status, kind.code)}.union(*(_refusals(each) for each in kind.__subclasses__()))


def _secret_call(target: Range) -> dict[str, Any]:
    """A good call that is full of secrets."""
    patient = {
        **target.everything["patient"],
        "name": [{"family": SECRETS["name"]}],
        "identifier": [{"system": "urn:mrn", "value": SECRETS["identifier"]}],
    }
    finding = {
        "resourceType": "Observation",
        "id": "secret",
        "status": "final",
        "subject": {"reference": f"Patient/{PATIENT}"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "14682-9"}]},
        "valueString": SECRETS["value"],
        "note": [{"text": SECRETS["value"]}],
    }
    creatinine = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": finding}]}
    prefetch = {**target.everything, "patient": patient, "creatinine": creatinine}
    return target.body(
        prefetch=prefetch,
        fhirServer=target.ehr.base("up"),
        fhirAuthorization={**AUTHORIZATION, "access_token": SECRETS["token"]},
    )


def _from_hook_calls(target: Range, http: httpx.Client) -> list[httpx.Response]:
    whole = _secret_call(target)
    prefetch, context = whole["prefetch"], whole["context"]
    patient = prefetch["patient"]
    bodies = [
        whole,
        {**whole, "fhirServer": f"http://{SECRETS['member']}.example/fhir", "prefetch": {}},
        {**whole, "hook": SECRETS["member"]},
        {**whole, "prefetch": {**prefetch, "patient": {**patient, "id": SECRETS["identifier"]}}},
        {**whole, "prefetch": {**prefetch, "creatinine": SECRETS["value"]}, "fhirServer": target.ehr.base("500")},
        {**whole, "context": {**context, "patientId": f"{SECRETS['identifier']}/"}},
        {**whole, "context": {**context, "draftOrders": SECRETS["value"]}},
        {**whole, "fhirAuthorization": {"access_token": [SECRETS["token"]]}},
        {**whole, "fhirAuthorization": {**AUTHORIZATION, "access_token": SECRETS["token"] + "\n"}},
        *({**whole, "fhirServer": target.ehr.base(mood), "prefetch": {"patient": patient}} for mood in FAILING),
    ]
    answers = [http.post(CALL, json=body) for body in bodies]
    assert answers[0].status_code == 200
    endless = {**whole, "hook": "patient-view", "prefetch": {"patient": patient}}
    answers.append(http.post("/cds-services/example-patient-view", json=endless))
    raw = [
        f'{{"{SECRETS["member"]}": 1, "{SECRETS["member"]}": 2}}',
        f'{{"{SECRETS["member"]}": NaN}}',
        f'{{"{SECRETS["value"]}',
        f'"{SECRETS["value"]}"' + " " * 2_000_000,
    ]
    answers += [http.post(CALL, content=text, headers=JSON) for text in raw]
    with ThreadPoolExecutor(16) as pool:
        answers += pool.map(lambda _: http.post(CALL, json=whole), range(32))
    with socket.create_connection((http.base_url.host, http.base_url.port or 0)) as gone:
        gone.sendall(_head(f"Content-Length: 1000\r\nAuthorization: {bearer(CALL)['Authorization']}"))
        gone.sendall(SECRETS["value"].encode())
    return answers


def _from_others(target: Range, http: httpx.Client, database: Path) -> list[httpx.Response]:
    whole = _secret_call(target)
    named = {"X-Request-ID": f"{SECRETS['value']}!", "User-Agent": SECRETS["token"]}
    stranger = {**named, "Authorization": f"Bearer {SECRETS['token']}"}
    forged = bearer(CALL, iss=SECRETS["member"], jti=SECRETS["identifier"], header={"kid": SECRETS["value"]})
    plan = {"resourceType": "PlanDefinition", "title": SECRETS["value"], "action": [{"title": 5}]}
    given = [
        {"name": "planDefinition", "resource": plan},
        {"name": "subject", "valueString": f"Patient/{SECRETS['identifier']}"},
    ]
    wide = [{"name": "planDefinition", "resource": {**plan, "action": [{"title": SECRETS["value"]}] * 2_001}}]
    unserved = [{"name": "reverse", "valueBoolean": True}, {"name": "code", "valueCode": SECRETS["value"]}]
    feedback = {"feedback": [{"card": SECRETS["value"], "outcome": SECRETS["value"]}]}
    answers = [
        http.post(f"/cds-services/{SECRETS['member']}", json=whole, headers=named),
        http.post(CALL, json=whole, headers=stranger),
        http.post(CALL, json=whole, headers=forged),
        http.get(f"/{SECRETS['member']}?patient={SECRETS['identifier']}", headers=named),
        http.get(f"/cds-services?{SECRETS['identifier']}=" + "a" * 10_000),
        http.get("/cds-services", headers={SECRETS["member"]: SECRETS["value"] * 3_000}),
        http.put(f"{CALL}?{SECRETS['member']}", json=whole),
        http.post(CALL, content=SECRETS["value"], headers={"Content-Type": f"text/{SECRETS['member']}"}),
        http.post(f"{CALL}/feedback", json=feedback),
        http.get(f"/decisions/{SECRETS['identifier']}"),
        http.post("/fhir/PlanDefinition/$apply", json={"resourceType": "Parameters", "parameter": given}),
        http.post("/fhir/PlanDefinition/$apply", json={"resourceType": "Parameters", "parameter": wide}),
        http.post("/fhir/ConceptMap/$translate", json={"resourceType": "Parameters", "parameter": unserved}),
        http.get(f"/fhir/{SECRETS['member']}/{SECRETS['identifier']}"),
    ]
    with contextlib.closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as blocker:
        blocker.execute("BEGIN EXCLUSIVE")
        answers.append(http.post(CALL, json=whole))
        blocker.execute("ROLLBACK")
    return answers


def _records(database: Path) -> str:
    """The decisions on record, which the file holds compressed."""
    engine = store.open_file(make_url(f"sqlite:///{database}"))
    assert engine is not None
    with engine.connect() as connection:
        records = connection.execute(select(store.decisions.c.record)).scalars().all()
    engine.dispose()
    assert records, "no decision was recorded"
    return dumps(records).decode()


def _head(more: str) -> bytes:
    path = urlsplit(CALL).path
    return f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{more}\r\n\r\n".encode()


def _drips(port: int) -> bytes:
    """What is answered to a body that does not come to its end."""
    now = int(time.time())
    token = bearer(CALL, iat=now, exp=now + 300)["Authorization"]
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(_head(f"Content-Length: 1000\r\nAuthorization: {token}"))
        connection.sendall(SECRETS["value"].encode())
        return received(connection)
