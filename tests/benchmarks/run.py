"""The benchmark: `python -m tests.benchmarks.run` measures, writes docs/benchmark.json and the report made from it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.calls import measure_calls, measure_ceiling
from tests.benchmarks.failures import FAILURES, reason
from tests.benchmarks.growth import measure_growth
from tests.benchmarks.machine import machine, versions
from tests.benchmarks.peers.measure import measure_peers
from tests.benchmarks.plan import FULL, QUICK, Plan, seconds_so_far, told
from tests.benchmarks.report import DOCS, write_report
from tests.benchmarks.stages import measure_stages
from tests.benchmarks.starts import measure_starts

PARTS: dict[str, Callable[[Plan], Any]] = {
    "starts": measure_starts,
    "calls": measure_calls,
    "ceiling": measure_ceiling,
    "stages": measure_stages,
    "growth": measure_growth,
    "peers": measure_peers,
}


def main() -> None:
    """Measure all parts, or those that are asked for, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few sizes, one short round: to see that all works")
    parser.add_argument("--into", type=Path, default=DOCS, help="the folder of the report; default: docs")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part; keep the others of the file")
    chosen = parser.parse_args()
    file = chosen.into / "benchmark.json"
    results = json.loads(file.read_text()) if chosen.only and file.is_file() else {}
    results |= {
        "date": datetime.now(UTC).date().isoformat(),
        "quick": chosen.quick,
        "machine": machine(),
        "versions": versions(),
    }
    failed = results.get("failed", {})
    for name in chosen.only or PARTS:
        results.pop(name, None)
        failed.pop(name, None)
        try:
            results[name] = PARTS[name](QUICK if chosen.quick else FULL)
        except FAILURES as error:
            failed[name] = reason(error)
            told(f"{name}: {error}")
    again = sorted({*results.get("again", ()), *(chosen.only or ())})
    results |= {"failed": failed, "again": again, "seconds": results.get("seconds", 0) + seconds_so_far()}
    chosen.into.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    write_report(results, chosen.into)
    told(f"wrote {chosen.into / 'benchmark.md'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
