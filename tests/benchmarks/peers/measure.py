"""All peers at once, each asked the same in turns, after each has shown that it answers the rule rightly."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.load import load
from tests.benchmarks.peers import rule
from tests.benchmarks.peers.contestants import Contestant, hapi, healthchain, node, ourselves
from tests.benchmarks.plan import Plan, told

CLIENTS = 2
"""One call is worked on and one waits: that keeps a core busy, and a slow server answers within a round."""


def measure_peers(plan: Plan) -> dict[str, Any]:
    """Measure the throughput of every peer on one core."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contestants = []
        for start in (ourselves, lambda: hapi(folder), lambda: node(folder), healthchain):
            told("starting a peer")
            contestants.append(stack.enter_context(start()))
        answers = {one.name: rule.check(one.name, one.base, one.service, one.templates) for one in contestants}
        for one in contestants:
            told(f"{one.name} answers as it should, warming up")
            _warm(plan, one)
        return {
            "peers": [_peer(one, answers[one.name]) for one in contestants],
            "rows": [_row(plan, contestants, size) for size in plan.sizes],
        }


def _warm(plan: Plan, one: Contestant) -> None:
    body = rule.body(one.templates, plan.sizes[1], rule.LOW)
    seconds = one.warm_up_seconds * plan.warm_up_share
    load(one.started.server, one.url, body, clients=CLIENTS, seconds=seconds, pinned=False)


def _peer(one: Contestant, answers: list[str]) -> dict[str, Any]:
    ready = round(one.started.ready_seconds, 2)
    return {"name": one.name, "what": one.what, "ready_seconds": ready, "answers": answers}


def _row(plan: Plan, contestants: list[Contestant], size: int) -> dict[str, Any]:
    told(f"peers, {size} Observations")
    bodies = {one.name: rule.body(one.templates, size, rule.LOW) for one in contestants}
    called = {one.name: (one.started.server, one.url, bodies[one.name]) for one in contestants}
    found = plan.side_by_side(called, clients=CLIENTS)
    return {
        "observations": size,
        "kilobytes": len(bodies[contestants[0].name]) // 1000,
        "peers": {name: load.figures() for name, load in found.items()},
    }
