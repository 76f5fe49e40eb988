"""Find the CQL files of a content folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cds.authoring.errors import CqlFileError

LIBRARY_DECLARATION = re.compile(r"""^\s*library\s+("[^"]+"|[\w.]+)(?:\s+version\s+'([^']*)')?""", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CqlFile:
    """One CQL file `…/cql/<Name>.cql`; its Library resource is `…/Library/<Name>.json`."""

    path: Path
    name: str
    version: str
    text: str

    @property
    def library_path(self) -> Path:
        """Give the place of the Library resource that carries this file's translation."""
        return self.path.parent.parent / "Library" / f"{self.path.stem}.json"


def read_cql_file(path: Path) -> CqlFile:
    """Read one file; raises CqlFileError when it does not declare the library its file name promises."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # an editor's byte order mark is no CQL
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise CqlFileError(path, line, "is not UTF-8; save the file in that encoding") from error
    declared = LIBRARY_DECLARATION.search(COMMENT.sub(_blank, text))
    if declared is None:
        raise CqlFileError(path, 1, f"no library declaration; begin with: library {path.stem} version '1.0.0'")
    name, version = declared.group(1).strip('"'), declared.group(2)
    line = text.count("\n", 0, declared.start(1)) + 1
    if name != path.stem:
        raise CqlFileError(path, line, f"library {name} must be in a file called {name}.cql")
    if not version:
        raise CqlFileError(path, line, f"library {name} needs a version: library {name} version '1.0.0'")
    return CqlFile(path, name, version, text)


def _blank(comment: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", comment.group())


def find_cql_files(path: Path) -> list[CqlFile]:
    """Read every `cql/*.cql` below a folder, or the one file that is named, in the order of their paths."""
    if path.is_file():
        return [read_cql_file(path)]
    if not path.is_dir():
        raise CqlFileError(path, 1, "no such file or folder")
    return [read_cql_file(found) for found in sorted(path.rglob("*.cql")) if found.parent.name == "cql"]


def libraries_by_name(files: Iterable[CqlFile]) -> Mapping[str, CqlFile]:
    """Index files by library name; raises CqlFileError when two files declare the same library."""
    found: dict[str, CqlFile] = {}
    for file in files:
        other = found.setdefault(file.name, file)
        if other.path.resolve() != file.path.resolve():
            raise CqlFileError(file.path, 1, f"library {file.name} is also declared in {other.path}")
    return found
