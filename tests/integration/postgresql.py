"""Debian's PostgreSQL, started in a folder of its own and ended with the tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.server.conftest import free_port

BINARIES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a server on loopback; yields its URL. PostgreSQL refuses to run as root: then it runs as postgres."""
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o001)
    port = free_port()
    _run(folder, "initdb", "-D", "data", "-A", "trust", "-U", "cds", "--no-sync")
    start(folder, port)
    try:
        yield f"postgresql://cds@127.0.0.1:{port}/postgres"
    finally:
        stop(folder)


def start(folder: Path, port: int) -> None:
    """Start the server that lives in the folder."""
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    _run(folder, "pg_ctl", "-D", "data", "-w", "-l", "data/log", "-o", options, "start")


def stop(folder: Path) -> None:
    """Stop it at once, as a crash would."""
    _run(folder, "pg_ctl", "-D", "data", "-m", "immediate", "stop")


def _run(folder: Path, name: str, *arguments: str) -> None:
    assert BINARIES is not None
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*user, str(BINARIES / name), *arguments], check=True, stdout=subprocess.DEVNULL, cwd=folder)
