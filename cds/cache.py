"""What an earlier start worked out, kept on disk for the next one: compiled logic, and which files were found valid.

What is kept is trusted, and code among it is run, so it is read from a directory alone that nobody else could have
written to: it belongs to the user of this process or to root, is no link, and gives no right to write to anyone else;
the same of every file in it. Any other directory is left alone, with a line in the log. What is kept belongs to one
version of this program, of Python and of the libraries that judged it: another version keeps its own beside it.

Without such a directory, or where it cannot be written, all is worked out anew: slower, and the same.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import sys
import weakref
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

import structlog

from cds import STARTED

_log = structlog.get_logger()
_JUDGES = ("fhir.resources", "fhir-core", "pydantic", "pydantic-core", "orjson", "ucumvert", "lark")
_PRIVATE = 0o700
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_DIGEST_BYTES = 32
_MOST_FILES = 600
_MOST_VERSIONS = 4
_OWN = re.compile("fhir-cds-[0-9a-f]{32}")
_CLOCK_STEP = 0.1  # seconds; the times of files go in steps


class Cache(Protocol):
    """Bytes by kind and key."""

    def get(self, kind: str, key: str) -> bytes | None:
        """Return what was put there, None when it is not there any more."""

    def put(self, kind: str, key: str, value: bytes) -> None:
        """Keep it, if that is possible."""


class NoCache:
    """Keeps nothing."""

    def get(self, kind: str, key: str) -> bytes | None:  # noqa: ARG002 - the signature of every cache
        """Return None: nothing was kept."""
        return None

    def put(self, kind: str, key: str, value: bytes) -> None:
        """Keep nothing."""


NO_CACHE = NoCache()


class _NotOurs(Exception):
    """A directory that others could have written to; the message says why."""


class DiskCache:
    """Files in one directory, held open so that nobody can put another in its place; `directory` is its name."""

    def __init__(self, directory: Path, descriptor: int) -> None:
        self.directory = directory
        self._descriptor = descriptor
        self._has_room = False
        weakref.finalize(self, os.close, descriptor)

    def get(self, kind: str, key: str) -> bytes | None:
        """Return what was put there; None when it is not there, is not ours, or is not whole."""
        try:
            descriptor = os.open(f"{kind}-{key}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._descriptor)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or not _is_ours(found):
                return None
            kept = file.read()
        digest, value = kept[:_DIGEST_BYTES], kept[_DIGEST_BYTES:]
        return value if hashlib.sha256(value).digest() == digest else None

    def put(self, kind: str, key: str, value: bytes) -> None:
        """Keep it, whole or not at all; where nothing can be written, nothing is kept."""
        with suppress(OSError):
            self._make_room()
            name, temporary = f"{kind}-{key}", f".{os.getpid()}-{os.urandom(8).hex()}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(temporary, flags, 0o600, dir_fd=self._descriptor)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(hashlib.sha256(value).digest() + value)
                os.replace(temporary, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
            except OSError:
                os.unlink(temporary, dir_fd=self._descriptor)
                raise

    def _make_room(self) -> None:
        """Take the older half away where there are too many files, as where somebody writes a guideline."""
        if not self._has_room:
            ages = sorted((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name) for entry in self._entries())
            for _, name in ages[: len(ages) // 2 if len(ages) > _MOST_FILES else 0]:
                os.unlink(name, dir_fd=self._descriptor)
            self._has_room = True

    def _entries(self) -> list[os.DirEntry[str]]:
        with os.scandir(self._descriptor) as entries:
            return list(entries)


def default_directory() -> Path | None:
    """Return the directory for caches of this user (XDG Base Directory Specification); None when there is no home."""
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME", ""))
        return (base if base.is_absolute() else Path.home() / ".cache") / "fhir-cds"
    except RuntimeError:
        return None


def open_cache(directory: Path | None) -> Cache:
    """Return the cache in a directory, which is made if it can be; one that keeps nothing where there is none.

    A directory that others could have written to is not used, and the log says so.
    """
    program = _this_program()
    if directory is None or program is None or not hasattr(os, "geteuid"):  # such as Windows, with other rights
        return NO_CACHE
    try:
        root = _opened(str(directory))
        try:
            descriptor = _opened(program, inside=root)
            with suppress(OSError):
                os.utime(program, dir_fd=root)
                _drop_old_versions(directory)
        finally:
            os.close(root)
    except _NotOurs as why:
        _log.warning("the cache is not used", directory=str(directory), reason=str(why))
        return NO_CACHE
    except OSError:
        return NO_CACHE
    return DiskCache(directory / program, descriptor)


def _opened(name: str, *, inside: int | None = None) -> int:
    """Open a directory that is ours, made first where there is none; raise `_NotOurs` for any other."""
    with suppress(OSError):  # it is there, or cannot be made
        if inside is None:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
        os.mkdir(name, _PRIVATE, dir_fd=inside)
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=inside)
    except NotADirectoryError:
        raise _NotOurs("it is a link or a file: give a directory") from None
    if not _is_ours(os.fstat(descriptor)):
        os.close(descriptor)
        raise _NotOurs("others may write to it: it must belong to the user of the server, with mode 0700")
    return descriptor


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid in (0, os.geteuid()) and not found.st_mode & _OTHERS_MAY_WRITE


def _drop_old_versions(directory: Path) -> None:
    """Take away what other versions kept, but for those used last; nothing else that lies there is touched."""
    ages = sorted(
        (entry.stat().st_mtime_ns, entry.name) for entry in os.scandir(directory) if _OWN.fullmatch(entry.name)
    )
    for _, name in ages[:-_MOST_VERSIONS]:
        shutil.rmtree(directory / name, ignore_errors=True)


@cache
def _this_program() -> str | None:
    """Name this program by its own source, the version of Python, and the libraries that content is judged with.

    None when its source is not there, or has changed since the process began: then it does not say what runs here.
    """
    digest = hashlib.sha256(f"{sys.version}\n{sys.implementation.cache_tag}\n{sys.flags.optimize}\n".encode())
    for name in _JUDGES:
        try:
            digest.update(f"{name} {version(name)}\n".encode())
        except PackageNotFoundError:
            digest.update(f"{name} is not there\n".encode())
    package = Path(__file__).parent
    sources = sorted(package.rglob("*.py"))
    if not sources:
        return None
    for file in sources:
        if file.stat().st_ctime > STARTED - _CLOCK_STEP:
            return None
        digest.update(str(file.relative_to(package)).encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return f"fhir-cds-{digest.hexdigest()[:32]}"
