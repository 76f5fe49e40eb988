"""One service: a valid call, its cards, every state of the prefetch, and malformed calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from cds.conformance import checks, rules, samples
from cds.conformance.invariants import broken_by_response
from cds.conformance.results import Result, judge
from cds.conformance.target import Answer, Target

_OK = httpx.codes.OK
_OK_OR_412 = (httpx.codes.OK, httpx.codes.PRECONDITION_FAILED)


async def service_results(target: Target, service: dict[str, Any]) -> AsyncIterator[Result]:
    """Yield what was found at one service that discovery lists."""
    name = str(service["id"])
    valid = samples.request_for(service, prefetch=samples.nothing_found(service))
    answer = await target.call(name, valid, "valid call")
    faults = [*rules.response(answer.document)] if answer.status == _OK else [str(answer)]
    yield judge(checks.CALL, faults, service=name)
    if answer.status == _OK and not faults:
        for result in _answer(answer.document, name):
            yield result
    for result in [one async for one in _prefetch_states(target, service, name)]:
        yield result
    extension = {"extension": {"org.example.x": 1}}
    for check, more in (
        (checks.EXTENSIONS, {**extension, "context": {**valid["context"], **extension}}),
        (checks.UNKNOWN_MEMBERS, {"future": True}),
    ):
        other = await target.call(name, {**valid, **more}, check.id)
        yield judge(check, [] if other.status == answer.status else [str(other)], service=name)
    yield judge(checks.MALFORMED, [fault async for fault in _malformed(target, valid, name)], service=name)
    alone = await target.call(name, {**valid, "fhirAuthorization": samples.AUTHORIZATION}, "token without server")
    yield judge(checks.TOKEN_ALONE, [] if alone.is_refusal else [str(alone)], service=name)


def _answer(document: dict[str, Any], name: str) -> Iterator[Result]:
    cards = document["cards"]
    faults = [fault for i, item in enumerate(cards) for fault in rules.card(item, f"cards[{i}]")]
    yield judge(checks.CARDS, faults, service=name)
    broken = list(broken_by_response(document))
    yield judge(checks.INVARIANTS, [str(one) for one in broken if one.rule.is_error], service=name)
    yield judge(checks.ADVICE, [str(one) for one in broken if not one.rule.is_error], service=name)
    yield judge(checks.CARD_JSON, rules.nulls_and_empties(document), service=name)
    without = [f"cards[{i}]" for i, item in enumerate(cards) if isinstance(item, dict) and not item.get("uuid")]
    yield judge(checks.CARD_UUID, without, service=name)


async def _prefetch_states(target: Target, service: dict[str, Any], name: str) -> AsyncIterator[Result]:
    """Send every state of the prefetch. What could not be had must not be answered as "nothing to say"."""
    empty = samples.request_for(service, prefetch=samples.empty_bundles(service))
    answer = await target.call(name, empty, "searchsets without entries")
    yield judge(checks.EMPTY_BUNDLES, [] if answer.status == _OK else [str(answer)], service=name)
    left_out = await target.call(name, samples.request_for(service), "no prefetch")
    yield judge(checks.NO_PREFETCH, _other_than_200_or_412([left_out]), service=name)
    failed = [
        await target.call(name, samples.request_for(service, prefetch=prefetch), what)
        for what, prefetch in samples.failed_lookups(service).items()
    ]
    yield judge(checks.OUTCOME, _other_than_200_or_412(failed), service=name)
    if len(service.get("prefetch", {})) > 1:  # beyond the patient: the service says that it needs data
        silent = [one.what for one in (left_out, *failed) if one.is_success and _says_nothing(one)]
        yield judge(checks.SILENCE, [f"{what}: cards is empty" for what in silent], service=name)


def _other_than_200_or_412(answers: list[Answer]) -> list[str]:
    return [f"{one.what}: {one}" for one in answers if one.status not in _OK_OR_412]


def _says_nothing(answer: Answer) -> bool:
    return isinstance(answer.document, dict) and answer.document.get("cards") == []


async def _malformed(target: Target, valid: dict[str, Any], name: str) -> AsyncIterator[str]:
    for what, body in _malformed_bodies(valid):
        answer = await target.call(name, body, what)
        if not answer.is_refusal:
            yield f"{what}: {answer}"


def _malformed_bodies(valid: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    yield "an empty body", b""
    yield "half an object", b'{"hook":'
    yield "a list", b"[]"
    yield "another hook", json.dumps({**valid, "hook": f"org.example.{samples.CANARY}"}).encode()
    for member in ("hook", "hookInstance", "context"):
        rest = {key: value for key, value in valid.items() if key != member}
        yield f"no {member}", json.dumps(rest).encode()
    yield "a context that is a list", json.dumps({**valid, "context": [samples.CANARY]}).encode()
    yield "no patient", json.dumps({**valid, "context": {}}).encode()
    bad_id = {**valid["context"], "patientId": f"../{samples.CANARY}"}
    yield "a patient id that is none", json.dumps({**valid, "context": bad_id}).encode()
    yield "a prefetch that is a list", json.dumps({**valid, "prefetch": [samples.CANARY]}).encode()
