"""Where the time of a call goes, by the server's own metrics."""

from __future__ import annotations

import re
from typing import Any

import httpx

from tests.benchmarks.calls import CEILING_AT, GUIDELINE, HOOKS
from tests.benchmarks.load import four_digits
from tests.benchmarks.plan import Plan, told
from tests.benchmarks.requests import telling, with_observations
from tests.benchmarks.servers import ours

_SUM = re.compile(r'^cds_stage_seconds_sum\{stage="(?P<stage>[^"]+)"\} (?P<seconds>\S+)$', re.MULTILINE)
_CALLS = re.compile(r"^cds_call_seconds_(?P<what>sum|count)\{[^}]*\} (?P<value>\S+)$", re.MULTILINE)
OUTSIDE, BETWEEN = "guard, HTTP and client", "between the stages"


def measure_stages(plan: Plan) -> dict[str, Any]:
    """Measure the mean milliseconds of each stage; the first is what the client waits beyond the call itself."""
    told("stages of a call")
    service = f"{GUIDELINE}-{HOOKS[0]}"
    with ours() as started:
        body = with_observations(telling(started.url, service), CEILING_AT)
        url = f"{started.url}/cds-services/{service}"
        plan.alone(started.server, url, body, clients=1)
        before = _told(started.url)
        found = plan.alone(started.server, url, body, clients=1)
        after = _told(started.url)
    calls = after["count"] - before["count"]
    spent = {name: 1000 * (after[name] - before.get(name, 0)) / calls for name in after if name != "count"}
    whole = spent.pop("sum")
    outside = max(0.0, 1000 / found.per_second - whole)
    stages = {OUTSIDE: outside, **spent, BETWEEN: max(0.0, whole - sum(spent.values()))}
    return {
        "service": service,
        "observations": CEILING_AT,
        "milliseconds": {name: four_digits(value) for name, value in stages.items()},
    }


def _told(url: str) -> dict[str, float]:
    text = httpx.get(f"{url}/metrics", trust_env=False).text
    stages = {found["stage"]: float(found["seconds"]) for found in _SUM.finditer(text)}
    calls = {"sum": 0.0, "count": 0.0}
    for found in _CALLS.finditer(text):
        calls[found["what"]] += float(found["value"])
    return stages | calls
