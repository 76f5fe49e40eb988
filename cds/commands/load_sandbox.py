"""`cds sandbox load`: put the synthetic patients into any FHIR R4 server, one transaction per patient.

A patient's resources come with a tag on the Patient that says what was written, so that a load which was cut off goes
on where it stopped, and one that is done again writes nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx

from cds.errors import BadRequest, CDSError
from cds.fhir.elements import object_at, objects_at
from cds.fhir.extensions import CANONICAL_BASE
from cds.fhir.json import dumps, loads
from cds.fhir.patient_compartment import patient_reference
from cds.fhir.references import parse_reference
from cds.sandbox.synthetic_patients import sandbox_resources

LOADED = f"{CANONICAL_BASE}/CodeSystem/sandbox-load"
_HEADERS = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json", "Prefer": "return=minimal"}
_TRIES = 4
_LONGEST_PAUSE = 30.0
_BUSY = frozenset({429, 502, 503, 504})

Progress = Callable[[int, int], None]


class LoadFailed(CDSError):
    """The FHIR server did not take the patients; the message says how many it has and what to do."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was done: patients in all, those written now, and the number of resources written."""

    patients: int
    written: int
    resources: int


def load_sandbox(
    url: str,
    today: date,
    *,
    wait_seconds: float = 0,
    again: bool = False,
    progress: Progress = lambda _done, _total: None,
    http: httpx.Client | None = None,
) -> Load:
    """Write the patients that the server does not have as they stand today, or with `again` every one.

    Waits up to `wait_seconds` for the server to answer; `progress` is told the patients done and all of them. Raises
    `LoadFailed`.
    """
    base = url.rstrip("/")
    shared, charts = _charts(sandbox_resources(today))
    written = resources = 0
    with http or httpx.Client(headers=_HEADERS, timeout=120, trust_env=False) as client:
        _wait(client, f"{base}/metadata", wait_seconds)
        for done, chart in enumerate(charts):
            progress(done, len(charts))
            try:
                if again or not _is_there(client, base, chart[0]):
                    # What all charts share comes with each that is written: a reference must lead somewhere.
                    _transaction(client, base, [*shared, *chart])
                    written, resources = written + 1, resources + len(chart)
            except LoadFailed as failure:
                msg = f"{failure}; {done} of {len(charts)} patients are there, the same command goes on from here"
                raise LoadFailed(msg) from None
        progress(len(charts), len(charts))
    return Load(len(charts), written, resources + (len(shared) if written else 0))


def _charts(resources: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """Part the resources into those that all charts share and one chart per patient, the tagged Patient first."""
    patients = {resource["id"]: [resource] for resource in resources if resource["resourceType"] == "Patient"}
    shared = []
    for resource in resources:
        owner = parse_reference((patient_reference(resource) or {}).get("reference"))
        if owner is not None:
            patients[owner.id].append(resource)
        elif resource["resourceType"] != "Patient":
            shared.append(resource)
    return shared, [[_tagged(patient, chart), *chart] for patient, *chart in patients.values()]


def _tagged(patient: dict[str, Any], chart: Iterable[dict[str, Any]]) -> dict[str, Any]:
    digest = hashlib.sha256(b"\n".join(dumps(resource) for resource in (patient, *chart))).hexdigest()[:32]
    return {**patient, "meta": {"tag": [{"system": LOADED, "code": digest}]}}


def _is_there(client: httpx.Client, base: str, patient: dict[str, Any]) -> bool:
    """Say whether the server has this patient, tagged as it would be tagged now."""
    answer = _send(client, "GET", f"{base}/Patient/{patient['id']}")
    if answer.status_code in (404, 410):
        return False
    _refuse(answer)
    return patient["meta"]["tag"][0]["code"] in {
        tag.get("code") for tag in objects_at(object_at(_decoded(answer), "meta"), "tag") if tag.get("system") == LOADED
    }


def _transaction(client: httpx.Client, base: str, resources: Iterable[dict[str, Any]]) -> None:
    """Write resources under their own ids, all of them or none."""
    entries = [
        {"resource": resource, "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}}
        for resource in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    _refuse(_send(client, "POST", base, dumps(bundle)))


def _send(client: httpx.Client, method: str, url: str, content: bytes | None = None) -> httpx.Response:
    """Send a request; one that was not taken because the server is busy or away is sent again, after a pause."""
    reason = ""
    for pause in _pauses():
        time.sleep(pause)
        try:
            answer = client.request(method, url, content=content)
        except httpx.TransportError as error:
            reason = type(error).__name__
            continue
        if answer.status_code not in _BUSY:
            return answer
        reason = f"status {answer.status_code}"
    msg = f"{url}: the server does not answer ({reason})"
    raise LoadFailed(msg)


def _pauses() -> Iterator[float]:
    yield 0
    for number in range(_TRIES - 1):
        yield min(2.0**number, _LONGEST_PAUSE)


def _refuse(answer: httpx.Response) -> None:
    if not answer.is_success:
        issues = objects_at(_decoded(answer), "issue")
        said = next((str(issue["diagnostics"]) for issue in issues if "diagnostics" in issue), "no reason given")
        msg = f"{answer.url}: the server answered {answer.status_code}: {said[:300]}"
        raise LoadFailed(msg)


def _decoded(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = loads(answer.content)
    except BadRequest:
        return {}
    return body if isinstance(body, dict) else {}


def _wait(client: httpx.Client, address: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if client.get(address).is_success:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() >= end:
            msg = f"{address}: the server does not answer"
            raise LoadFailed(msg)
        time.sleep(2)
