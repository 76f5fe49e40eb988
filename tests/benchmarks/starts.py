"""How long a start takes until /readyz says yes, all guidelines: the first, and those that find compiled logic."""

from __future__ import annotations

import compileall
import statistics
import tempfile
from pathlib import Path
from typing import Any

import cds
from tests.benchmarks.load import four_digits
from tests.benchmarks.plan import Plan, told
from tests.benchmarks.servers import ours


def measure_starts(plan: Plan) -> dict[str, Any]:
    """Start once with an empty cache, then as often as there are rounds.

    The bytecode of the package is there before, as where pip has installed it.
    """
    told("starts")
    compileall.compile_dir(Path(cds.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as cache:
        first, *later = (_start(cache) for _ in range(1 + plan.rounds))
    return {"first": four_digits(first), "later": four_digits(statistics.median(later))}


def _start(cache: str) -> float:
    with ours(CDS_CACHE=cache) as started:
        return started.ready_seconds
