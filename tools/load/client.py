"""A load generator: whole HTTP requests at given moments over kept connections, every answer timed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: the HTTP status (0: none came) and the seconds since the request was due."""

    status: int
    seconds: float
    body: bytes = b""


@dataclass(slots=True)
class Answers:
    """All answers of a run."""

    all: list[Answered] = field(default_factory=list)
    seconds: float = 0.0

    def of(self, *statuses: int) -> list[Answered]:
        """Give the answers with one of these statuses."""
        return [one for one in self.all if one.status in statuses]

    @property
    def per_second(self) -> float:
        """Answers with status 200 in a second."""
        return len(self.of(200)) / self.seconds if self.seconds else 0.0


def percentile(answers: Sequence[Answered], share: float) -> float:
    """Give the seconds that this share of the answers took at most."""
    ordered = sorted(one.seconds for one in answers)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def request(url: str, body: bytes) -> bytes:
    """Write a hook call as bytes."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connections:
    """Kept connections to one address; a broken one is replaced."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, raw: bytes, *, keep_body: bool) -> tuple[int, bytes]:
        reader, writer = self._free.pop() if self._free else await asyncio.open_connection(*self._address)
        try:
            writer.write(raw)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            body = await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            return 0, b""
        if b"connection: close" in head:
            writer.close()
        else:
            self._free.append((reader, writer))
        return int(head[9:12]), body if keep_body else b""

    async def close(self) -> None:
        for _, writer in self._free:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def at_a_rate(
    url: str, bodies: Sequence[bytes], per_second: float, seconds: float, *, keep: bool = False
) -> Answers:
    """Send requests at an even rate, whether or not earlier ones were answered (open loop)."""
    answers, connections = Answers(), _Connections(url)
    requests = [request(url, body) for body in bodies]
    started = time.perf_counter()

    async def one(number: int, due: float) -> None:
        status, body = await connections.send(requests[number % len(requests)], keep_body=keep)
        answers.all.append(Answered(status, time.perf_counter() - due, body))

    tasks = set()
    for number in range(int(per_second * seconds)):
        due = started + number / per_second
        if (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        task = asyncio.create_task(one(number, due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.wait(tasks)
    answers.seconds = time.perf_counter() - started
    await connections.close()
    return answers


async def one_after_another(url: str, bodies: Iterable[bytes], seconds: float, *, clients: int = 1) -> Answers:
    """Let so many clients send one request after the other (closed loop): with enough of them, the capacity."""
    answers, connections = Answers(), _Connections(url)
    requests = [request(url, body) for body in bodies]
    started = time.perf_counter()

    async def client(first: int) -> None:
        number = first
        while time.perf_counter() < started + seconds:
            due = time.perf_counter()
            status, _ = await connections.send(requests[number % len(requests)], keep_body=False)
            answers.all.append(Answered(status, time.perf_counter() - due))
            number += 1

    await asyncio.gather(*(client(number) for number in range(clients)))
    answers.seconds = time.perf_counter() - started
    await connections.close()
    return answers
