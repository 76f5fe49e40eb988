"""HL7's CQL test suite: read it, translate it with the official translator, cache the ELM.

The suite is not part of this project: it is read from `third-party/cql-tests` of the folder named by CDS_SHARED, or of
`shared` beside the checkout. Nothing of it, and nothing derived from it, is committed; the ELM is kept in `.cache`.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, parse

from cds.authoring.translator import PROGRAM_FOLDER, Problem, Translation, cache_folder, translate

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class SuiteTest:
    """One test: `expected` is CQL text, None where the suite gives no output; `invalid` says how it must fail."""

    file: str
    group: str
    name: str
    expression: str
    expected: str | None
    invalid: str | None

    @property
    def key(self) -> str:
        """Name the test uniquely."""
        return f"{self.file}/{self.group}/{self.name}"


def suite_folder() -> Path:
    """Say where the suite would be on this machine."""
    shared = os.environ.get("CDS_SHARED")
    return (Path(shared) if shared else REPOSITORY.parent / "shared") / "third-party" / "cql-tests"


def read_suite(folder: Path) -> list[SuiteTest]:
    """Read every test of the suite, in the order of the files; a repeated key gets a number."""
    tests: dict[str, SuiteTest] = {}
    for path in sorted(folder.glob("*.xml")):
        for group in parse(path).getroot().iter():
            if _local(group) == "group":
                for test in (child for child in group if _local(child) == "test"):
                    found = _read_test(path.stem, group.get("name", ""), test)
                    while found.key in tests:
                        found = SuiteTest(
                            found.file, found.group, found.name + "'", found.expression, found.expected, found.invalid
                        )
                    tests[found.key] = found
    return list(tests.values())


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _read_test(file: str, group: str, test: Element) -> SuiteTest:
    expression = next(child for child in test if _local(child) == "expression")
    outputs = [child.text or "" for child in test if _local(child) == "output"]
    return SuiteTest(
        file,
        group,
        test.get("name", ""),
        expression.text or "",
        outputs[0] if outputs else None,
        expression.get("invalid"),
    )


def library_text(name: str, expression: str) -> str:
    """Wrap an expression into a library with one definition, "Value"."""
    return f"library {name} version '1'\ndefine \"Value\": {expression}\n"


def translate_suite(tests: list[SuiteTest]) -> dict[str, Translation]:
    """Translate every expression and expected output apart, by keys "<test>#actual" and "<test>#expected"."""
    units = {}
    for test in tests:
        units[f"{test.key}#actual"] = library_text("Actual", test.expression)
        if test.expected is not None:
            units[f"{test.key}#expected"] = library_text("Expected", test.expected)
    cached = cache_folder() / f"cql-suite-{_fingerprint(units)}.json"
    if cached.is_file():
        rows = json.loads(cached.read_text(encoding="utf-8"))
        return {row["key"]: _from_row(row) for row in rows}
    translations = translate(units, annotations=False)
    rows = [
        {
            "key": found.key,
            "elm": found.elm,
            "problems": [[p.library, p.line, p.column, p.severity, p.message] for p in found.problems],
        }
        for found in translations
    ]
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.write_text(json.dumps(rows), encoding="utf-8")
    return {found.key: found for found in translations}


def _from_row(row: dict[str, object]) -> Translation:
    problems = row["problems"]
    elm = row["elm"]
    assert isinstance(problems, list)
    assert elm is None or isinstance(elm, dict)
    return Translation(str(row["key"]), elm, tuple(Problem(*problem) for problem in problems))


def _fingerprint(units: dict[str, str]) -> str:
    """Hash everything that the ELM depends on: the texts, our program, the translator's version."""
    digest = hashlib.sha256(json.dumps(units, sort_keys=True).encode("utf-8"))
    for name in ("translate.mjs", "package-lock.json"):
        digest.update((PROGRAM_FOLDER / name).read_bytes())
    return digest.hexdigest()[:16]
