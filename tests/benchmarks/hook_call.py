"""How long a hook call takes: `python -m tests.benchmarks.hook_call`.

One server with one worker, one client on loopback, the demo patient with everything prefetched and further results of
the same kinds added. Prints a Markdown table; figures compare runs on one machine, nothing else.
"""

from __future__ import annotations

import copy
import json
import statistics
import time
from typing import Any

from cds.sandbox.synthetic_patients import DEMO_PATIENT
from tests.server.conftest import Server, running

CALLS = 200
WARM_UP = 50


def main() -> None:
    """Measure and print."""
    print("| service | observations | body kB | cards | median ms | p95 ms |")  # noqa: T201
    print("|---|---|---|---|---|---|")  # noqa: T201
    with running() as server:
        for entry in server.http.get("/cds-services").json()["services"]:
            if entry["hook"] == "order-select":
                for extra in (0, 200, 2000):
                    print(_row(server, entry["id"], extra))  # noqa: T201


def _row(server: Server, service: str, extra: int) -> str:
    prefetch = _with_more_results(server.prefetch(service, DEMO_PATIENT), extra)
    body = json.dumps(server.request(DEMO_PATIENT, "order-select", fhirServer=..., prefetch=prefetch)).encode()
    headers = {"content-type": "application/json"}
    times = []
    for number in range(WARM_UP + CALLS):
        started = time.perf_counter()
        answer = server.http.post(f"/cds-services/{service}", content=body, headers=headers)
        if number >= WARM_UP:
            times.append((time.perf_counter() - started) * 1000)
        answer.raise_for_status()
    observations = sum(
        entry["resource"]["resourceType"] == "Observation"
        for bundle in prefetch.values()
        for entry in bundle.get("entry", ())
    )
    figures = (
        observations,
        f"{len(body) / 1000:.0f}",
        len(answer.json()["cards"]),
        f"{statistics.median(times):.1f}",
        f"{statistics.quantiles(times, n=20)[-1]:.1f}",
    )
    return f"| {service} | {' | '.join(map(str, figures))} |"


def _with_more_results(prefetch: dict[str, Any], extra: int) -> dict[str, Any]:
    """Add older copies of the patient's own results, spread over the keys that hold results."""
    holders = [
        bundle
        for bundle in prefetch.values()
        if any(entry["resource"]["resourceType"] == "Observation" for entry in bundle.get("entry", ()))
    ]
    for number in range(extra):
        bundle = holders[number % len(holders)]
        older = copy.deepcopy(bundle["entry"][0])
        older["resource"]["id"] = f"older-{number}"
        older["resource"]["effectiveDateTime"] = f"20{10 + number % 14:02d}-{1 + number % 12:02d}-{1 + number % 28:02d}"
        older.pop("fullUrl", None)
        bundle["entry"].append(older)
    return prefetch


if __name__ == "__main__":
    main()
