"""Which client tokens were used already: one table, shared by all workers of the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from cds.decisions.store import used_tokens


class UsedTokens:
    """The replay store: the primary key decides which of two simultaneous uses was first."""

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    async def first_use(self, key: str, expires: datetime) -> bool:
        """Store the key; return False when it was stored before; raise `OSError` when the database does not answer."""
        try:
            async with self._engine.begin() as connection:
                await connection.execute(
                    delete(used_tokens).where(used_tokens.c.expires < self._clock().astimezone(UTC))
                )
                await connection.execute(insert(used_tokens).values(key=key, expires=expires.astimezone(UTC)))
        except IntegrityError:
            return False
        except SQLAlchemyError as error:
            raise OSError(type(error).__name__) from error
        return True
