"""The server as a whole: unknown services, methods, content types, feedback, browsers, the look of its errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx

from cds.conformance import checks, samples
from cds.conformance.results import Outcome, Result, judge
from cds.conformance.target import ORIGIN, Target

_CARD = "00000000-0000-4000-8000-000000000000"


async def server_results(target: Target, services: list[dict[str, Any]]) -> AsyncIterator[Result]:
    """Yield what was found; the first service stands for all."""
    unknown = await target.call(f"no-such-{samples.CANARY}", {}, "unknown service")
    yield judge(checks.UNKNOWN_SERVICE, [] if unknown.status == httpx.codes.NOT_FOUND else [str(unknown)])
    if services:
        async for result in _one_service(target, str(services[0]["id"])):
            yield result
    else:
        for check in (checks.METHOD, checks.CONTENT_TYPE, checks.FEEDBACK, checks.BAD_FEEDBACK, checks.CORS):
            yield Result(check=check, outcome=Outcome.SKIPPED, detail="no service is listed")
    yield judge(checks.ERROR_BODY, target.errors_without_outcome())
    yield judge(checks.NO_ECHO, target.echoes())
    yield judge(checks.NO_FAILURE, target.failures())


async def _one_service(target: Target, service: str) -> AsyncIterator[Result]:
    got = await target.send("GET on a service", "GET", f"/{service}")
    yield judge(checks.METHOD, [] if got.status == httpx.codes.METHOD_NOT_ALLOWED else [str(got)])
    text = await target.send("text", "POST", f"/{service}", content=b"{}", headers={"Content-Type": "text/plain"})
    yield judge(checks.CONTENT_TYPE, [] if text.status == httpx.codes.UNSUPPORTED_MEDIA_TYPE else [str(text)])
    good = await target.call(f"{service}/feedback", {"feedback": [_feedback()]}, "feedback")
    # Taking feedback on a card that was never served, or refusing it as unknown: both are allowed (CH-135).
    taken = good.is_success or (good.status == httpx.codes.NOT_FOUND and good.is_outcome)
    yield judge(checks.FEEDBACK, [] if taken else [str(good)])
    yield judge(checks.BAD_FEEDBACK, [fault async for fault in _bad_feedback(target, service)])
    paths = {"discovery": ("", "GET"), "service": (f"/{service}", "POST"), "feedback": (f"/{service}/feedback", "POST")}
    preflights = {what: await target.preflight(*endpoint) for what, endpoint in paths.items()}
    closed = [what for what, answer in preflights.items() if "access-control-allow-origin" not in answer.headers]
    yield judge(checks.CORS, [f"{what}: the origin is not allowed; browser clients are shut out" for what in closed])
    headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
    refused = await target.send("refusal to a browser", "POST", f"/{service}", content=b"{}", headers=headers)
    hidden = "access-control-allow-origin" not in refused.headers
    yield judge(checks.CORS_ERRORS, ["a browser cannot read why it was refused"] if hidden else [])


async def _bad_feedback(target: Target, service: str) -> AsyncIterator[str]:
    for what, body in (
        ("another outcome", {"feedback": [{**_feedback(), "outcome": samples.CANARY}]}),
        ("accepted without suggestions", {"feedback": [{**_feedback(), "outcome": "accepted"}]}),
        ("an overrideReason without content", {"feedback": [{**_feedback(), "overrideReason": {}}]}),
        ("one bad element of two", {"feedback": [_feedback(), {"card": _CARD}]}),
        ("no feedback array", {}),
    ):
        answer = await target.call(f"{service}/feedback", body, f"feedback: {what}")
        if not answer.is_refusal:
            yield f"{what}: {answer}"


def _feedback() -> dict[str, Any]:
    return {"card": _CARD, "outcome": "overridden", "outcomeTimestamp": "2026-01-01T00:00:00Z"}
