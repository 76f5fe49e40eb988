"""Time this engine beside the reference engines and write docs/engine-benchmark.md.

    python -m tests.benchmarks.engine.run [--seconds 0.7] [--rounds 3] [--no-write]

One run, one thread each, warm: of all rounds, the lowest median of each figure, in processor time, so that a machine
with other work to do measures the same. Python engines get parsed JSON, as
the server has it; Node engines likewise. Building the index over the patient's resources counts, compiling the
expression does not.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cds.authoring.sources import read_cql_file
from cds.authoring.translator import installed_packages, run_node, translate
from cds.engine import Engine
from cds.engine.fhirpath import fhirpath
from tests.benchmarks.engine.bench_data import EGFR, LOINC, VALUE_SETS, observations, patient
from tools.oracles.differential import CodesOf
from tools.oracles.maven import official_fhir_helpers

SIZES = (20, 200, 2000)
REPOSITORY = Path(__file__).resolve().parents[3]
PAGE = REPOSITORY / "docs" / "engine-benchmark.md"
ORACLES = REPOSITORY / "tools" / "oracles"
FINAL = "status in ('final' | 'amended' | 'corrected')"
ABOUT = f"%observations.where(code.coding.exists(system = '{LOINC}' and code = '{EGFR}') and ({FINAL}))"
RECENT = ".where(effective.ofType(dateTime) >= today() - 90 days)"
CONDITION = f"{ABOUT}{RECENT}.sort(effective.ofType(dateTime) desc).first().value.ofType(Quantity).value < 30"
CONDITION_WITHOUT_SORT = f"{ABOUT}{RECENT}.exists(value.ofType(Quantity).value < 30)"

PAGE_TEXT = """# Engine benchmark

Microseconds of processor time per evaluation, one run, one thread, warm, the lowest median of all rounds; written by
`make bench-engine`. {machine}.

## CQL: nine definitions, from the patient's resources to the alert

{cql}

Observations of about 1.3 KB; the index over the resources is built anew each time. The library is
`tests/benchmarks/engine/EgfrNine.cql`; both engines run the same ELM.

## FHIRPath: is the newest eGFR of the last 90 days below 30?

{fhirpath}

`{condition}`
"""

Row = dict[int, float]
EXPLAINING = "this engine, explaining"
COLLECTING = "this engine, explaining, what all definitions rest on collected"


def medians(works: Mapping[str, Callable[[], Any]], seconds: float) -> dict[str, float]:
    """Give the median of repeated runs of each, in microseconds, grouped so that a sample takes at least a millisecond.

    The samples take turns, so that what else the machine does falls on all alike.
    """
    inner = {}
    for name, work in works.items():
        for _ in range(3):
            work()
        start = time.process_time()
        work()
        inner[name] = max(1, int(0.001 / max(time.process_time() - start, 1e-7)))
    samples: dict[str, list[float]] = {name: [] for name in works}
    end = time.perf_counter() + seconds * len(works)
    while (taken := len(samples[next(iter(works))])) < 3 or (time.perf_counter() < end and taken < 2000):
        for name, work in works.items():
            start = time.process_time()
            for _ in range(inner[name]):
                work()
            samples[name].append((time.process_time() - start) / inner[name])
    return {name: statistics.median(found) * 1e6 for name, found in samples.items()}


def median_microseconds(work: Callable[[], Any], seconds: float) -> float:
    """Give the median of repeated runs of one thing."""
    return medians({"": work}, seconds)[""]


def hand_written(results: list[dict[str, Any]], today: date) -> bool | None:
    """Decide the condition as one would write it by hand: one loop, no engine."""
    limit = today - timedelta(days=90)
    newest_when, newest = None, None
    for result in results:
        if result["status"] not in ("final", "amended", "corrected"):
            continue
        if not any(c.get("system") == LOINC and c.get("code") == EGFR for c in result["code"]["coding"]):
            continue
        text = result.get("effectiveDateTime")
        if text is None:
            continue
        when = datetime.fromisoformat(text)
        if when.date() >= limit and (newest_when is None or when > newest_when):
            newest_when, newest = when, result
    if newest is None:
        return None
    value: float = newest["valueQuantity"]["value"]
    return value < 30


def expect(name: str, found: object, wanted: object) -> None:
    """Stop when an engine decides the benchmark's patient differently: times of unequal answers say nothing."""
    if found != wanted:
        sys.exit(f"{name} answers {found!r}, not {wanted!r}")


def time_cql(elm: list[dict[str, Any]], now: datetime, seconds: float) -> dict[str, Row]:
    """Time all nine definitions in this engine, the index over the resources included.

    Explaining notes what each definition reads; then what all nine rest on is collected as well, values included.
    """
    ours = [document for document in elm if document["library"]["identifier"]["id"] == "EgfrNine"]
    engine = Engine(ours, value_sets=CodesOf(VALUE_SETS))
    names = [definition.name for definition in engine.definitions("EgfrNine")]
    rows: dict[str, Row] = {"this engine": {}, EXPLAINING: {}, COLLECTING: {}}
    for size in SIZES:
        resources = patient(size, now)

        def work(
            *, resources: list[dict[str, Any]] = resources, explain: bool = False, collect: bool = False
        ) -> tuple[Any, Any]:
            session = engine.session(resources, now=now, explain=explain)
            value = [session.evaluate("EgfrNine", name) for name in names][-1]
            return value, session.explanation() if collect else None

        value, explanation = work(explain=True, collect=True)
        expect("this engine", value, wanted=True)
        expect("the evidence of the alert", len(explanation.evidence("EgfrNine", names[-1])) >= 9, wanted=True)
        works = {
            "this engine": work,
            EXPLAINING: partial(work, explain=True),
            COLLECTING: partial(work, explain=True, collect=True),
        }
        for name, time_ in medians(works, seconds).items():
            rows[name][size] = time_
    return rows


