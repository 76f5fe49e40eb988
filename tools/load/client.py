"""A load generator: whole HTTP requests at given moments over kept connections, every answer timed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: the HTTP status (0: none came), the seconds since the request was due, and when it was due."""

    status: int
    seconds: float
    due: float


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


class _Connection(asyncio.Protocol):
    """One kept connection with one request on it at most; streams would cost as much as the server's refusal."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._body_from = self._ends = 0
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self.is_open = transport, True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature of asyncio
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((0, b""))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._ends and (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            self._body_from = end + 4
            self._ends = end + 4 + int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if self._ends and len(self._received) >= self._ends and self._answer is not None:
            self._answer.set_result((int(self._received[9:12]), self._received[self._body_from : self._ends]))

    def send(self, raw: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; its answer is the status (0: none came) and the body."""
        assert self._transport is not None
        self._received, self._ends = b"", 0
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(raw)
        return self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Connections:
    """Kept connections to one address; a broken one is replaced."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._free: list[_Connection] = []

    async def send(self, raw: bytes) -> tuple[int, bytes]:
        """Send a request; give the status of the answer (0: none came) and its body."""
        while self._free:
            connection = self._free.pop()
            if connection.is_open:
                break
        else:
            try:
                _, connection = await asyncio.get_running_loop().create_connection(_Connection, *self._address)
            except OSError:
                return 0, b""
        answer = await connection.send(raw)
        self._free.append(connection)
        return answer

    def close(self) -> None:
        """Close all of them."""
        for connection in self._free:
            connection.close()


async def at_a_rate(url: str, bodies: Sequence[bytes], per_second: float, seconds: float) -> Answers:
    """Send requests at an even rate, whether or not earlier ones were answered (open loop)."""
    answers, connections = Answers(), Connections(url)
    requests = [request(url, body) for body in bodies]
    started = time.perf_counter()

    async def one(number: int, due: float) -> None:
        status, _ = await connections.send(requests[number % len(requests)])
        answers.all.append(Answered(status, time.perf_counter() - due, due - started))

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
    connections.close()
    return answers


async def one_after_another(url: str, bodies: Iterable[bytes], seconds: float, *, clients: int = 1) -> Answers:
    """Let so many clients send one request after the other (closed loop): with enough of them, the capacity."""
    answers, connections = Answers(), Connections(url)
    requests = [request(url, body) for body in bodies]
    started = time.perf_counter()

    async def client(first: int) -> None:
        number = first
        while time.perf_counter() < started + seconds:
            due = time.perf_counter()
            status, _ = await connections.send(requests[number % len(requests)])
            answers.all.append(Answered(status, time.perf_counter() - due, due - started))
            number += 1

    await asyncio.gather(*(client(number) for number in range(clients)))
    answers.seconds = time.perf_counter() - started
    connections.close()
    return answers
