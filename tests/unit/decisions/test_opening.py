"""A database that cannot be opened is one line that names the variable, says why and what to do."""

from __future__ import annotations

import asyncio
import sys

import pytest

from cds.decisions.log import DecisionLog
from cds.decisions.store import open_database
from cds.errors import SettingsError
from tests.server.conftest import free_port


async def start(url: str) -> None:
    log = DecisionLog(open_database(url))
    try:
        await log.start()
    finally:
        await log.close()


def why(url: str) -> str:
    """Return the line with which a start on this database ends."""
    with pytest.raises(SettingsError) as stopped:
        asyncio.run(start(url))
    said = str(stopped.value)
    assert said.startswith("CDS_DATABASE: ")
    assert "\n" not in said
    return said


def test_a_folder_that_is_not_there_is_named():
    assert "the folder of /nowhere/at/all/d.sqlite3 does not exist: make it" in why(
        "sqlite:////nowhere/at/all/d.sqlite3"
    )


def test_a_file_that_is_no_database_is_named_with_sqlites_own_code(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("nothing of SQLite's " * 100)
    assert f"{file} cannot be opened (SQLITE_NOTADB)" in why(f"sqlite:///{file}")


def test_a_postgresql_that_does_not_answer_is_named_without_user_and_password():
    said = why(f"postgresql://dr:secret@127.0.0.1:{free_port()}/cds")
    assert "cds at 127.0.0.1:" in said
    assert "(ConnectionRefusedError): check that it runs" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    "url",
    ["cds.sqlite3", "mysql://host/cds", "nobody://host/cds", "postgresql://host:port/cds", "sqlite+pysqlite:///d"],
)
def test_a_url_that_cannot_be_used_is_answered_with_one_that_can(url):
    assert "give a URL such as sqlite:///cds.sqlite3 or postgresql://" in why(url)


def test_postgresql_without_its_driver_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    assert "pip install 'fhir-cds[postgres]'" in why("postgresql://127.0.0.1/cds")
