"""The tables and the database of the server's state: SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

import zlib
from typing import Any

import zstandard
from sqlalchemy import (
    JSON,
    URL,
    Column,
    DateTime,
    Dialect,
    Engine,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from cds.errors import SettingsError
from cds.fhir.json import dumps, read_back


class PackedJSON(TypeDecorator[Any]):
    """JSON that is compressed, because a record names every condition of a guideline; PostgreSQL does so by itself.

    What stands there as plain text was written before version 0003 of the tables, zlib's format in its first days.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes:  # noqa: ARG002 - the signature is SQLAlchemy's
        """Write it."""
        return zstandard.compress(dumps(value), _FAST)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:  # noqa: ARG002 - as above
        """Read it."""
        assert value is not None
        if value.startswith(zstandard.FRAME_HEADER):
            return read_back(zstandard.decompress(value))
        return read_back(value if value.startswith(b"{") else zlib.decompress(value))


_FAST = 1  # the level: four times as fast as zlib's fastest, and smaller


metadata = MetaData()
# `client` is the name of the registered client, empty where the server does not ask who calls.

decisions = Table(
    "decision",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("service", String(200), nullable=False),
    Column("client", String(40), nullable=False),
    Column("guideline", String(200), nullable=False),
    Column("record", JSON().with_variant(PackedJSON(), "sqlite"), nullable=False),
    Index("decision_time", "time"),
    Index("decision_client_time", "client", "time"),
)

cards = Table(
    "card",
    metadata,
    Column("uuid", String(36), primary_key=True),
    Column("decision", String(36), nullable=False),
    Column("service", String(200), nullable=False),
    Column("client", String(40), nullable=False),
    Column("guideline", String(200), nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("recommendation", String(200), nullable=False),
    Column("indicator", String(10), nullable=False),
    Index("card_recommendation", "recommendation"),
    Index("card_decision", "decision"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("card", String(200), primary_key=True),
    Column("service", String(200), primary_key=True),
    Column("client", String(40), primary_key=True),
    Column("outcome", String(10), nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("accepted", JSON, nullable=False),
    Column("reason", JSON),
    Column("comment", String),
)

used_tokens = Table(
    "used_token",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("expires", DateTime(timezone=True), nullable=False),
    Index("used_token_expires", "expires"),
)

_NO_SUCH_URL = "CDS_DATABASE: give a URL such as sqlite:///cds.sqlite3 or postgresql://user:password@host/database"
_IN_MEMORY = (None, "", ":memory:")
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def open_database(url: str) -> AsyncEngine:
    """Return an engine for a SQLAlchemy URL; raise `SettingsError` when the URL cannot be used."""
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        if parsed.get_backend_name() == "sqlite" and parsed.database in _IN_MEMORY:
            # An in-memory database lives in its one connection, which one transaction at a time may have.
            one = {"poolclass": AsyncAdaptedQueuePool, "pool_size": 1, "max_overflow": 0}
            engine = create_async_engine(parsed, **one, **_json())
        else:
            engine = create_async_engine(parsed, **_json())
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise SettingsError(_NO_SUCH_URL) from error
        msg = "CDS_DATABASE: PostgreSQL needs its driver asyncpg: pip install 'fhir-cds[postgres]'"
        raise SettingsError(msg) from error
    except (ArgumentError, InvalidRequestError, ValueError) as error:
        raise SettingsError(_NO_SUCH_URL) from error
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _set_sqlite_pragmas)
    return engine


def open_file(url: URL) -> Engine | None:
    """Return an engine for the threads of this process where `open_database` opened a file of SQLite, else None."""
    name = url.database
    if url.get_backend_name() != "sqlite" or name in _IN_MEMORY or name.startswith("file:") or url.query:
        return None
    engine = create_engine(url.set(drivername="sqlite"), **_json())
    event.listen(engine, "connect", _set_sqlite_pragmas)
    return engine


def _json() -> dict[str, Any]:
    """Let numbers of a record keep their digits on the way in and out, as everywhere."""
    return {"json_serializer": _to_text, "json_deserializer": read_back}


def _to_text(document: Any) -> str:
    return dumps(document).decode()


def _set_sqlite_pragmas(connection: Any, _record: Any) -> None:
    """Let several workers share one file: readers do not block the writer, a busy writer is waited for."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.close()
