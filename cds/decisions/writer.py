"""Put decisions on record: those that come while a transaction is under way go together into the next.

Each is answered for itself, after its own commit: what was answered is on record, also if the process is killed then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, insert
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from cds.decisions import store
from cds.decisions.decision import Decision
from cds.errors import Unavailable

_TOGETHER = 64
_ROWS_BETWEEN_CHECKPOINTS = 256  # some thousand pages of SQLite's write-ahead log, as many as without us

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    decision: Mapping[str, Any]
    cards: Sequence[Mapping[str, Any]]
    written: asyncio.Future[None]


class DecisionWriter:
    """The one who writes decisions of this process.

    A file of SQLite is written by a thread with a connection of its own: the driver for asyncio changes threads for
    every step of a transaction, which costs more than the writing. What is in the file's write-ahead log is moved to
    its place when those who wait were answered: SQLite would do it within one of the commits, and wait for the disk.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._file = store.open_file(engine.url)
        self._thread = ThreadPoolExecutor(1, "decisions") if self._file is not None else None
        self._connection: Connection | None = None
        self._rows = 0
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def write(self, decision: Decision) -> None:
        """Write a decision with its cards and return when both are committed; raise `Unavailable` when they cannot be.

        Who is cancelled while waiting was not answered: then it is left out if its transaction has not begun.
        """
        rows = _decision_row(decision), list(_card_rows(decision))
        waiting = _Waiting(*rows, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._work is None:
            self._work = asyncio.create_task(self._write_all())
        await waiting.written

    async def close(self) -> None:
        """Let go of the file."""
        if self._file is not None and self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close_file, self._file)
            self._thread.shutdown()

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
                await self._write([one for one in batch if not one.written.done()])
                if self._thread is not None and self._rows >= _ROWS_BETWEEN_CHECKPOINTS:
                    self._rows = 0
                    await asyncio.get_running_loop().run_in_executor(self._thread, self._checkpoint)
        finally:
            self._work = None

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        """Write a batch in one transaction; where that fails for a decision's own sake, each in its own."""
        fault: Exception | None = None
        try:
            if batch:
                await self._commit(batch)
        except Exception as error:  # noqa: BLE001 - handed to those who wait, who would wait for ever
            fault = error
        if fault is not None and len(batch) > 1 and not isinstance(fault, Unavailable):
            for one in batch:
                await self._write([one])
            return
        for one in batch:
            if one.written.done():
                continue
            if fault is None:
                one.written.set_result(None)
            else:
                one.written.set_exception(fault)

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        with reachable():
            if self._thread is not None:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._commit_to_file, batch)
                return
            async with self._engine.begin() as connection:
                await connection.run_sync(_insert, batch)

    def _commit_to_file(self, batch: Sequence[_Waiting]) -> None:
        """Write with the thread's one connection; after a failure with a new one."""
        assert self._file is not None
        if self._connection is None:
            self._connection = self._file.connect()
            self._connection.exec_driver_sql("PRAGMA wal_autocheckpoint=0")
            self._connection.rollback()
        try:
            with self._connection.begin():
                _insert(self._connection, batch)
        except BaseException:
            self._connection.close()
            self._connection = None
            raise
        self._rows += sum(1 + len(one.cards) for one in batch)

    def _checkpoint(self) -> None:
        """Move what can be moved without waiting for readers; what cannot be is moved the next time."""
        if self._connection is None:
            return
        try:
            with self._connection.begin():
                self._connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        except DatabaseError as error:  # the next transaction will say so to those who wait for it
            _log.error("the database does not work", error=type(error).__name__)

    def _close_file(self, file: Engine) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        file.dispose()


@contextmanager
def reachable() -> Iterator[None]:
    """Turn a database that does not work into `Unavailable`."""
    try:
        yield
    except (OperationalError, InterfaceError, OSError) as error:
        _log.error("the database does not work", error=type(error).__name__)
        msg = "the server's records cannot be reached now: try again"
        raise Unavailable(msg) from None


_INSERT_DECISIONS, _INSERT_CARDS = insert(store.decisions), insert(store.cards)


def _insert(connection: Connection, batch: Sequence[_Waiting]) -> None:
    connection.execute(_INSERT_DECISIONS, [one.decision for one in batch])
    cards = [card for one in batch for card in one.cards]
    if cards:
        connection.execute(_INSERT_CARDS, cards)


def _decision_row(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.id,
        "time": decision.time.astimezone(UTC),
        "service": decision.service,
        "client": decision.client or "",
        "guideline": decision.guideline,
        "record": decision.to_json(),
    }


def _card_rows(decision: Decision) -> Iterator[dict[str, Any]]:
    time = decision.time.astimezone(UTC)
    for card in decision.cards:
        yield {
            "uuid": card.uuid,
            "decision": decision.id,
            "service": decision.service,
            "client": decision.client or "",
            "guideline": decision.guideline,
            "time": time,
            "recommendation": card.recommendation,
            "indicator": card.indicator,
        }
