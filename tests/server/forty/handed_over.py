"""Rows 28 to 30: the address and the token that the caller hands over, and what must never be seen again."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import httpx

from tests.server.conftest import free_port
from tests.server.faulty_fhir import TOKEN
from tests.server.forty.rows import CALL, PATIENT, Range, refused, row

AUTHORIZATION = {
    "access_token": TOKEN,
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.rs",
    "subject": "cds",
    "patient": PATIENT,
}
FAILING = ("500", "html", "outcome-only", "ignores-the-patient")
SECRETS = {
    "token": "canary-token-81fa",
    "name": "Canary-Name-81fa",
    "identifier": "canary-mrn-81fa",
    "value": "canary-value-81fa",
    "member": "canary-member-81fa",
}


@row(
    28,
    {
        "a longer host": "http://127.0.0.1.evil.example:{port}/up/fhir",
        "a longer path": "{base}x",
        "a path below": "{base}/Patient",
        "user info": "http://127.0.0.1:{port}@evil.example/up/fhir",
        "user info on the right host": "http://user@127.0.0.1:{port}/up/fhir",
        "another port": "http://127.0.0.1:1{port}/up/fhir",
        "another scheme": "https://127.0.0.1:{port}/up/fhir",
        "dot segments": "{base}/../../up/fhir",
        "escaped dots": "http://127.0.0.1:{port}/up/%2e%2e/up/fhir",
        "an escaped letter": "http://127.0.0.1:{port}/up/fhi%72",
        "a double slash": "http://127.0.0.1:{port}//up/fhir",
        "a backslash": "http://127.0.0.1:{port}\\up\\fhir",
        "a query": "{base}?x=1",
        "a fragment": "{base}#x",
        "a newline": "{base}\n",
        "a tab": "{base}\t",
        "IPv6 that maps to it": "http://[::ffff:127.0.0.1]:{port}/up/fhir",
        "decimal loopback": "http://2130706433:{port}/up/fhir",
        "octal loopback": "http://0177.0.0.1:{port}/up/fhir",
        "short loopback": "http://127.1:{port}/up/fhir",
        "a name of loopback": "http://localhost:{port}/up/fhir",
        "metadata": "http://169.254.169.254/latest/meta-data",
        "file": "file:///etc/passwd",
        "gopher": "gopher://127.0.0.1:{port}/_",
        "no scheme": "//127.0.0.1:{port}/up/fhir",
        "nothing": "",
    },
)
def an_address_that_is_not_on_the_list_is_never_called(target: Range, address: str) -> None:
    port = target.ehr.address.rpartition(":")[2]
    address = address.replace("{base}", target.ehr.base("up")).replace("{port}", port)
    target.ehr.seen.clear()
    refused(target.call(fhirServer=address, prefetch=..., fhirAuthorization=...), 412)
    target.gives_the_same_cards(target.call(fhirServer=address))
    assert target.ehr.seen == []


@row(28)
def another_spelling_of_a_listed_address_is_that_address(target: Range) -> None:
    base = target.ehr.base("up")
    for spelling in (f"{base}/", base.replace("http:", "HTTP:")):
        target.gives_the_same_cards(target.call(fhirServer=spelling, prefetch=...))


@row(29, {"CR and LF": "a\r\nX-Evil: 1", "LF": "a\nb", "NUL": "a\tb", "DEL": "a\x7fb"})
def a_token_with_control_characters_is_400_and_not_sent(target: Range, token: str) -> None:
    target.ehr.seen.clear()
    authorization = {**AUTHORIZATION, "access_token": token}
    issue = refused(target.call_reading("up", fhirAuthorization=authorization), 400)
    assert issue["expression"] == ["fhirAuthorization.access_token"]
    assert target.ehr.seen == []


@row(
    29,
    {
        "mac": {"token_type": "mac"},
        "expired": {"expires_in": 0},
        "long expired": {"expires_in": -1},
        "not ASCII": {"access_token": "tøken"},
        "100 kB": {"access_token": "a" * 100_000},
    },
)
def a_token_that_cannot_be_used_is_as_none(target: Range, change: dict[str, Any]) -> None:
    target.ehr.seen.clear()
    authorization = {**AUTHORIZATION, **change}
    refused(target.call_reading("wants-the-token", fhirAuthorization=authorization), 400, 412)
    assert target.ehr.seen == []
    target.gives_the_same_cards(target.call(fhirServer=target.ehr.base("up"), fhirAuthorization=authorization))


@row(29)
def a_token_for_another_patient_is_400(target: Range) -> None:
    authorization = {**AUTHORIZATION, "patient": "somebody-else"}
    issue = refused(target.call_reading("up", fhirAuthorization=authorization), 400)
    assert issue["expression"] == ["fhirAuthorization.patient"]


@row(29)
def a_token_without_a_server_is_400(target: Range) -> None:
    refused(target.call(fhirAuthorization=AUTHORIZATION), 400, member="fhirServer")


@row(29, {"next-leads-elsewhere": "next-leads-elsewhere", "redirect": "redirect"})
def a_token_goes_to_the_server_it_is_for_and_nowhere_else(target: Range, mood: str) -> None:
    """Whoever is led elsewhere would connect to port 9 of this machine, where nobody listens."""
    target.ehr.seen.clear()
    refused(target.call_reading(mood, fhirAuthorization=AUTHORIZATION), 412)
    assert target.ehr.seen
    assert {seen[0] for seen in target.ehr.seen} == {mood}


@row(30)
def what_is_secret_is_in_no_answer_log_metric_or_record(target: Range) -> None:
    """A server of its own, as it is installed, with every path of failure forced; then all that it left is searched."""
    port = free_port()
    folder = target.folder / "canary"
    folder.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    environment |= {
        "CDS_DATABASE": f"sqlite:///{folder}/cds.sqlite3",
        "CDS_GUIDELINES": "nl-lenalidomide",
        "CDS_FHIR_SERVERS": ",".join(
            map(target.ehr.base, ("up", "500", "html", "outcome-only", "ignores-the-patient"))
        ),
        "CDS_DEADLINE_MS": "3000",
    }
    log = folder / "log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "cds", "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as http:
                target.wait_for(http)
                answers = "".join(_provoke(target, http))
                metrics = http.get("/metrics").text
        finally:
            process.terminate()
            process.wait(timeout=30)
    left = {"answers": answers, "metrics": metrics}
    left |= {path.name: path.read_bytes().decode("utf-8", "replace") for path in folder.iterdir()}
    found = [(where, name) for where, text in left.items() for name, secret in SECRETS.items() if secret in text]
    assert found == []


def _provoke(target: Range, http: httpx.Client) -> list[str]:
    """Send the secrets along every path of failure; give all answers but the cards of calls that succeed."""
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
    whole = target.body(prefetch=prefetch, fhirAuthorization={**AUTHORIZATION, "access_token": SECRETS["token"]})
    bodies = [
        {**whole, "fhirServer": target.ehr.base("up")},
        {**whole, "fhirServer": f"http://{SECRETS['member']}.example/fhir", "prefetch": {}},
        {**whole, "hook": SECRETS["member"]},
        {**whole, "prefetch": {**prefetch, "patient": {**patient, "id": SECRETS["identifier"]}}},
        {**whole, "prefetch": {**prefetch, "creatinine": SECRETS["value"]}, "fhirServer": target.ehr.base("500")},
        {**whole, "context": {**whole["context"], "patientId": f"{SECRETS['identifier']}/"}},
        {**whole, "context": {**whole["context"], "draftOrders": SECRETS["value"]}},
        {**whole, "fhirAuthorization": {"access_token": [SECRETS["token"]]}},
        {**whole, "fhirAuthorization": {**AUTHORIZATION, "access_token": SECRETS["token"] + "\n"}},
        *({**whole, "fhirServer": target.ehr.base(mood), "prefetch": {"patient": patient}} for mood in FAILING),
    ]
    answers = [http.post(CALL, json=body) for body in bodies]
    raw = [
        f'{{"{SECRETS["member"]}": 1, "{SECRETS["member"]}": 2}}',
        f'{{"{SECRETS["member"]}": NaN}}',
        f'{{"{SECRETS["value"]}',
    ]
    answers += [http.post(CALL, content=text, headers={"Content-Type": "application/json"}) for text in raw]
    headers = {"Authorization": f"Bearer {SECRETS['token']}", "X-Request-ID": f"{SECRETS['value']}!"}
    answers += [
        http.post(f"/cds-services/{SECRETS['member']}", json=whole, headers=headers),
        http.get(f"/{SECRETS['member']}?patient={SECRETS['identifier']}", headers=headers),
        http.post(f"{CALL}/feedback", json={"feedback": [{"card": SECRETS["value"], "outcome": SECRETS["value"]}]}),
        http.get(f"/decisions/{SECRETS['identifier']}"),
    ]
    assert {answer.status_code for answer in answers} >= {200, 400, 404, 412}
    assert all(answer.status_code < 500 for answer in answers)
    return [answer.text + str(answer.headers) for answer in answers]
