"""The calls of a mixed load: four guidelines, three hooks, $apply and feedback; prefetched, read, and read in vain."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from cds.fhir.json import dumps, loads
from tests.server.faulty_fhir import TOKEN
from tools.load.client import request
from tools.load.fhir import FAULTY, HEALTHY
from tools.load.server import bodies

GUIDELINES = ("dk-denosumab", "nl-lenalidomide", "no-myeloma", "no-venetoclax")
HOOKS = ("patient-view", "order-select", "order-sign")
READ_SHARE, FAULT_SHARE, APPLY_SHARE, FEEDBACK_SHARE = 0.2, 0.03, 0.05, 0.05
PATIENTS = 10
_CARD = re.compile(rb'"uuid":"([0-9a-f-]{36})"')
_DECISION = re.compile(rb'"org\.example\.fhir-cds\.decision":"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Call:
    """One request, whole, and what kind of call it is: hook, read, fault, apply or feedback."""

    kind: str
    service: str
    raw: bytes


def decision_of(answer: bytes) -> str | None:
    """Find the id of the decision in the answer to a hook call."""
    found = _DECISION.search(answer)
    return found[1].decode() if found else None


class Mix:
    """Endless calls in a fixed order of chance; feedback is about cards of answers that were noted."""

    def __init__(self, url: str, fhir: str) -> None:
        self.with_faults = False
        self._url = url
        self._cards: deque[tuple[str, str]] = deque(maxlen=200)
        services = [f"{guideline}-{hook}" for guideline in GUIDELINES for hook in HOOKS]
        known = {one["id"] for one in httpx.get(f"{url}/cds-services", trust_env=False).json()["services"]}
        prefetched = {service: bodies(url, service, most=PATIENTS) for service in services if service in known}
        self._kinds: dict[str, list[Call]] = {
            "hook": [self._hook("hook", service, body) for service, all_ in prefetched.items() for body in all_],
            "read": [],
            "fault": [],
            "apply": [_apply(url, body) for body in prefetched["nl-lenalidomide-patient-view"]],
        }
        for service, all_ in prefetched.items():
            for kind, moods in (("read", HEALTHY), ("fault", FAULTY)):
                for mood, body in zip(moods, itertools.cycle(all_), strict=False):
                    self._kinds[kind].append(self._hook(kind, service, _reading(body, f"{fhir}/{mood}/fhir")))
        chance = random.Random(1)
        for calls in self._kinds.values():
            chance.shuffle(calls)
        self._next = {kind: itertools.cycle(calls) for kind, calls in self._kinds.items()}
        self._chance = chance

    def __iter__(self) -> Iterator[Call]:
        kinds: Sequence[str] = ("read", "fault", "apply", "feedback", "hook")
        while True:
            shares = (READ_SHARE, FAULT_SHARE if self.with_faults else 0.0, APPLY_SHARE, FEEDBACK_SHARE)
            weights = (*shares, 1 - sum(shares))
            kind = self._chance.choices(kinds, weights)[0]
            if kind == "feedback" and self._cards:
                yield self._feedback()
            else:
                yield next(self._next["hook" if kind == "feedback" else kind])

    def note(self, call: Call, answer: bytes) -> None:
        """Remember a card of an answer."""
        found = _CARD.search(answer)
        if found:
            self._cards.append((call.service, found[1].decode()))

    def _hook(self, kind: str, service: str, body: bytes) -> Call:
        return Call(kind, service, request(f"{self._url}/cds-services/{service}", body))

    def _feedback(self) -> Call:
        service, card = self._cards.popleft()
        item = {"card": card, "outcome": "overridden", "outcomeTimestamp": datetime.now(UTC).isoformat()}
        body = json.dumps({"feedback": [item]}).encode()
        return Call("feedback", service, request(f"{self._url}/cds-services/{service}/feedback", body))


def _reading(body: bytes, fhir_server: str) -> bytes:
    """Turn a prefetched call into one whose data have to be read."""
    call: dict[str, Any] = loads(body)
    del call["prefetch"]
    token = {
        "access_token": TOKEN,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.rs",
        "subject": "cds",
    }
    return dumps({**call, "fhirServer": fhir_server, "fhirAuthorization": token})


def _apply(url: str, body: bytes) -> Call:
    """The PlanDefinition's $apply with the data of a prefetched call."""
    call: dict[str, Any] = loads(body)
    answers = [one for one in call["prefetch"].values() if one]
    entries = [
        {"resource": entry["resource"]}
        for one in answers
        for entry in (one.get("entry", ()) if one["resourceType"] == "Bundle" else ({"resource": one},))
    ]
    data = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    given = [
        {"name": "subject", "valueString": f"Patient/{call['context']['patientId']}"},
        {"name": "data", "resource": data},
    ]
    content = dumps({"resourceType": "Parameters", "parameter": given})
    return Call("apply", "", request(f"{url}/fhir/PlanDefinition/nl-lenalidomide/$apply", content))
