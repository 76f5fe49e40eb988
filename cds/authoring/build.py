"""Translate every CQL file of a folder and compare or write the Library resources."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cds.authoring.errors import CqlFileError
from cds.authoring.library_resource import CANONICAL_BASE, library_resource
from cds.authoring.sources import CqlFile, find_cql_files, libraries_by_name
from cds.authoring.translator import Problem, translate


@dataclass(frozen=True, slots=True)
class Built:
    """The fresh Library resources by the file they belong in, and the translator's findings as printable lines."""

    files: tuple[CqlFile, ...]
    libraries: dict[Path, str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def build(paths: Sequence[Path], *, include_from: Sequence[Path] = (), base: str = CANONICAL_BASE) -> Built:
    """Translate the CQL below `paths`; libraries below `include_from` may be included but are not built.

    Nothing is written. With errors, `libraries` holds only what translated cleanly.
    """
    files = libraries_by_name(file for path in paths for file in find_cql_files(path))
    around = libraries_by_name(file for path in (*paths, *include_from) for file in find_cql_files(path))
    sources = {name: file.text for name, file in around.items()}
    translations = {found.key: found for found in translate(sources, sources=sources)} if files else {}
    elms = {name: found.elm for name, found in translations.items() if found.elm is not None}
    problems = {
        problem for name in files for problem in translations[name].problems if problem.library in (None, name, *around)
    }
    libraries = {}
    for name, file in files.items():
        if not translations[name].errors:
            fresh = library_resource(file, elms[name], elms, existing=_existing(file.library_path), base=base)
            libraries[file.library_path] = json.dumps(fresh, ensure_ascii=False, indent=2) + "\n"
    lines = {severity: _lines(problems, around, errors=severity == "error") for severity in ("error", "warning")}
    return Built(tuple(files.values()), libraries, lines["error"], lines["warning"])


def _existing(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        resource: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CqlFileError(path, getattr(error, "lineno", 1), f"is not JSON ({error}); mend or delete it") from error
    return resource


def _lines(problems: set[Problem], around: Mapping[str, CqlFile], *, errors: bool) -> tuple[str, ...]:
    """Print findings as compilers do: file:line:column: severity: message."""
    chosen = [problem for problem in problems if (problem.severity == "error") is errors]
    rows = []
    for problem in chosen:
        file = around.get(problem.library or "")
        where = str(file.path) if file else problem.library or "CQL"
        position = (problem.line or 1, problem.column or 1)
        rows.append((where, position, f"{where}:{position[0]}:{position[1]}: {problem.severity}: {problem.message}"))
    return tuple(line for _, _, line in sorted(rows))


def write(built: Built) -> list[Path]:
    """Write the libraries that differ from their files; returns the files written."""
    written = []
    for path, text in built.libraries.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def differences(built: Built, paths: Sequence[Path]) -> list[str]:
    """Say for each Library file below `paths` that is absent, stale or has lost its CQL what is wrong with it."""
    found = []
    for path, text in built.libraries.items():
        if not path.is_file():
            found.append(f"{path}: absent; run `cds elm build`")
        elif path.read_text(encoding="utf-8") != text:
            found.append(f"{path}: is not the translation of its CQL; run `cds elm build`")
    expected = {file.library_path for file in built.files}
    for path in paths:
        if path.is_dir():
            found.extend(
                f"{library}: has no cql/{library.stem}.cql; delete it or bring the CQL back"
                for library in sorted(path.rglob("Library/*.json"))
                if library not in expected and _carries_cql(library)
            )
    return found


def _carries_cql(library: Path) -> bool:
    content = (_existing(library) or {}).get("content", [])
    return any(attachment.get("contentType") == "text/cql" for attachment in content)
