"""Ten times more calls than the server can answer: what becomes of those that are let in, and of the others.

python -m tools.load.overload
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from tools.load.client import Answers, at_a_rate, one_after_another, percentile
from tools.load.server import bodies, running

SERVICE = "no-venetoclax-order-select"
BURST_SECONDS = 1  # until then, calls are let in that may wait for CDS_MAX_WAIT_MS


def line(name: str, answers: Answers) -> str:
    """Say how many were answered and refused, and how long it took, in milliseconds."""
    good, refused = answers.of(200), answers.of(503)
    times = " / ".join(f"{1000 * percentile(good, share):.1f}" for share in (0.5, 0.95, 0.99))
    refusals = " / ".join(f"{1000 * percentile(refused, share):.1f}" for share in (0.5, 0.99)) if refused else "-"
    return (
        f"{name}: {len(good)} answered ({answers.per_second:.0f}/s), median / p95 / p99 {times} ms; "
        f"{len(refused)} refused, median / p99 {refusals} ms; {len(answers.all) - len(good) - len(refused)} others"
    )


def main() -> None:
    """Measure unloaded, at capacity and at ten times the capacity, and print the three lines and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of the flood; the other two runs take a third")
    parser.add_argument("--service", default=SERVICE)
    parser.add_argument("--max-wait-ms", help="CDS_MAX_WAIT_MS of the server, if not the default")
    chosen = parser.parse_args()
    settings = {"CDS_MAX_WAIT_MS": chosen.max_wait_ms} if chosen.max_wait_ms else {}
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "d.sqlite3", **settings) as server,
    ):
        url, requests = f"{server.url}/cds-services/{chosen.service}", bodies(server.url, chosen.service)
        asyncio.run(one_after_another(url, requests, 5))  # warm
        alone = asyncio.run(one_after_another(url, requests, chosen.seconds / 3))
        print(line("one client", alone))
        full = asyncio.run(one_after_another(url, requests, chosen.seconds / 3, clients=2))
        print(line("two clients", full))
        rate = 10 * full.per_second
        flood = asyncio.run(at_a_rate(url, requests, rate, chosen.seconds))
        print(line(f"{rate:.0f} calls a second", flood))
        whole, later = flood.of(200), [one for one in flood.of(200) if one.due > BURST_SECONDS]
        ratios = [percentile(calls, 0.99) / percentile(alone.of(200), 0.99) for calls in (whole, later)]
        print(f"p99 of answered calls: {ratios[0]:.2f} times that of one client, {ratios[1]:.2f} from 1 s on")


if __name__ == "__main__":
    main()
