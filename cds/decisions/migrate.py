"""Bring the tables of a database to the present version; several workers may begin at once.

Alembic is read only where tables have to be made or changed: most starts find them as they should be.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table, inspect, text

from cds.decisions import store
from cds.errors import SettingsError

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0003"
_BEFORE_ALEMBIC = "0001"
_LOCK = 2_026_112_000  # any number that nobody else uses for an advisory lock in this database


def upgrade(connection: Connection) -> None:
    """Make the tables, or change those that an older version made; raise `SettingsError` for tables of a newer one."""
    if version_of(connection) == NEWEST:
        return
    from alembic import command

    _wait_for_others(connection)
    config = _config(connection)
    made = set(inspect(connection).get_table_names()) & set(store.metadata.tables)
    present = version_of(connection)
    if present is None and made:  # made before there were versions: the same tables as in the first one
        for table in store.metadata.tables.values():
            _require_columns(connection, table)
        command.stamp(config, _BEFORE_ALEMBIC)
    if present is not None and present not in _versions(config):
        msg = (
            f"CDS_DATABASE: the tables are of a newer version ({present}): start that version, or give another database"
        )
        raise SettingsError(msg)
    command.upgrade(config, "head")


def version_of(connection: Connection) -> str | None:
    """Return the version of the tables that are there; None when there are none, or they were made before versions."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = connection.execute(text("select version_num from alembic_version")).scalar_one_or_none()
    return None if version is None else str(version)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _versions(config: Config) -> set[str]:
    from alembic.script import ScriptDirectory

    return {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}


def _wait_for_others(connection: Connection) -> None:
    """Let one worker at a time change tables, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    else:
        connection.exec_driver_sql("begin immediate")


def _require_columns(connection: Connection, table: Table) -> None:
    """Refuse tables that are not ours: a column that is not there would only be missed at the first call."""
    existing = inspect(connection)
    has = {column["name"] for column in existing.get_columns(table.name)} if existing.has_table(table.name) else set()
    missing = set(table.c.keys()) - has
    if missing:
        msg = (
            f"CDS_DATABASE: the table {table.name} was made by something else (no column "
            f"{', '.join(sorted(missing))}): give another database, or move this one away"
        )
        raise SettingsError(msg)
