"""All peers at once, each asked the same in turns, after each has shown that it answers the rule rightly."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.failures import FAILURES, reason
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
        contestants = [_started(plan, stack, ourselves)]
        peers = [_peer(contestants[0])]
        others = {"HAPI": partial(hapi, folder), "Node": partial(node, folder), "HealthChain": healthchain}
        for name, start in others.items():
            told(f"starting {name}")
            try:
                contestants.append(_started(plan, stack, start))
                peers.append(_peer(contestants[-1]))
            except FAILURES as error:
                told(f"{name}: {error}")
                peers.append({"name": name, "failed": reason(error)})
        return {"peers": peers, "rows": [_row(plan, contestants, size) for size in plan.sizes]}


def _started(
    plan: Plan, stack: contextlib.ExitStack, start: Callable[[], contextlib.AbstractContextManager[Contestant]]
) -> Contestant:
    """Start a peer, see that it answers rightly, and warm it up."""
    one = stack.enter_context(start())
    one.check()
    body = rule.body(one.templates, plan.sizes[1], rule.LOW)
    seconds = one.warm_up_seconds * plan.warm_up_share
    load(one.started.server, one.url, body, clients=CLIENTS, seconds=seconds, pinned=False)
    return one


def _peer(one: Contestant) -> dict[str, Any]:
    ready = round(one.started.ready_seconds, 2)
    return {"name": one.name, "what": one.what, "ready_seconds": ready, "answers": one.check()}


def _row(plan: Plan, contestants: list[Contestant], size: int) -> dict[str, Any]:
    told(f"peers, {size} Observations")
    bodies = {one.name: rule.body(one.templates, size, rule.LOW) for one in contestants}
    called = {one.name: (one.started.server, one.url, bodies[one.name]) for one in contestants}
    found = plan.side_by_side(called, clients=CLIENTS, seconds=plan.peer_seconds)
    return {
        "observations": size,
        "kilobytes": len(bodies[contestants[0].name]) // 1000,
        "peers": {name: load.figures() for name, load in found.items()},
    }