def time_fhirpath(expression: str, now: datetime, seconds: float) -> Row:
    """Time the condition in this engine."""
    compiled = fhirpath(expression)
    focus = {"resourceType": "Patient", "id": "p1"}
    row = {}
    for size in SIZES:
        variables = {"observations": observations(size, now)}

        def work(variables: dict[str, Any] = variables) -> Any:
            return compiled.evaluate(focus, variables, now=now)

        expect("this engine", work(), [True])
        row[size] = median_microseconds(work, seconds)
    return row


def time_hand_written(now: datetime, seconds: float) -> Row:
    """Time the loop."""
    row = {}
    for size in SIZES:
        results = observations(size, now)
        expect("the loop", hand_written(results, now.date()), wanted=True)
        row[size] = median_microseconds(lambda results=results: hand_written(results, now.date()), seconds)
    return row


def time_fhirpathpy(now: datetime, seconds: float) -> Row | None:
    """Time fhirpathpy, which has no sort; None where it is not installed."""
    try:
        import fhirpathpy
        from fhirpathpy.models import models
    except ImportError:
        return None
    compiled = fhirpathpy.compile(CONDITION_WITHOUT_SORT, models["r4"])
    focus = {"resourceType": "Patient", "id": "p1"}
    row = {}
    for size in SIZES:
        results = observations(size, now)
        expect("fhirpathpy", compiled(focus, {"observations": results}), [True])
        row[size] = median_microseconds(lambda results=results: compiled(focus, {"observations": results}), seconds)
    return row


def time_node(engine: str, expression: str, elm: list[dict[str, Any]], now: datetime, seconds: float) -> Row:
    """Time a reference engine in Node."""
    job = {
        "engine": engine,
        "seconds": seconds,
        "elm": elm,
        "library": "EgfrNine",
        "valueSets": VALUE_SETS,
        "expression": expression,
        "sizes": {str(size): patient(size, now) for size in SIZES},
    }
    rows = json.loads(run_node(installed_packages(ORACLES), "benchmark.mjs", json.dumps(job)))
    for row in rows.values():
        expect(engine, row["result"], True if engine == "cql-execution" else [True])
    return {int(size): row["microseconds"] for size, row in rows.items()}


def table(rows: dict[str, Row]) -> str:
    """Write one table: microseconds, evaluations a second at 200, growth, and the factor against this engine."""
    lines = ["| | 20 | 200 | 2,000 | per second at 200 | 2,000 against 200 |", "| --- | --- | --- | --- | --- | --- |"]
    for name, row in rows.items():
        cells = " | ".join(f"{row[size]:,.1f}" if row[size] < 1000 else f"{row[size]:,.0f}" for size in SIZES)
        lines.append(f"| {name} | {cells} | {1e6 / row[200]:,.0f} | {row[2000] / row[200]:.1f} times |")
    lines.append("")
    ours = rows["this engine"][200]
    for name, row in rows.items():
        if name != "this engine":
            ratio = row[200] / ours
            relation = f"{ratio:,.1f} times the time" if ratio >= 1 else f"1/{1 / ratio:.1f} of the time"
            lines.append(f"- At 200 Observations {name} takes {relation} of this engine.")
    if COLLECTING in rows:
        more = ", ".join(f"{rows[COLLECTING][size] / rows['this engine'][size] - 1:.0%} at {size:,}" for size in SIZES)
        lines.append(f"- Explaining and collecting for all nine definitions costs {more} Observations.")
    return "\n".join(lines)


def measure(elm: list[dict[str, Any]], now: datetime, seconds: float) -> tuple[dict[str, Row], dict[str, Row]]:
    """Take one round of all figures: CQL, then FHIRPath."""
    cql_rows = {
        **time_cql(elm, now, seconds),
        "cql-execution 3.3.2 in Node": time_node("cql-execution", "Alert", elm, now, seconds),
    }
    path_rows = {
        "this engine": time_fhirpath(CONDITION, now, seconds),
        "a hand-written Python loop": time_hand_written(now, seconds),
        "fhirpath.js 5.2.0 in Node": time_node("fhirpath.js", CONDITION, [], now, seconds),
    }
    if (row := time_fhirpathpy(now, seconds)) is not None:
        path_rows["fhirpathpy, with `exists` for its missing `sort`"] = row
    return cql_rows, path_rows


def best(rounds: list[dict[str, Row]]) -> dict[str, Row]:
    """Keep the lowest median of each figure: what else the machine did in the other rounds is not the engine's."""
    return {name: {size: min(rows[name][size] for rows in rounds) for size in SIZES} for name in rounds[0]}


def main() -> None:
    """Measure everything, print it and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.7, help="time for each figure in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-write", action="store_true", help="do not write docs/engine-benchmark.md")
    arguments = parser.parse_args()
    now = datetime.now(UTC)
    source = read_cql_file(Path(__file__).with_name("EgfrNine.cql")).text
    sources = {"EgfrNine": source, "FHIRHelpers": official_fhir_helpers()}
    elm = [found.elm for found in translate(sources, sources=sources, annotations=False) if found.elm]
    gc.collect()
    gc.freeze()
    rounds = [measure(elm, now, arguments.seconds) for _ in range(arguments.rounds)]
    page = PAGE_TEXT.format(
        machine=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        cql=table(best([cql for cql, _ in rounds])),
        fhirpath=table(best([path for _, path in rounds])),
        condition=CONDITION,
    )
    sys.stdout.write(page)
    if not arguments.no_write:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
