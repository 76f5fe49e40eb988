"""How the cost of a call grows with Observations, recommendations and clients."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.calls import GUIDELINE, HOOKS
from tests.benchmarks.fit import exponent
from tests.benchmarks.load import four_digits
from tests.benchmarks.plan import Plan, told
from tests.benchmarks.requests import call, count_observations, telling, with_observations
from tests.benchmarks.servers import ours
from tests.benchmarks.synthetic import HOOK, synthetic_call, synthetic_guideline

OBSERVATIONS = 200


def measure_growth(plan: Plan) -> dict[str, Any]:
    """Measure all three; a call costs the processor time of the server for it."""
    told("growth with Observations and clients")
    service = f"{GUIDELINE}-{HOOKS[0]}"
    with ours() as started:
        url = f"{started.url}/cds-services/{service}"
        request = telling(started.url, service)
        by_observations = []
        for number in plan.growing_observations:
            body = with_observations(request, number)
            found = plan.alone(started.server, url, body, clients=1)
            by_observations.append({"size": count_observations(body), **found.figures()})
        body = with_observations(request, OBSERVATIONS)
        by_clients = [
            {"size": number, **plan.alone(started.server, url, body, clients=number).figures()}
            for number in plan.growing_clients
        ]
    return {
        "observations": _grown(by_observations),
        "recommendations": _grown([_with_recommendations(plan, number) for number in plan.growing_recommendations]),
        "clients": {"rows": by_clients},
    }


def _with_recommendations(plan: Plan, number: int) -> dict[str, Any]:
    told(f"{number} recommendations")
    with ours(CDS_CONTENT=str(synthetic_guideline(number))) as started:
        (service,) = started.services()
        body = synthetic_call(service["prefetch"], OBSERVATIONS)
        cards = len(call(started.url, service["id"], body).json()["cards"])
        found = plan.alone(started.server, f"{started.url}/cds-services/{service['id']}", body, clients=1)
    ready = four_digits(started.ready_seconds)
    return {"size": number, "hook": HOOK, "cards": cards, "ready_seconds": ready, **found.figures()}


def _grown(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"rows": rows, "exponent": four_digits(exponent({row["size"]: row["cpu_ms"] for row in rows}))}
