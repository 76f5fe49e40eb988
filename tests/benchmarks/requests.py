"""Hook calls with as many Observations as wanted."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx

from cds.fhir.json import dumps, loads
from cds.sandbox.synthetic_patients import DEMO_PATIENT
from tools.load.server import bodies

_HEADERS = {"content-type": "application/json"}


def call(url: str, service: str, body: bytes) -> httpx.Response:
    """Send one call; raises for a status that is not 2xx."""
    answer = httpx.post(f"{url}/cds-services/{service}", content=body, headers=_HEADERS, trust_env=False, timeout=120)
    return answer.raise_for_status()


def telling(url: str, service: str) -> dict[str, Any]:
    """Give the call about the demo patient or, where the service is silent, about the one it has most to say of."""
    if service not in _TELLING:
        found = {body: loads(body) for body in bodies(url, service)}
        of_demo = [body for body, request in found.items() if request["context"]["patientId"] == DEMO_PATIENT]
        if not (of_demo and _cards(url, service, of_demo[0])):
            of_demo = [max(found, key=lambda body: _cards(url, service, body))]
        _TELLING[service] = found[of_demo[0]]
    return _TELLING[service]


_TELLING: dict[str, dict[str, Any]] = {}
"""What was chosen for a service: it asks for many calls."""


def _cards(url: str, service: str, body: bytes) -> int:
    return len(call(url, service, body).json()["cards"])


def with_observations(request: Mapping[str, Any], number: int) -> bytes:
    """Write the call with so many Observations in its prefetch: older copies of the patient's own are added."""
    request = copy.deepcopy(dict(request))
    holders = [
        (value, own)
        for value in request["prefetch"].values()
        if isinstance(value, Mapping) and (own := list(filter(_is_observation, value.get("entry", ()))))
    ]
    for added in range(number - sum(len(own) for _, own in holders)):
        bundle, own = holders[added % len(holders)]
        older = copy.deepcopy(own[added // len(holders) % len(own)])
        older["resource"]["id"] = f"older-{added}"
        older["resource"]["effectiveDateTime"] = f"20{10 + added % 14:02d}-{1 + added % 12:02d}-{1 + added % 28:02d}"
        older.pop("fullUrl", None)
        bundle["entry"].append(older)
        if "total" in bundle:
            bundle["total"] += 1
    return dumps(request)


def count_observations(body: bytes) -> int:
    """Count the Observations of a call's prefetch."""
    values = loads(body)["prefetch"].values()
    return sum(_is_observation(entry) for value in values if value for entry in value.get("entry", ()))


def _is_observation(entry: Mapping[str, Any]) -> bool:
    return bool(entry["resource"]["resourceType"] == "Observation")


def prefetch(templates: Mapping[str, str], resources: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Fill the templates of a service: by type of resource and, where they ask for codes, by code."""
    held = list(resources)
    return {key: _answer(template, held) for key, template in templates.items()}


def _answer(template: str, resources: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    kind, _, query = template.partition("?")
    found = [
        resource
        for resource in resources
        if resource["resourceType"] == kind.partition("/")[0] and ("code=" not in query or _code(resource) in query)
    ]
    if not query:
        return found[0]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "entry": [{"resource": one} for one in found],
    }


def _code(resource: Mapping[str, Any]) -> str:
    coding = resource["code"]["coding"][0]
    return f"{coding['system']}|{coding['code']}"
