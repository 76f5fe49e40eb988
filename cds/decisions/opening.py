"""Say why the database of `CDS_DATABASE` cannot be opened, in one line and without the words of a driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from cds.errors import SettingsError


@contextmanager
def opening(url: URL) -> Iterator[None]:
    """Turn what a driver raises while a database is opened into a `SettingsError` that says what to do."""
    file = url.database if url.get_backend_name() == "sqlite" else None
    if file and not file.startswith("file:") and not Path(file).absolute().parent.is_dir():
        msg = f"CDS_DATABASE: the folder of {file} does not exist: make it, or name another file"
        raise SettingsError(msg)
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        msg = f"CDS_DATABASE: {file or _place(url)} cannot be opened ({_name(error)}): {_advice(url)}"
        raise SettingsError(msg) from error


def _place(url: URL) -> str:
    """Name the server and the database, never the user or the password."""
    return f"{url.database or 'the database'} at {url.host or 'this machine'}" + (f":{url.port}" if url.port else "")


def _advice(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return "name a file of SQLite, new or old, that the server's user may write"
    return "check that it runs, its address, and user, password and database in the URL"


def _name(error: BaseException) -> str:
    """Name the first cause: SQLite's own code, else the type, such as ConnectionRefusedError."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(getattr(error, "sqlite_errorname", type(error).__name__))
