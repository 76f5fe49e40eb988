"""What is older than a moment is deleted, and nothing else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from cds.decisions import retention, store
from cds.decisions.decision import CardServed
from cds.decisions.log import DecisionLog
from cds.hooks.feedback import FeedbackRequest
from tests.unit.decisions.test_log import decision

LIMIT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def left_after(times, *, limit=LIMIT, outcomes=()):
    """The decisions that are left of those recorded at these times, what was deleted, and the rows left by table."""

    async def run():
        engine = store.open_database("sqlite://")
        log = DecisionLog(engine)
        await log.start()
        try:
            for number, time in enumerate(times):
                card = CardServed(uuid=f"c{number}", recommendation="r", indicator="info")
                await log.record(decision(id=f"d{number}", time=time, cards=(card,)))
            for number, time in enumerate(outcomes):
                told = {"card": f"c{number}", "outcome": "overridden", "outcomeTimestamp": time.isoformat()}
                request = FeedbackRequest.model_validate({"feedback": [told]})
                await log.receive_feedback("g-order-select", request.feedback)
            gone = await retention.forget(engine, limit)
            async with engine.connect() as connection:
                ids = (await connection.execute(select(store.decisions.c.id))).scalars().all()
                rows = [
                    (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                    for table in (store.decisions, store.cards, store.feedback)
                ]
            return ids, gone, rows
        finally:
            await log.close()

    return asyncio.run(run())


def test_what_is_from_before_the_moment_goes_with_its_cards_and_the_rest_stays():
    before, after = LIMIT - timedelta(seconds=1), LIMIT + timedelta(days=1)
    ids, gone, rows = left_after([before, LIMIT, after], outcomes=[before, LIMIT])
    assert ids == ["d1", "d2"]
    assert gone == (1, 1, 1)
    assert rows == [2, 2, 1]


def test_more_than_go_together_are_all_deleted(monkeypatch):
    monkeypatch.setattr(retention, "_TOGETHER", 2)
    for number in (3, 4):
        _, gone, rows = left_after([LIMIT - timedelta(days=1)] * number)
        assert gone == (number, number, 0)
        assert rows == [0, 0, 0]


def test_with_nothing_to_delete_nothing_happens():
    assert left_after([LIMIT])[1] == (0, 0, 0)
