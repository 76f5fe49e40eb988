"""The checks, in order: discovery, calls, malformed calls, feedback, browsers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from cds.conformance import rules, samples
from cds.conformance.results import Check, Level, Outcome, Report, Result, judge

_JSON = {"Content-Type": "application/json"}


def _check(identity: str, title: str, *rows: str, level: Level = Level.SHALL) -> Check:
    return Check(id=identity, title=title, rows=rows, level=level)


DISCOVERY = _check("discovery", "GET /cds-services answers 200 with a services array", "CH-011", "CH-012", "CH-023")
DISCOVERY_JSON = _check("discovery-json", "Discovery has no null and nothing empty", "CH-003", "CH-004")
ENTRIES = _check("discovery-entries", "Every service has hook, description and id", "CH-014", "CH-016", "CH-017")
TITLES = _check("discovery-titles", "Every service has a title", "CH-015", level=Level.SHOULD)
TEMPLATES = _check(
    "prefetch-templates", "Prefetch templates are relative reads or searches", "CH-018", "CH-042", "CH-044"
)
ETAG = _check("discovery-etag", "Discovery supports conditional requests", "CH-026", level=Level.PRACTICE)
CALL = _check("call", "A valid call with nothing found answers 200 with cards", "CH-027", "CH-062", "CH-063", "CH-084")
CARDS = _check(
    "cards", "Every card, suggestion, action and link is as specified", "CH-092", "CH-094", "CH-095", "CH-098"
)
CARD_JSON = _check("cards-json", "The answer has no null and nothing empty but cards", "CH-003", "CH-004", "CH-005")
CARD_UUID = _check("cards-uuid", "Every card and suggestion has a uuid", "CH-091", "CH-112", level=Level.SHOULD)
NO_PREFETCH = _check(
    "no-prefetch", "A call without prefetch or FHIR server answers 200 or 412", "CH-035", "CH-061", "CH-068"
)
OUTCOME = _check("prefetch-outcome", "An OperationOutcome as prefetch is no crash and no silence", "CH-065")
UNKNOWN_MEMBERS = _check("unknown-members", "Unknown members and extensions do not fail a call", "CH-036")
UNKNOWN_SERVICE = _check("unknown-service", "An unknown service is 404", "CH-027", "CH-088")
METHOD = _check("method", "GET on a service is 405", "CH-027", level=Level.SHOULD)
MALFORMED = _check(
    "malformed", "A malformed call is a 4xx, never a 5xx and never an empty 200", "CH-001", "CH-028", "CH-031"
)
CONTENT_TYPE = _check("content-type", "A body that is not announced as JSON is 415", "CH-088", level=Level.PRACTICE)
ERROR_BODY = _check("error-body", "An error carries an OperationOutcome", "CH-089", level=Level.SHOULD)
NO_ECHO = _check("no-echo", "An error repeats nothing of the request", "CH-164", level=Level.PRACTICE)
FEEDBACK = _check("feedback", "Feedback on a card is taken", "CH-132", "CH-133", "CH-134", level=Level.SHOULD)
BAD_FEEDBACK = _check("feedback-malformed", "Malformed feedback is a 4xx", "CH-134", "CH-136", level=Level.SHOULD)
CORS = _check("cors", "A browser's preflight is answered", "CH-165", level=Level.SHOULD)


@dataclass(slots=True)
class _Errors:
    """Error answers seen on the way, judged together at the end."""

    without_outcome: list[str] = field(default_factory=list)
    with_echo: list[str] = field(default_factory=list)

    def note(self, response: httpx.Response, what: str) -> None:
        if response.is_success:
            return
        document = _decoded(response)
        if not isinstance(document, dict) or document.get("resourceType") != "OperationOutcome":
            self.without_outcome.append(f"{what}: {response.status_code}")
        if samples.CANARY in response.text:
            self.with_echo.append(what)


async def run(url: str, http: httpx.AsyncClient) -> Report:
    """Check the server whose base URL is `url` (the address before /cds-services) and report."""
    results = [result async for result in _results(url.rstrip("/").removesuffix("/cds-services"), http)]
    return Report(url=url, results=tuple(results))


async def _results(base: str, http: httpx.AsyncClient) -> AsyncIterator[Result]:
    address = f"{base}/cds-services"
    try:
        discovery = await http.get(address)
    except httpx.HTTPError as error:
        yield judge(DISCOVERY, [f"no answer: {type(error).__name__}"])
        return
    document = _decoded(discovery)
    listed = document.get("services") if isinstance(document, dict) else None
    if discovery.status_code != httpx.codes.OK or not isinstance(listed, list):
        yield judge(DISCOVERY, [f"status {discovery.status_code}, {'no ' if listed is None else ''}services array"])
        return
    yield judge(DISCOVERY, [])
    for result in _discovery(document, listed):
        yield result
    yield await _etag(http, address, discovery)
    errors = _Errors()
    services = [entry for entry in listed if isinstance(entry, dict) and not [*rules.service_entry(entry, "")]]
    for service in services:
        async for result in _service(http, f"{address}/{service['id']}", service, errors):
            yield result
    async for result in _server(http, address, services, errors):
        yield result


def _discovery(document: dict[str, Any], listed: list[Any]) -> Iterator[Result]:
    yield judge(DISCOVERY_JSON, rules.nulls_and_empties(document))
    yield judge(
        ENTRIES, [fault for i, entry in enumerate(listed) for fault in rules.service_entry(entry, f"services[{i}]")]
    )
    entries = [entry for entry in listed if isinstance(entry, dict)]
    yield judge(TITLES, [f"{entry.get('id')} has none" for entry in entries if not entry.get("title")])
    faults = [f"{entry.get('id')}: {fault}" for entry in entries for fault in rules.prefetch_templates(entry)]
    yield judge(TEMPLATES, faults)


async def _etag(http: httpx.AsyncClient, address: str, discovery: httpx.Response) -> Result:
    etag = discovery.headers.get("etag")
    if not etag:
        return judge(ETAG, ["there is no ETag"])
    again = await http.get(address, headers={"If-None-Match": etag})
    return judge(ETAG, [] if again.status_code == httpx.codes.NOT_MODIFIED else [f"answered {again.status_code}"])


async def _service(
    http: httpx.AsyncClient, address: str, service: dict[str, Any], errors: _Errors
) -> AsyncIterator[Result]:
    name = str(service["id"])
    valid = samples.request_for(service, prefetch=samples.nothing_found(service))
    response = await http.post(address, json=valid)
    errors.note(response, f"{name}: valid call")
    document = _decoded(response)
    answered = response.status_code == httpx.codes.OK
    faults = [*rules.response(document)] if answered else [f"status {response.status_code}"]
    yield judge(CALL, faults, service=name)
    if answered and not faults:
        for result in _cards(document, name):
            yield result
    for check, body, allowed in (
        (NO_PREFETCH, samples.request_for(service), {200, 412}),
        (OUTCOME, samples.request_for(service, prefetch=samples.failed_everywhere(service)), {200, 412}),
        (UNKNOWN_MEMBERS, {**valid, "extension": {"org.example.x": 1}, "future": True}, {response.status_code}),
    ):
        other = await http.post(address, json=body)
        errors.note(other, f"{name}: {check.id}")
        wrong = [] if other.status_code in allowed else [f"status {other.status_code}"]
        yield judge(check, wrong, service=name)
    yield judge(MALFORMED, [fault async for fault in _malformed(http, address, valid, errors)], service=name)


def _cards(document: dict[str, Any], name: str) -> Iterator[Result]:
    cards = document["cards"]
    yield judge(
        CARDS, [fault for i, item in enumerate(cards) for fault in rules.card(item, f"cards[{i}]")], service=name
    )
    yield judge(CARD_JSON, rules.nulls_and_empties(document), service=name)
    without = [f"cards[{i}]" for i, item in enumerate(cards) if isinstance(item, dict) and not item.get("uuid")]
    yield judge(CARD_UUID, without, service=name)


async def _malformed(
    http: httpx.AsyncClient, address: str, valid: dict[str, Any], errors: _Errors
) -> AsyncIterator[str]:
    bodies: dict[str, bytes] = {
        "an empty body": b"",
        "half an object": b'{"hook":',
        "a list": b"[]",
        "another hook": json.dumps({**valid, "hook": f"org.example.{samples.CANARY}"}).encode(),
    }
    for member in ("hook", "hookInstance", "context"):
        rest = {name: value for name, value in valid.items() if name != member}
        bodies[f"no {member}"] = json.dumps(rest).encode()
    bodies["no patient"] = json.dumps({**valid, "context": {}}).encode()
    bodies["a patient id that is none"] = json.dumps(
        {**valid, "context": {**valid["context"], "patientId": f"../{samples.CANARY}"}}
    ).encode()
    for what, body in bodies.items():
        response = await http.post(address, content=body, headers=_JSON)
        errors.note(response, what)
        if not response.is_client_error:
            yield f"{what}: status {response.status_code}"


async def _server(
    http: httpx.AsyncClient, address: str, services: list[dict[str, Any]], errors: _Errors
) -> AsyncIterator[Result]:
    unknown = await http.post(f"{address}/no-such-{samples.CANARY}", json={})
    errors.note(unknown, "unknown service")
    yield judge(
        UNKNOWN_SERVICE, [] if unknown.status_code == httpx.codes.NOT_FOUND else [f"status {unknown.status_code}"]
    )
    if not services:
        for check in (METHOD, CONTENT_TYPE, FEEDBACK, BAD_FEEDBACK, CORS):
            yield Result(check=check, outcome=Outcome.SKIPPED, detail="no service is listed")
        return
    first = f"{address}/{services[0]['id']}"
    got = await http.get(first)
    yield judge(METHOD, [] if got.status_code == httpx.codes.METHOD_NOT_ALLOWED else [f"status {got.status_code}"])
    text = await http.post(first, content=b"{}", headers={"Content-Type": "text/plain"})
    expected = httpx.codes.UNSUPPORTED_MEDIA_TYPE
    yield judge(CONTENT_TYPE, [] if text.status_code == expected else [f"status {text.status_code}"])
    async for result in _feedback(http, f"{first}/feedback", errors):
        yield result
    preflight = await http.options(
        first,
        headers={
            "Origin": "https://sandbox.cds-hooks.org",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    allowed = "access-control-allow-origin" in preflight.headers
    yield judge(CORS, [] if allowed else ["the origin is not allowed; browser clients are shut out"])
    yield judge(ERROR_BODY, errors.without_outcome)
    yield judge(NO_ECHO, errors.with_echo)


async def _feedback(http: httpx.AsyncClient, address: str, errors: _Errors) -> AsyncIterator[Result]:
    item = {"card": "00000000-0000-4000-8000-000000000000", "outcome": "overridden"}
    good = await http.post(address, json={"feedback": [{**item, "outcomeTimestamp": "2026-01-01T00:00:00Z"}]})
    # Taking feedback on a card that was never served, or refusing it as unknown: both are allowed (CH-135).
    taken = good.is_success or (good.status_code == httpx.codes.NOT_FOUND and _is_outcome(good))
    yield judge(FEEDBACK, [] if taken else [f"status {good.status_code}"])
    bad = await http.post(address, json={"feedback": [{**item, "outcome": samples.CANARY}]})
    errors.note(bad, "malformed feedback")
    yield judge(BAD_FEEDBACK, [] if bad.is_client_error else [f"status {bad.status_code}"])


def _is_outcome(response: httpx.Response) -> bool:
    document = _decoded(response)
    return isinstance(document, dict) and document.get("resourceType") == "OperationOutcome"


def _decoded(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
