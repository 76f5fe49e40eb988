"""What the benchmark is to show: each bar, what was found in this run, and whether it was met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.calls import CEILING_AT, GUIDELINE, HOOKS


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: at least or at most `wanted`; `found` is None where it was not measured."""

    name: str
    found: float | None
    wanted: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Say whether the run met it, None where it was not measured."""
        if self.found is None:
            return None
        return self.found >= self.wanted if self.at_least else self.found <= self.wanted


def bars_of(results: Mapping[str, Any]) -> list[Bar]:
    """Judge a run."""
    service = f"{GUIDELINE}-{HOOKS[0]}"
    every = [row for row in results.get("calls", ()) if row["guidelines"] > 1]
    at_ceiling = [row for row in every if row["service"] == service and row["observations"] == CEILING_AT]
    ceiling = [row for row in results.get("ceiling", ()) if row["service"] == service]
    peers = [row["peers"] for row in results.get("peers", {}).get("rows", ()) if row["observations"] == CEILING_AT]
    growth = results.get("growth", {})
    starts = results.get("starts", {})
    return [
        Bar(
            f"calls a second, of the bare service ({service}, {CEILING_AT} Observations, all guidelines)",
            _only(100 * row["ours"]["per_second"] / row["bare"]["per_second"] for row in ceiling),
            40,
            "%",
            at_least=True,
        ),
        Bar("median with one client, the same call", _only(row["one"]["median"] for row in at_ceiling), 10, "ms"),
        *(
            Bar(
                f"throughput on a core, times that of {name} (same rule and data, {CEILING_AT} Observations)",
                _only(row[OURS]["per_second"] / row[name]["per_second"] for row in peers if name in row),
                wanted,
                "times",
                at_least=True,
            )
            for name, wanted in (("HAPI", 10), ("Node", 3), ("HealthChain", 1))
        ),
        Bar("cost of 2,000 Observations, against 200", _times(growth, "observations", 2000, 200), 8, "times"),
        Bar("cost of 1,000 recommendations, against 100", _times(growth, "recommendations", 1000, 100), 8, "times"),
        Bar("memory of the worker after all calls", _most(row["many"]["megabytes"] for row in every), 300, "MB"),
        Bar("first start to ready, nothing compiled before, all guidelines", starts.get("first"), 3, "s"),
        Bar("later start to ready, all guidelines", starts.get("later"), 3, "s"),
    ]


OURS = "fhir-cds"


def _only(values: Any) -> float | None:
    return next(iter(values), None)


def _most(values: Any) -> float | None:
    return max(values, default=None)


def _times(growth: Mapping[str, Any], what: str, large: int, small: int) -> float | None:
    costs = {row["size"]: row["cpu_ms"] for row in growth.get(what, {}).get("rows", ())}
    return costs[large] / costs[small] if large in costs and small in costs else None
