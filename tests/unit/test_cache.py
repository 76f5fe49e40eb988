"""The cache gives back what this program put there and nothing else; without it everything works the same."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cds import cache as module
from cds.cache import DiskCache, NoCache, default_directory, open_cache

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no owners of files")


@pytest.fixture(autouse=True)
def program(monkeypatch):
    """Say that the source of the program is as old as it likes: these tests may run while somebody edits it."""
    monkeypatch.setattr(module, "_this_program", lambda: "fhir-cds-" + "0" * 32)


@pytest.fixture
def directory(tmp_path) -> Path:
    return tmp_path / "cache"


def kept(directory: Path) -> Path:
    """Put one value, and return its file."""
    open_cache(directory).put("logic", "key", b"value")
    (file,) = directory.rglob("logic-key")
    return file


def test_what_is_put_is_there_for_the_next_start(directory):
    kept(directory)
    again = open_cache(directory)
    assert again.get("logic", "key") == b"value"
    assert again.get("logic", "other") is None
    assert again.get("valid", "key") is None


def test_only_the_user_may_read_and_write_it(directory):
    file = kept(directory)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for folder in (directory, file.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def given_away(path: Path, monkeypatch) -> None:
    """Let a path belong to somebody else; a user who may not give it away becomes somebody else."""
    if os.geteuid() == 0:
        os.chown(path, 54_321, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 54_321)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_directory_that_others_may_write_to_is_not_used(directory, mode):
    file = kept(directory)
    for folder in (directory, file.parent):
        folder.chmod(mode)
        with capture_logs() as said:
            assert isinstance(open_cache(directory), NoCache)
        assert [line["log_level"] for line in said] == ["warning"]
        folder.chmod(0o700)
    assert open_cache(directory).get("logic", "key") == b"value"


def test_a_directory_of_somebody_else_is_not_used(directory, monkeypatch):
    kept(directory)
    given_away(directory, monkeypatch)
    assert isinstance(open_cache(directory), NoCache)


def test_a_link_is_not_followed(directory, tmp_path):
    file = kept(directory)
    link = tmp_path / "link"
    link.symlink_to(directory)
    assert isinstance(open_cache(link), NoCache)
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    assert open_cache(directory).get("logic", "key") is None


def test_a_file_that_others_may_write_to_is_not_read(directory):
    file = kept(directory)
    file.chmod(0o620)
    assert open_cache(directory).get("logic", "key") is None


def test_a_file_of_somebody_else_is_not_read(directory, monkeypatch):
    file = kept(directory)
    cache = open_cache(directory)
    given_away(file, monkeypatch)
    assert cache.get("logic", "key") is None


@pytest.mark.parametrize(
    "change", [lambda kept: kept[:-1], lambda kept: kept + b"x", lambda _: b"", lambda _: b"value"]
)
def test_a_file_that_is_not_whole_is_not_read(directory, change):
    file = kept(directory)
    file.write_bytes(change(file.read_bytes()))
    assert open_cache(directory).get("logic", "key") is None
    open_cache(directory).put("logic", "key", b"again")
    assert open_cache(directory).get("logic", "key") == b"again"


def test_another_directory_in_its_place_is_not_read(directory, tmp_path):
    file = kept(directory)
    cache = open_cache(directory)
    file.parent.rename(tmp_path / "away")
    file.parent.mkdir(mode=0o700)
    file.write_bytes((tmp_path / "away" / file.name).read_bytes().replace(b"value", b"other"))
    assert cache.get("logic", "key") == b"value"


def test_where_nothing_can_be_written_nothing_is_kept(directory, tmp_path):
    cache = open_cache(directory)
    (found,) = directory.iterdir()
    found.rmdir()
    cache.put("logic", "key", b"value")
    assert cache.get("logic", "key") is None
    (tmp_path / "file").write_text("no directory")
    assert isinstance(open_cache(tmp_path / "file" / "cache"), NoCache)
    assert isinstance(open_cache(tmp_path / "file"), NoCache)
    assert isinstance(open_cache(None), NoCache)


def test_another_version_of_the_program_has_its_own(directory, monkeypatch):
    kept(directory)
    monkeypatch.setattr(module, "_this_program", lambda: "fhir-cds-" + "1" * 32)
    assert open_cache(directory).get("logic", "key") is None


def test_a_program_that_changed_since_it_was_loaded_keeps_nothing(directory, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(module, "STARTED", 0.0)
    name = module._this_program.__wrapped__
    assert name() is None
    monkeypatch.setattr(module, "STARTED", 9e12)
    assert module._OWN.fullmatch(name())
    monkeypatch.setattr(module, "_this_program", lambda: None)
    assert isinstance(open_cache(directory), NoCache)
    assert not directory.exists()


def test_the_oldest_go_when_there_are_too_many(directory, monkeypatch):
    monkeypatch.setattr(module, "_MOST_FILES", 3)
    cache = open_cache(directory)
    for number in range(4):
        cache.put("logic", str(number), b"")
        (file,) = directory.rglob(f"logic-{number}")
        os.utime(file, (number, number))
    cache = open_cache(directory)
    cache.put("logic", "new", b"")
    assert [number for number in range(4) if cache.get("logic", str(number)) is not None] == [2, 3]
    assert cache.get("logic", "new") == b""


def test_versions_not_used_for_long_go_and_nothing_else(directory, monkeypatch):
    directory.mkdir(mode=0o700)
    (directory / "my thesis").mkdir()
    os.utime(directory / "my thesis", (1, 1))
    for number in range(1, 7):
        monkeypatch.setattr(module, "_this_program", lambda number=number: f"fhir-cds-{number:032}")
        assert isinstance(open_cache(directory), DiskCache)
        os.utime(directory / f"fhir-cds-{number:032}", (number, number))
    left = sorted(folder.name for folder in directory.iterdir())
    assert left == [*(f"fhir-cds-{number:032}" for number in (3, 4, 5, 6)), "my thesis"]


def test_it_lies_in_the_cache_directory_of_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_directory() == tmp_path / "fhir-cds"
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert default_directory() == tmp_path / ".cache" / "fhir-cds"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_directory() == tmp_path / ".cache" / "fhir-cds"

    def no_home():
        raise RuntimeError

    monkeypatch.setattr(Path, "home", no_home)
    assert default_directory() is None
