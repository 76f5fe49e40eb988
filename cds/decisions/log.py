"""Write decisions and feedback, and read them back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cds.decisions import store
from cds.decisions.decision import Decision
from cds.decisions.migrate import upgrade
from cds.decisions.opening import opening
from cds.decisions.writer import DecisionWriter, reachable
from cds.hooks.feedback import Feedback


class DecisionLog:
    """The decision and feedback tables of one database.

    `keep_values` keeps patient values in the record; by default they are erased before anything is written.
    """

    def __init__(self, engine: AsyncEngine, *, keep_values: bool = False) -> None:
        self._engine = engine
        self._writer = DecisionWriter(engine)
        self._keep_values = keep_values

    async def start(self) -> None:
        """Bring the tables to the present version; raise `SettingsError` when they are newer or cannot be reached."""
        with opening(self._engine.url):
            async with self._engine.begin() as connection:
                await connection.run_sync(upgrade)

    async def close(self) -> None:
        """Close all connections."""
        await self._writer.close()
        await self._engine.dispose()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        with reachable():
            async with self._engine.begin() as connection:
                yield connection

    async def is_ready(self) -> bool:
        """Say whether the database takes what has to be written before a call is answered."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(store.used_tokens).where(store.used_tokens.c.key == ""))
        return True

    async def record(self, decision: Decision) -> None:
        """Write one decision with its cards and return when it is committed; raise `Unavailable` when it cannot be.

        What is not on record is not answered: nobody could say later why a card was shown.
        """
        await self._writer.write(decision if self._keep_values else decision.without_values())

    async def find(self, decision_id: str) -> dict[str, Any] | None:
        """Return the record of a decision by its id, or by the uuid of one of its cards; None if there is none."""
        async with self._transaction() as connection:
            of_card = (
                await connection.execute(select(store.cards.c.decision).where(store.cards.c.uuid == decision_id))
            ).scalar()
            record = await connection.execute(
                select(store.decisions.c.record).where(store.decisions.c.id == (of_card or decision_id))
            )
            found: dict[str, Any] | None = record.scalar()
            return found

    async def records(self, *, since: datetime | None, until: datetime | None) -> AsyncIterator[dict[str, Any]]:
        """Yield the records of decisions from `since` to before `until`, the oldest first."""
        column = store.decisions.c.time
        wanted = select(store.decisions.c.record).order_by(column, store.decisions.c.id)
        if since is not None:
            wanted = wanted.where(column >= since.astimezone(UTC))
        if until is not None:
            wanted = wanted.where(column < until.astimezone(UTC))
        async with self._transaction() as connection:
            async for (record,) in await connection.stream(wanted):
                yield record

    async def receive_feedback(self, service: str, outcomes: tuple[Feedback, ...], *, client: str | None = None) -> int:
        """Store outcomes of cards; return how many are about cards that this client got from this service.

        The latest outcome of a card stands, however often and in whatever order it is reported (CH-141). An outcome of
        a card that is not known is stored as well: it counts as unmatched (CH-135), and so does one that says that
        suggestions were accepted which the card did not have: it is stored without them.
        """
        try:
            return await self._store_feedback(service, outcomes, client or "")
        except IntegrityError:  # another worker stored an outcome of the same card at this moment: now it is there
            return await self._store_feedback(service, outcomes, client or "")

    async def _store_feedback(self, service: str, outcomes: tuple[Feedback, ...], client: str) -> int:
        matched = 0
        async with self._transaction() as connection:
            for outcome in outcomes:
                time = outcome.outcome_timestamp
                same = _of_card(store.feedback, outcome.card, service, client)
                had = await _suggestions(connection, outcome.card, service, client)
                matched += had is not None and outcome.fits(had)
                accepted = [one.id for one in outcome.accepted_suggestions if had is None or one.id in had]
                await connection.execute(delete(store.feedback).where(same, store.feedback.c.time <= time))
                if (await connection.execute(select(store.feedback.c.card).where(same))).first() is None:
                    given = outcome.override_reason
                    await connection.execute(
                        insert(store.feedback).values(
                            card=outcome.card,
                            service=service,
                            client=client,
                            outcome=outcome.outcome,
                            time=time,
                            accepted=accepted,
                            reason=given.reason.model_dump(exclude_none=True) if given and given.reason else None,
                            comment=given.user_comment if given else None,
                        )
                    )
        return matched


async def _suggestions(connection: AsyncConnection, card: str, service: str, client: str) -> frozenset[str] | None:
    """Return the suggestions of a card that this client got from this service; None when it got no such card."""
    served = (
        select(store.decisions.c.record)
        .join(store.cards, store.cards.c.decision == store.decisions.c.id)
        .where(store.cards.c.uuid == card, store.cards.c.service == service, store.cards.c.client == client)
    )
    record: dict[str, Any] | None = (await connection.execute(served)).scalar()
    if record is None:
        return None
    return frozenset(each for one in record["cards"] if one["uuid"] == card for each in one["suggestions"])


def _of_card(table: Table, card: str, service: str, client: str) -> ColumnElement[bool]:
    return and_(table.c.card == card, table.c.service == service, table.c.client == client)
