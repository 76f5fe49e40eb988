"""Decisions on record: many at once in few transactions, each answered for itself, none lost."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import IntegrityError, OperationalError
from structlog.testing import capture_logs

from cds.decisions import store, writer
from cds.decisions.decision import CardServed, Decision
from cds.decisions.log import DecisionLog
from cds.decisions.replay import UsedTokens
from cds.errors import Unavailable
from tests.unit.reasoning.traces import trace

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


def decision(number, *, card=None):
    cards = (CardServed(uuid=card or f"card-{number}", recommendation="r", indicator="info"),)
    return Decision(
        id=f"d{number}",
        time=NOW,
        service="g-order-select",
        hook="order-select",
        hook_instance="h1",
        guideline="g",
        version="1",
        revision="abc",
        cards=cards,
        trace=trace(),
        origins={},
        data={"resources": {}},
    )


@pytest.fixture(params=["file", "memory"])
def url(request, tmp_path):
    return f"sqlite:///{tmp_path}/records.sqlite3" if request.param == "file" else "sqlite://"


def with_log(url, use):
    async def run():
        engine = store.open_database(url)
        log = DecisionLog(engine)
        await log.start()
        try:
            return await use(log, engine)
        finally:
            await log.close()

    return asyncio.run(run())


async def counted(engine):
    async with engine.connect() as connection:
        tables = (store.decisions, store.cards)
        return [(await connection.execute(select(func.count()).select_from(table))).scalar() for table in tables]


def test_decisions_that_come_together_are_committed_together_and_all_are_there(url):
    commits = []

    async def use(log, engine):
        for each in {engine.sync_engine, log._writer._file} - {None}:
            event.listen(each, "commit", lambda _: commits.append(1))
        await asyncio.gather(*(log.record(decision(number)) for number in range(50)))
        return await counted(engine)

    assert with_log(url, use) == [50, 50]
    assert len(commits) <= 3


def test_a_token_that_is_refused_undoes_nothing_of_others(url):
    async def use(log, engine):
        tokens = UsedTokens(engine, clock=lambda: NOW)
        later = NOW + timedelta(hours=1)

        async def call(number):
            uses = [await tokens.first_use(f"token-{number}", later) for _ in range(2)]
            await log.record(decision(number))
            return uses

        uses = await asyncio.gather(*(call(number) for number in range(60)))
        return uses, await counted(engine)

    uses, there = with_log(url, use)
    assert uses == [[True, False]] * 60
    assert there == [60, 60]


def test_what_has_returned_is_committed_and_seen_by_another_process(tmp_path):
    url = f"sqlite:///{tmp_path}/records.sqlite3"

    async def use(log, _engine):
        other = store.open_database(url)
        for number in range(3):
            await log.record(decision(number))
            assert await counted(other) == [number + 1, number + 1]
        await other.dispose()

    with_log(url, use)


def test_the_log_of_the_file_is_moved_to_its_place_now_and_then_after_an_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "_ROWS_BETWEEN_CHECKPOINTS", 20)
    file = tmp_path / "records.sqlite3"

    async def use(log, engine):
        sizes = [file.stat().st_size]
        for number in range(60):
            await log.record(decision(number))
            sizes.append(file.stat().st_size)
        return sizes, await counted(engine)

    sizes, there = with_log(f"sqlite:///{file}", use)
    assert sizes[0] == sizes[9]  # each is two rows
    assert sizes[9] < sizes[40] < sizes[60]
    assert there == [60, 60]


def test_a_log_that_cannot_be_moved_stops_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "_ROWS_BETWEEN_CHECKPOINTS", 2)

    def refuse(_connection, _cursor, statement, *_):
        if "wal_checkpoint" in statement:
            asked.append(statement)
            raise OperationalError(statement, {}, Exception())

    async def use(log, engine):
        event.listen(log._writer._file, "before_cursor_execute", refuse)
        for number in range(3):
            await log.record(decision(number))
        return await counted(engine)

    asked = []
    with capture_logs() as lines:
        assert with_log(f"sqlite:///{tmp_path}/records.sqlite3", use) == [3, 3]
    assert [line["event"] for line in lines] == ["the database does not work"] * len(asked)
    assert asked


def test_a_decision_that_cannot_be_written_takes_no_other_with_it(url):
    async def use(log, engine):
        several = [decision(1), decision(2, card="card-1"), decision(3), decision(3), decision(4)]
        answers = await asyncio.gather(*(log.record(one) for one in several), return_exceptions=True)
        return [type(answer) for answer in answers], await counted(engine)

    kinds, there = with_log(url, use)
    none = type(None)
    assert kinds == [none, IntegrityError, none, IntegrityError, none]
    assert there == [3, 3]


def test_all_who_wait_for_a_database_that_is_gone_are_told_so(tmp_path):
    async def use(log, engine):
        async with engine.begin() as connection:
            await connection.run_sync(store.metadata.drop_all)
        answers = await asyncio.gather(*(log.record(decision(number)) for number in range(3)), return_exceptions=True)
        return [type(answer) for answer in answers]

    assert with_log(f"sqlite:///{tmp_path}/records.sqlite3", use) == [Unavailable] * 3


def test_a_call_that_was_given_up_while_it_waited_is_left_out_and_the_others_are_written(url):
    async def use(log, engine):
        calls = [asyncio.create_task(log.record(decision(number))) for number in range(3)]
        await asyncio.sleep(0)
        calls[1].cancel()
        for call in calls:
            with contextlib.suppress(asyncio.CancelledError):
                await call
        await log.record(decision(9))
        return await counted(engine)

    assert with_log(url, use)[0] in (3, 4)  # the transaction of the given up call may have begun


def test_more_than_fit_into_one_transaction_are_written_all_the_same(url):
    async def use(log, engine):
        await asyncio.gather(*(log.record(decision(number)) for number in range(150)))
        return await counted(engine)

    assert with_log(url, use) == [150, 150]
