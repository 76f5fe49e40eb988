"""A new guideline folder that already works: written from `templates/`, to be replaced piece by piece."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Template
from typing import Any

from cds.authoring.errors import AuthoringError
from cds.authoring.library_resource import CANONICAL_BASE, library_resource
from cds.authoring.sources import read_cql_file

TEMPLATES = Path(__file__).resolve().parent / "templates"
ELM_TEMPLATE = TEMPLATES / "Library" / "Guideline.elm.json"
CQL_TEMPLATE = TEMPLATES / "cql" / "Guideline.cql"
LONGEST_ID = 38  # a service is called <id>-<hook>, and the longest hook is allergyintolerance-create: 64 together
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_COUNTRY = re.compile(r"[A-Z]{2}")
_TAKEN_LIBRARIES = frozenset({"ClinicalData", "PregnancyPotential", "FHIRHelpers"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGuideline:
    """What an author says about a guideline before there is one.

    `jurisdiction` is a country by its ISO 3166 code of two letters, "" for none. Raises `AuthoringError` for an id,
    title or country that cannot be one.
    """

    id: str
    title: str
    jurisdiction: str = ""
    base: str = CANONICAL_BASE

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id) or len(self.id) > LONGEST_ID:
            message = (
                f"{self.id!r} cannot be the id of a guideline: lower-case letters, digits and single hyphens, "
                f"beginning with a letter, {LONGEST_ID} characters at most, such as dk-denosumab"
            )
            raise AuthoringError(message)
        if self.library in _TAKEN_LIBRARIES:
            message = f"{self.id!r} would need a CQL library called {self.library}, which there is: choose another id"
            raise AuthoringError(message)
        if not self.title.strip() or not self.title.isprintable():
            raise AuthoringError("the title must be one line of text")
        if self.jurisdiction and not _COUNTRY.fullmatch(self.jurisdiction):
            message = f"{self.jurisdiction!r} is no country code: two capital letters of ISO 3166, such as DK"
            raise AuthoringError(message)

    @property
    def library(self) -> str:
        """The name of the CQL library: dk-denosumab has DkDenosumab."""
        return "".join(part.capitalize() for part in self.id.split("-"))


def write_guideline(guideline: NewGuideline, into: Path, *, today: date) -> list[Path]:
    """Write the folder of a new guideline below `into`; return its files.

    Raises `AuthoringError`, and writes nothing, when the folder or a CQL library of that name exists already.
    """
    folder = into / guideline.id
    if not into.is_dir():
        message = f"there is no folder {into}: make it, or name another with --into"
        raise AuthoringError(message)
    if folder.exists():
        message = f"{folder} exists already: choose another id, or remove it first"
        raise AuthoringError(message)
    namesake = next(iter(sorted(into.glob(f"*/cql/{guideline.library}.cql"))), None)
    if namesake is not None:
        message = f"{namesake} has a library of that name already: choose another id"
        raise AuthoringError(message)
    for place, text in _files(guideline, today):
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    _write_library(guideline, folder, today)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _files(guideline: NewGuideline, today: date) -> Iterator[tuple[Path, str]]:
    """Yield (path in the folder, text) of every file but the compiled library."""
    for source in sorted(TEMPLATES.rglob("*")):
        if source.is_file() and source != ELM_TEMPLATE:
            values = _values(guideline, today, json_text=source.suffix == ".json")
            yield _place(source, guideline), Template(source.read_text(encoding="utf-8")).substitute(values)


def _place(source: Path, guideline: NewGuideline) -> Path:
    inside = source.relative_to(TEMPLATES)
    if inside.parts[0] == "PlanDefinition":
        return inside.with_name(f"{guideline.id}.json")
    if inside.parts[0] in ("ActivityDefinition", "CodeSystem"):
        return inside.with_name(f"{guideline.id}-{inside.name}")
    return inside.with_name(f"{guideline.library}.cql") if inside.suffix == ".cql" else inside


def _values(guideline: NewGuideline, today: date, *, json_text: bool) -> dict[str, str]:
    coding = {"system": "urn:iso:std:iso:3166", "code": guideline.jurisdiction}
    jurisdiction = f'"jurisdiction": {json.dumps([{"coding": [coding]}])},\n  ' if guideline.jurisdiction else ""
    return {
        "id": guideline.id,
        "library": guideline.library,
        "base": guideline.base.rstrip("/"),
        "date": today.isoformat(),
        "jurisdiction": jurisdiction,
        "title": json.dumps(guideline.title, ensure_ascii=False)[1:-1] if json_text else guideline.title,
    }


def _write_library(guideline: NewGuideline, folder: Path, today: date) -> None:
    """Write the Library with the ELM of the template, so that the example runs where there is no Node.js.

    Only the library's name and the title in a comment differ between guidelines, and neither has a locator: the result
    is what `cds elm build` gives.
    """
    file = read_cql_file(folder / "cql" / f"{guideline.library}.cql")
    template = Template(ELM_TEMPLATE.read_text(encoding="utf-8"))
    elm: dict[str, Any] = json.loads(template.substitute(_values(guideline, today, json_text=True)))
    resource = library_resource(file, elm, {guideline.library: elm}, base=guideline.base.rstrip("/"))
    file.library_path.parent.mkdir()
    file.library_path.write_text(json.dumps(resource, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
