"""Delete what was recorded before a moment, a part at a time, so that calls are recorded meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from cds.decisions import store

_TOGETHER = 200


class Forgotten(NamedTuple):
    """How much was deleted."""

    decisions: int
    cards: int
    feedback: int


async def forget(engine: AsyncEngine, before: datetime) -> Forgotten:
    """Delete the decisions from before a moment with their cards, and the feedback from before it."""
    until = before.astimezone(UTC)
    oldest = select(store.decisions.c.id).where(store.decisions.c.time < until).limit(_TOGETHER)
    decisions = cards = 0
    while True:
        async with engine.begin() as connection:
            ids = (await connection.execute(oldest)).scalars().all()
            cards += (await connection.execute(delete(store.cards).where(store.cards.c.decision.in_(ids)))).rowcount
            await connection.execute(delete(store.decisions).where(store.decisions.c.id.in_(ids)))
        decisions += len(ids)
        if len(ids) < _TOGETHER:
            break
    async with engine.begin() as connection:
        feedback = (await connection.execute(delete(store.feedback).where(store.feedback.c.time < until))).rowcount
    return Forgotten(decisions, cards, feedback)
