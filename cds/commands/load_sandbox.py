"""`cds sandbox load`: put the synthetic patients into any FHIR R4 server."""

from __future__ import annotations

import time
from datetime import date

import httpx

from cds.errors import CDSError
from cds.fhir.json import dumps
from cds.sandbox.synthetic_patients import sandbox_resources

_HEADERS = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}


class LoadFailed(CDSError):
    """The FHIR server did not take the patients."""


def load_sandbox(url: str, today: date, *, wait_seconds: float = 0) -> int:
    """Write every resource by PUT in one transaction, so that loading twice changes nothing; return how many.

    Waits up to `wait_seconds` for the server to answer. Raises `LoadFailed`.
    """
    resources = sandbox_resources(today)
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": resource,
                "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
            }
            for resource in resources
        ],
    }
    base = url.rstrip("/")
    with httpx.Client(headers=_HEADERS, timeout=120, trust_env=False) as http:
        _wait(http, f"{base}/metadata", wait_seconds)
        try:
            answer = http.post(base, content=dumps(bundle))
        except httpx.HTTPError as error:
            msg = f"{base}: {type(error).__name__}"
            raise LoadFailed(msg) from None
    if not answer.is_success:
        msg = f"{base}: the server answered {answer.status_code}"
        raise LoadFailed(msg)
    return len(resources)


def _wait(http: httpx.Client, address: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if http.get(address).is_success:
                return
        except httpx.HTTPError:
            pass
        if time.monotonic() >= end:
            msg = f"{address}: the server does not answer"
            raise LoadFailed(msg)
        time.sleep(2)
