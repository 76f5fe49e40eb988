"""The tables of every age end as the present ones, with what they held."""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import zlib
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from cds.decisions.log import DecisionLog
from cds.decisions.migrate import NEWEST, version_of
from cds.decisions.store import metadata, open_database
from cds.errors import SettingsError

# What the server made before its tables had versions.
OLD = """
create table decision (id varchar(36) not null primary key, time datetime not null, service varchar(200) not null,
  client varchar(40) not null, guideline varchar(200) not null, record json not null);
create index decision_time on decision (time);
create table card (uuid varchar(36) not null primary key, decision varchar(36) not null, service varchar(200) not null,
  client varchar(40) not null, guideline varchar(200) not null, time datetime not null,
  recommendation varchar(200) not null, indicator varchar(10) not null);
create index card_recommendation on card (recommendation);
create table feedback (card varchar(200) not null, service varchar(200) not null, client varchar(40) not null,
  outcome varchar(10) not null, time datetime not null, accepted json not null, reason json, comment varchar,
  primary key (card, service, client));
create table used_token (key varchar(64) not null primary key, expires datetime not null);
create index used_token_expires on used_token (expires);
insert into decision values ('d-1', '2026-01-02 03:04:05', 's', '', 'g', '{"decision": "d-1"}');
"""


def start(path: Path) -> None:
    """Start the log on a file, as a worker does."""

    async def run() -> None:
        log = DecisionLog(open_database(f"sqlite:///{path}"))
        try:
            await log.start()
        finally:
            await log.close()

    asyncio.run(run())


def made_by(script: str, path: Path) -> Path:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        for statement in filter(str.strip, script.split(";\n")):
            connection.exec_driver_sql(statement)
    engine.dispose()
    return path


def found(path: Path, decision: str) -> object:
    """What the log finds in the file."""

    async def run() -> object:
        log = DecisionLog(open_database(f"sqlite:///{path}"))
        try:
            return await log.find(decision)
        finally:
            await log.close()

    return asyncio.run(run())


def differences(path: Path) -> list[object]:
    """What the file lacks of the present tables, or has beyond them."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
        assert version_of(connection) == NEWEST
    engine.dispose()
    return found


def test_a_new_file_gets_the_present_tables(tmp_path):
    start(tmp_path / "new.sqlite3")
    assert differences(tmp_path / "new.sqlite3") == []


def test_a_file_made_before_versions_is_brought_forward_and_keeps_what_it_held(tmp_path):
    path = made_by(OLD, tmp_path / "old.sqlite3")
    start(path)
    assert differences(path) == []
    assert found(path, "d-1") == {"decision": "d-1"}


def test_a_record_in_the_first_format_of_compression_is_read(tmp_path):
    path = tmp_path / "zlib.sqlite3"
    start(path)
    packed = zlib.compress(b'{"decision": "d-2"}').hex()
    made_by(f"insert into decision values ('d-2', '2026-01-02 03:04:05', 's', '', 'g', x'{packed}');\n", path)
    assert found(path, "d-2") == {"decision": "d-2"}


def test_a_file_of_the_first_version_is_brought_forward(tmp_path):
    versioned = OLD + "create table alembic_version (version_num varchar(32) not null primary key);\n"
    path = made_by(versioned + "insert into alembic_version values ('0001');\n", tmp_path / "first.sqlite3")
    start(path)
    assert differences(path) == []


def test_starting_twice_changes_nothing(tmp_path):
    path = tmp_path / "twice.sqlite3"
    start(path)
    before = path.read_bytes()
    start(path)
    assert path.read_bytes() == before


def test_tables_of_a_newer_version_are_refused(tmp_path):
    path = tmp_path / "newer.sqlite3"
    start(path)
    made_by("update alembic_version set version_num = '9999';\n", path)
    with pytest.raises(SettingsError, match=r"newer version \(9999\)"):
        start(path)


def test_tables_of_something_else_are_refused(tmp_path):
    path = made_by("create table decision (id varchar(36));\n", tmp_path / "other.sqlite3")
    with pytest.raises(SettingsError, match="table decision was made by something else"):
        start(path)


def test_workers_that_start_at_once_wait_for_each_other(tmp_path):
    path = tmp_path / "shared.sqlite3"
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(start, [path] * 4)
    assert differences(path) == []
    engine = create_engine(f"sqlite:///{path}")
    assert "decision" in inspect(engine).get_table_names()
    engine.dispose()


def test_tables_that_are_as_they_should_be_are_left_alone_without_alembic(tmp_path, monkeypatch):
    start(tmp_path / "db.sqlite3")
    for name in [name for name in sys.modules if name.partition(".")[0] == "alembic"]:
        monkeypatch.setitem(sys.modules, name, None)
    start(tmp_path / "db.sqlite3")
    with pytest.raises(ImportError):
        start(tmp_path / "new.sqlite3")
