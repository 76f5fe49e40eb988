"""Where the case files of guidelines lie, and which recommendations they are about."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cds.errors import BadRequest
from cds.fhir.json import loads

FIXTURES = "fixtures.json"


def guideline_folders(paths: Iterable[Path]) -> list[Path]:
    """Return the folders, among the paths and directly below them, that hold a PlanDefinition and tests."""
    folders = {folder for path in paths if path.is_dir() for folder in (path, *path.iterdir())}
    return sorted(folder for folder in folders if (folder / "PlanDefinition").is_dir() and (folder / "tests").is_dir())


def case_files(folder: Path) -> list[Path]:
    """Return the case files of a guideline folder, without the fixtures."""
    return [path for path in sorted((folder / "tests").glob("*.json")) if path.name != FIXTURES]


def cases_by_recommendation(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the names of the cases of each recommendation that has any; a file that cannot be read has none."""
    found: dict[str, tuple[str, ...]] = {}
    for path in case_files(folder):
        try:
            document = loads(path.read_bytes())
        except BadRequest:
            continue
        if isinstance(document, dict) and document.get("cases"):
            names = tuple(str(case.get("name")) for case in document["cases"] if isinstance(case, dict))
            recommendation = str(document.get("recommendation"))
            found[recommendation] = found.get(recommendation, ()) + names
    return found
