"""Hook calls end to end, with one guideline and with all, and beside the bare service that only parses and answers."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.load import four_digits
from tests.benchmarks.plan import MANY, Plan, told
from tests.benchmarks.requests import call, count_observations, telling, with_observations
from tests.benchmarks.servers import Started, other, ours

GUIDELINE = "nl-lenalidomide"
HOOKS = ("order-select", "patient-view")
CEILING_AT = 200


def measure_calls(plan: Plan) -> list[dict[str, Any]]:
    """Measure every size, hook and number of guidelines: latencies with one client, throughput with several."""
    rows = []
    for settings in ({"CDS_GUIDELINES": GUIDELINE}, {}):
        with ours(**settings) as started:
            guidelines = len({entry["id"].removesuffix("-" + entry["hook"]) for entry in started.services()})
            before = started.server.megabytes
            for hook in HOOKS:
                service = f"{GUIDELINE}-{hook}"
                request = telling(started.url, service)
                for size in plan.sizes:
                    told(f"{service}, {size} Observations, {guidelines} guidelines")
                    rows.append(
                        {
                            "service": service,
                            "guidelines": guidelines,
                            "megabytes_idle": four_digits(before),
                            **_row(plan, started, service, with_observations(request, size)),
                        }
                    )
    return rows


def measure_ceiling(plan: Plan) -> list[dict[str, Any]]:
    """Measure every service for orders in turns with the bare service: all guidelines loaded, same body and answer."""
    rows = []
    with ours() as started:
        for service in sorted(entry["id"] for entry in started.services() if entry["hook"] == HOOKS[0]):
            told(f"{service} beside the bare service")
            body = with_observations(telling(started.url, service), CEILING_AT)
            with bare(call(started.url, service, body).content) as ceiling:
                path = f"/cds-services/{service}"
                contestants = {
                    "ours": (started.server, started.url + path, body),
                    "bare": (ceiling.server, ceiling.url + path, body),
                }
                found = plan.side_by_side(contestants)
            row = {"service": service, "observations": count_observations(body), "kilobytes": len(body) // 1000}
            rows.append(row | {name: load.figures() for name, load in found.items()})
    return rows


@contextlib.contextmanager
def bare(answer: bytes) -> Iterator[Started]:
    """Run the service that parses the call and gives back these bytes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answer.json"
        file.write_bytes(answer)
        command = [sys.executable, "-m", "tests.benchmarks.bare_service", "PORT", str(file)]
        with other(command, ready="/readyz") as started:
            yield started


def _row(plan: Plan, started: Started, service: str, body: bytes) -> dict[str, Any]:
    url = f"{started.url}/cds-services/{service}"
    answer = call(started.url, service, body)
    return {
        "observations": count_observations(body),
        "kilobytes": len(body) // 1000,
        "cards": len(answer.json()["cards"]),
        "one": plan.alone(started.server, url, body, clients=1).figures(),
        "many": plan.alone(started.server, url, body, clients=MANY).figures(),
    }
