"""The report: docs/benchmark.md and its charts, made from the figures of one run and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from tests.benchmarks import charts
from tests.benchmarks.bars import OURS, bars_of
from tests.benchmarks.charts import number_text
from tests.benchmarks.plan import MANY

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAME = "benchmark"
_MET = {True: "met", False: "**not met**", None: "not measured"}


def write_report(results: Mapping[str, Any], into: Path) -> None:
    """Write the page and the charts of the parts that were measured."""
    for name, drawn in _charts(results).items():
        (into / f"{NAME}-{name}.svg").write_text(drawn, encoding="utf-8")
    (into / f"{NAME}.md").write_text(page(results), encoding="utf-8")


def page(results: Mapping[str, Any]) -> str:
    """Write the page."""
    sections = [
        _head(results),
        _bars(results),
        *(write(results[part]) for part, write in _SECTIONS.items() if part in results),
        *(f"Not measured: {part} ({why})." for part, why in results.get("failed", {}).items()),
        _method(results),
    ]
    return "\n\n".join(_folded(part) for section in sections for part in section.split("\n\n")) + "\n"


def _folded(part: str) -> str:
    """Fold a paragraph; tables and headings stay on their lines."""
    return part if part.startswith(("|", "#")) else fill(part, 120, break_long_words=False, break_on_hyphens=False)


def _head(results: Mapping[str, Any]) -> str:
    quick = "A quick look with few sizes and one short round: not the benchmark"
    kind = quick if results["quick"] else "One run"
    if results.get("again"):
        kind += f" ({', '.join(results['again'])} measured again by themselves)"
    machine = ", ".join(f"{name} {said}" for name, said in results["machine"].items())
    return (
        f"# Benchmark\n\n{kind}, {results['date']}, {results['seconds']} seconds, written by `make bench` from "
        f"[its figures]({NAME}.json).\n\nMachine: {machine}."
    )


def _bars(results: Mapping[str, Any]) -> str:
    rows = [
        (
            bar.name,
            f"at {'least' if bar.at_least else 'most'} {number_text(bar.wanted)} {bar.unit}",
            "" if bar.found is None else f"{number_text(bar.found)} {bar.unit}",
            _MET[bar.met],
        )
        for bar in bars_of(results)
    ]
    return "## What was wanted, and found\n\n" + table(("", "wanted", "found", ""), rows)


def _calls(rows: list[Mapping[str, Any]]) -> str:
    lines = [
        (
            row["service"],
            row["guidelines"],
            f"{row['observations']:,}",
            f"{row['kilobytes']:,}",
            row["cards"],
            *(number_text(row["one"][name]) for name in ("median", "p95", "p99")),
            number_text(row["many"]["per_second"]),
            number_text(row["many"]["cpu_ms"]),
            number_text(row["many"]["megabytes"]),
        )
        for row in rows
    ]
    names = (
        *("service", "guidelines loaded", "Observations", "body kB", "cards", "median ms", "p95 ms", "p99 ms"),
        *("calls/s", "CPU ms/call", "memory MB"),
    )
    return (
        "## Hook calls end to end\n\nOne worker. Latencies with one client, calls a second and processor time with "
        f"{MANY}.\n\n{table(names, lines)}"
    )


def _ceiling(rows: list[Mapping[str, Any]]) -> str:
    lines = [
        (
            row["service"],
            row["observations"],
            row["kilobytes"],
            number_text(row["ours"]["per_second"]),
            number_text(row["bare"]["per_second"]),
            f"{_share(row):.0f} %",
        )
        for row in rows
    ]
    names = ("service", "Observations", "body kB", "calls/s", "bare calls/s", "share")
    return (
        "## Beside the ceiling\n\nThe bare service is FastAPI on uvicorn with uvloop and httptools, parses the same "
        "body with orjson and gives back the same bytes, which it has ready. Both have the garbage collector set "
        f"alike. All guidelines loaded, {MANY} clients, in turns.\n\n{table(names, lines)}\n\n"
        f"{_picture('ceiling', 'Share')}"
    )


def _stages(found: Mapping[str, Any]) -> str:
    return (
        f"## Stages of a call\n\n{found['service']}, {found['observations']} Observations, one client, mean "
        f"milliseconds, from `/metrics`.\n\n{_picture('stages', 'Milliseconds by stage')}\n\n"
        "`make bench-flame` draws a flame graph of the same call."
    )


def _growth(found: Mapping[str, Any]) -> str:
    parts = ["## Growth"]
    for what in ("observations", "recommendations"):
        rows = found[what]["rows"]
        lines = [
            (f"{row['size']:,}", number_text(row["cpu_ms"]), number_text(row["median"]), number_text(row["p99"]))
            for row in rows
        ]
        names = (what.capitalize(), "CPU ms/call", "median ms", "p99 ms")
        power = f"cost grows as {what} to the power {found[what]['exponent']:.2f}"
        parts += [f"### {what.capitalize()}: {power}", table(names, lines)]
    parts += [_picture("growth", "Processor time of a call by size"), "### Clients at a time"]
    lines = [
        (row["size"], *(number_text(row[name]) for name in ("per_second", "median", "p99")), row["failed"])
        for row in found["clients"]["rows"]
    ]
    parts += [table(("clients", "calls/s", "median ms", "p99 ms", "not answered"), lines)]
    parts += [_picture("clients", "Calls a second and p99 by clients")]
    return "\n\n".join(parts)


def _peers(found: Mapping[str, Any]) -> str:
    names = [peer["name"] for peer in found["peers"] if "failed" not in peer]
    who = [
        (peer["name"], f"not measured ({peer['failed']})", "", "")
        if "failed" in peer
        else (peer["name"], peer["what"], number_text(peer["ready_seconds"]), "; ".join(peer["answers"]))
        for peer in found["peers"]
    ]
    lines = []
    for row in found["rows"]:
        ours = row["peers"][OURS]["per_second"]
        for name in names:
            load = row["peers"][name]
            lines.append(
                (
                    f"{row['observations']:,}",
                    name,
                    *(number_text(load[figure]) for figure in ("per_second", "median", "p99", "cpu_ms", "megabytes")),
                    f"{number_text(ours / load['per_second'])} times",
                )
            )
    heads = ("Observations", "", "calls/s", "median ms", "p99 ms", "CPU ms/call", "memory MB", "ours does")
    return (
        "## Beside peers\n\nOne rule, one card: lenalidomide is drafted and the latest eGFR is below 30. The same data "
        "for all, one result in twenty an eGFR; ours, HAPI and Node run the same CQL. Each server has one core and two "
        "clients, is warmed up, and is timed only after it has given the right answer for an eGFR that is too low, one "
        "that is not, and no draft. All but HAPI hold nothing beside the rule; HAPI reads it from its database, as its "
        "starter project does.\n\n"
        f"{table(('', 'what', 'ready s', 'low; normal; no draft'), who)}\n\n{table(heads, lines)}\n\n"
        f"{_picture('peers', 'Calls a second by server')}"
    )


_SECTIONS = {"calls": _calls, "ceiling": _ceiling, "stages": _stages, "growth": _growth, "peers": _peers}


def _method(results: Mapping[str, Any]) -> str:
    versions = [*results["versions"].items()]
    return (
        "## Method\n\n`make bench` installs what it needs and measures all this in one run, on loopback, the server "
        "on one core and the load generator on another. Servers that are compared run at the same time and are "
        "measured in turns; of the rounds the median by calls a second is shown. Processor time and memory are those "
        "of the server's process, as Linux counts them. A call may wait for its turn as long as it must, so that none "
        "is refused for the load. When a start is timed, the package's bytecode is there, as where pip installed it. "
        "`python -m tests.benchmarks.run --quick` looks at everything in short. The programs "
        f"are in `tests/benchmarks`.\n\n{table(('', 'version'), versions)}"
    )


def _charts(results: Mapping[str, Any]) -> dict[str, str]:
    drawn = {}
    if rows := results.get("ceiling"):
        shares = {row["service"]: _share(row) for row in rows}
        drawn["ceiling"] = charts.bars("Calls a second, of those of the bare service", shares, unit="%", mark=40)
    if found := results.get("stages"):
        drawn["stages"] = charts.bars("Milliseconds of a call, by stage", found["milliseconds"], unit="ms")
    if found := results.get("growth"):
        costs = {name: _points(found[name]["rows"], "cpu_ms") for name in ("observations", "recommendations")}
        drawn["growth"] = charts.lines("Processor time of a call", costs, across="how many", unit="ms")
        clients = found["clients"]["rows"]
        of_clients = {"calls/s": _points(clients, "per_second"), "p99, ms": _points(clients, "p99")}
        drawn["clients"] = charts.lines("Load by clients", of_clients, across="clients at a time", unit="")
    if found := results.get("peers"):
        row = found["rows"][min(1, len(found["rows"]) - 1)]
        rates = {name: load["per_second"] for name, load in row["peers"].items()}
        title = f"Calls a second on one core, {row['observations']} Observations"
        drawn["peers"] = charts.bars(title, rates, unit="calls/s", log=True, ours=OURS)
    return drawn


def _points(rows: Iterable[Mapping[str, Any]], figure: str) -> dict[int, float]:
    return {row["size"]: row[figure] for row in rows}


def _share(row: Mapping[str, Any]) -> float:
    share: float = 100 * row["ours"]["per_second"] / row["bare"]["per_second"]
    return share


def _picture(name: str, text: str) -> str:
    return f"![{text}]({NAME}-{name}.svg)"


def table(names: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Write a Markdown table."""
    heads = list(names)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
