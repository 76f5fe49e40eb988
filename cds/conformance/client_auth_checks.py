"""A server that asks who calls refuses everybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx

from cds.conformance import checks
from cds.conformance.results import Result, judge
from cds.conformance.signing import Signer
from cds.conformance.target import Answer, Target

_UNAUTHORIZED = httpx.codes.UNAUTHORIZED


async def client_auth_results(target: Target, services: list[dict[str, Any]], signer: Signer) -> AsyncIterator[Result]:
    """Yield what was found with requests that have no token, a forged one, and one that was used before."""
    endpoints = [("discovery", "GET", "")]
    for service in services[:1]:
        endpoints += [("service", "POST", f"/{service['id']}"), ("feedback", "POST", f"/{service['id']}/feedback")]
    unsigned = [await _send(target, what, method, path, None) for what, method, path in endpoints]
    yield judge(checks.UNSIGNED, _admitted(unsigned))
    forged = [
        await _send(target, what, "GET", "", f"Bearer {token}") for what, token in signer.forgeries(target.address)
    ]
    yield judge(checks.FORGED, _admitted(forged))
    token = f"Bearer {signer.token(target.address)}"
    first, second = [await _send(target, what, "GET", "", token) for what in ("first use", "second use")]
    yield judge(checks.REPLAYED, _admitted([second]) if first.is_success else [f"not even the first time: {first}"])
    bodies = {answer.text for answer in (*unsigned, *forged) if answer.status == _UNAUTHORIZED}
    yield judge(checks.SAME_REFUSAL, [f"there are {len(bodies)} different bodies"] if len(bodies) > 1 else [])


async def _send(target: Target, what: str, method: str, path: str, authorization: str | None) -> Answer:
    headers = {"Content-Type": "application/json", **({"Authorization": authorization} if authorization else {})}
    content = b"{}" if method == "POST" else None
    return await target.send(what, method, path, content=content, headers=headers, auth=None)


def _admitted(answers: list[Answer]) -> list[str]:
    return [f"{answer.what}: {answer}" for answer in answers if answer.status != _UNAUTHORIZED]
