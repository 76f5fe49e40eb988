"""A soak: a long mixed load at 70 % of what the server can take, with faults of the FHIR server and a killed worker.

python -m tools.load.soak --minutes 10

Prints a table by the minute and what was found: failures of the server's own (any 5xx but the 503 of a refusal), its
memory, and whether every decision that was answered is on record. The exit status is 1 if one of these is not as it
must be.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tools.load import fhir
from tools.load.client import Answered, Connections, percentile
from tools.load.mix import Call, Mix, decision_of
from tools.load.server import Running, megabytes_of, running

WORKERS = 2
CAPACITY_CLIENTS = 4
SHARE = 0.7
_MINUTE = 60.0


@dataclass
class Soak:
    """What was seen: every answer with its kind, the decisions that were answered, memory by time."""

    answers: list[tuple[str, Answered]] = field(default_factory=list)
    decisions: set[str] = field(default_factory=set)
    feedback: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)

    def minute(self, number: int) -> list[tuple[str, Answered]]:
        """Give the answers to the calls of a minute."""
        return [one for one in self.answers if number * _MINUTE <= one[1].due < (number + 1) * _MINUTE]

    @property
    def failures(self) -> Counter[int]:
        """Count answers that are failures of the server's own, by status."""
        return Counter(one.status for _, one in self.answers if one.status >= 500 and one.status != 503)

    @property
    def unexpected(self) -> Counter[tuple[str, int]]:
        """Count refusals that the request did not earn: a kind of call and the status."""
        return Counter((kind, one.status) for kind, one in self.answers if one.status not in _ALLOWED[kind])


# 412: the data could not be had; 503: no turn, or no end in time; 0: the connection ended with the worker.
_ALLOWED = {
    "hook": {200, 503, 0},
    "read": {200, 412, 503, 0},
    "fault": {200, 412, 503, 0},
    "apply": {200, 503, 0},
    "feedback": {200, 503, 0},
}


async def capacity(mix: Mix, url: str, seconds: float) -> float:
    """Measure calls answered in a second when a few clients send one after the other."""
    connections, calls, answered = Connections(url), iter(mix), 0
    end = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal answered
        while time.perf_counter() < end:
            call = next(calls)
            status, body = await connections.send(call.raw)
            answered += status == 200
            mix.note(call, body)

    await asyncio.gather(*(client() for _ in range(CAPACITY_CLIENTS)))
    connections.close()
    return answered / seconds


async def soak(mix: Mix, server: Running, per_second: float, seconds: float) -> Soak:
    """Send calls at an even rate; in the middle, kill a worker."""
    seen, connections, calls = Soak(), Connections(server.url), iter(mix)
    started = time.perf_counter()

    async def one(call: Call, due: float) -> None:
        status, body = await connections.send(call.raw)
        seen.answers.append((call.kind, Answered(status, time.perf_counter() - due, due - started)))
        if status != 200:
            return
        if call.kind == "feedback":
            seen.feedback += 1
        elif (decision := decision_of(body)) is not None:
            seen.decisions.add(decision)
            mix.note(call, body)

    async def watch() -> None:
        killed = False
        while True:
            now = time.perf_counter() - started
            seen.memory.append((now, sum(map(megabytes_of, server.workers))))
            if now > seconds / 2 and not killed:
                os.kill(server.workers[0], signal.SIGKILL)
                killed = True
            await asyncio.sleep(1)

    watching = asyncio.create_task(watch())
    tasks: set[asyncio.Task[None]] = set()
    for number in range(int(per_second * seconds)):
        due = started + number / per_second
        if (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        task = asyncio.create_task(one(next(calls), due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.wait(tasks)
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    connections.close()
    return seen


def table(seen: Soak, seconds: float) -> list[str]:
    """Write the minutes as a Markdown table."""
    lines = [
        "| minute | calls | 200 | 412 | 503 | none | median ms | p99 ms | memory MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for number in range(max(1, int(seconds // _MINUTE))):
        answers = [one for _, one in seen.minute(number)]
        count = Counter(one.status for one in answers)
        good = [one for one in answers if one.status == 200]
        memory = [megabytes for at, megabytes in seen.memory if number * _MINUTE <= at < (number + 1) * _MINUTE]
        lines.append(
            f"| {number + 1} | {len(answers)} | {count[200]} | {count[412]} | {count[503]} | {count[0]} "
            f"| {1000 * percentile(good, 0.5):.0f} | {1000 * percentile(good, 0.99):.0f} "
            f"| {memory[-1] if memory else 0:.0f} |"
        )
    return lines


def recorded(database: Path) -> tuple[set[str], int]:
    """Read the ids of the decisions, and how many cards have feedback."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        decisions = {str(row[0]) for row in connection.execute("SELECT id FROM decision")}
        return decisions, int(connection.execute("SELECT count(*) FROM feedback").fetchone()[0])


def main() -> None:
    """Run the soak and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--capacity-seconds", type=float, default=20)
    chosen = parser.parse_args()
    seconds = _MINUTE * chosen.minutes
    with tempfile.TemporaryDirectory() as folder, fhir.serving() as address:
        database = Path(folder) / "cds.sqlite3"
        bases = ",".join(f"{address}/{mood}/fhir" for mood in (*fhir.HEALTHY, *fhir.FAULTY))
        with running(database, workers=WORKERS, CDS_FHIR_SERVERS=bases) as server:
            mix = Mix(server.url, address)
            asyncio.run(capacity(mix, server.url, chosen.capacity_seconds / 2))  # warm
            most = asyncio.run(capacity(mix, server.url, chosen.capacity_seconds))
            before, feedback_before = recorded(database)
            print(
                f"{WORKERS} workers answer {most:.0f} calls a second; {SHARE:.0%} of that for {chosen.minutes:g} min",
                flush=True,
            )
            mix.with_faults = True
            seen = asyncio.run(soak(mix, server, SHARE * most, seconds))
            kept, feedback = recorded(database)
    print(*table(seen, seconds), sep="\n")
    print(report(seen, kept - before, feedback - feedback_before, seconds))
    sys.exit(1 if seen.failures or seen.unexpected or seen.decisions - kept else 0)


def report(seen: Soak, kept: set[str], feedback: int, seconds: float) -> str:
    """Say in a few lines whether the server failed, lost a decision or grew."""
    first = [megabytes for at, megabytes in seen.memory if at <= min(_MINUTE, seconds / 2)][-1]
    last = seen.memory[-1][1]
    kinds = Counter(kind for kind, _ in seen.answers)
    lost, unanswered = seen.decisions - kept, kept - seen.decisions
    return f"""calls: {", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))}
failures of our own (5xx but 503): {sum(seen.failures.values())} {dict(seen.failures) or ""}
answers that the call does not allow: {dict(seen.unexpected) or 0}
decisions answered: {len(seen.decisions)}, not recorded: {len(lost)}; recorded and not answered: {len(unanswered)}
feedback answered: {seen.feedback}, recorded: {feedback}
memory of the workers in MB: {seen.memory[0][1]:.0f} at first, {first:.0f} after a minute, {last:.0f} at last"""


if __name__ == "__main__":
    main()
