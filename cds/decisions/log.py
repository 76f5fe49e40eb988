"""Write decisions and feedback, and read them back."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from cds.decisions import store
from cds.decisions.decision import Decision
from cds.decisions.mask import erase_values
from cds.hooks.feedback import Feedback


class DecisionLog:
    """The decision and feedback tables of one database.

    `keep_values` keeps patient values in the record; by default they are erased before anything is written.
    """

    def __init__(self, engine: AsyncEngine, *, keep_values: bool = False) -> None:
        self._engine = engine
        self._keep_values = keep_values

    async def start(self) -> None:
        """Create the tables that do not exist yet."""
        async with self._engine.begin() as connection:
            await connection.run_sync(store.metadata.create_all)

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def is_ready(self) -> bool:
        """Say whether the database answers."""
        async with self._engine.connect() as connection:
            return (await connection.execute(text("select 1"))).scalar() == 1

    async def record(self, decision: Decision) -> None:
        """Write one decision with its cards, in one transaction."""
        kept = decision if self._keep_values else erase_values(decision)
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(store.decisions).values(
                    id=kept.id,
                    time=kept.time.astimezone(UTC),
                    service=kept.service,
                    guideline=kept.guideline,
                    record=kept.to_json(),
                )
            )
            if kept.cards:
                await connection.execute(
                    insert(store.cards),
                    [
                        {
                            "uuid": card.uuid,
                            "decision": kept.id,
                            "service": kept.service,
                            "recommendation": card.recommendation,
                            "indicator": card.indicator,
                        }
                        for card in kept.cards
                    ],
                )

    async def find(self, decision_id: str) -> dict[str, Any] | None:
        """Return the record of a decision by its id, or by the uuid of one of its cards; None if there is none."""
        async with self._engine.connect() as connection:
            of_card = (
                await connection.execute(select(store.cards.c.decision).where(store.cards.c.uuid == decision_id))
            ).scalar()
            record = await connection.execute(
                select(store.decisions.c.record).where(store.decisions.c.id == (of_card or decision_id))
            )
            found: dict[str, Any] | None = record.scalar()
            return found

    async def receive_feedback(self, service: str, outcomes: tuple[Feedback, ...]) -> None:
        """Store outcomes of cards; a later report of the same card replaces the earlier one (CH-141)."""
        async with self._engine.begin() as connection:
            for outcome in outcomes:
                await connection.execute(
                    delete(store.feedback).where(
                        store.feedback.c.card == outcome.card, store.feedback.c.service == service
                    )
                )
                given = outcome.override_reason
                await connection.execute(
                    insert(store.feedback).values(
                        card=outcome.card,
                        service=service,
                        outcome=outcome.outcome,
                        time=outcome.outcome_timestamp.astimezone(UTC),
                        accepted=[accepted.id for accepted in outcome.accepted_suggestions],
                        reason=given.reason.model_dump(exclude_none=True) if given and given.reason else None,
                        comment=given.user_comment if given else None,
                    )
                )
