"""Write docs/concepts.md: every concept with its codes by system, its unit, the windows it is read in, who uses it.

    python tools/mappings/concepts_table.py [--check]

Windows and users are read from the compiled logic of the guidelines. `--check` writes nothing and fails when the page
is not current.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from logic_use import Use, uses_of_value_sets

_ROOT = Path(__file__).parent.parent.parent
_PAGE = _ROOT / "docs" / "concepts.md"
_SYSTEMS = {
    "http://loinc.org": "LOINC",
    "http://npu-terminology.org": "NPU",
    "http://snomed.info/sct": "SNOMED CT",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "urn:oid:1.2.208.176.2.4.12": "SKS",
    "http://www.whocc.no/atc": "ATC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://hl7.org/fhir/sid/cvx": "CVX",
}
_OWN = ("/CodeSystem/clinical-concept", "/CodeSystem/clinical-finding")
_HEAD = """# Concepts

What the guidelines read, by the name that a local code is mapped to; `fhir_mappings/README.md` says how. Codes in any
of these systems are read; a pattern such as `C90\\.?0.*` takes every code below it. The unit is the one that results
are converted to. A window is a length of time that a guideline's logic sets against the date of what it reads, with the
name of the definition that states it: most say how old a result or a dose may be, some how far apart two things lie.
"Any age" has none. Written from the content by `tools/mappings/concepts_table.py`.
"""
_SECTIONS = ("Measurements", "Drugs", "Diagnoses", "Vaccines", "Findings without a public code", "Other concepts")


def main() -> None:
    """Write the page, or check it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    current = page()
    if not arguments.parse_args().check:
        _PAGE.write_text(current, encoding="utf-8")
    elif not _PAGE.is_file() or _PAGE.read_text(encoding="utf-8") != current:
        sys.exit("docs/concepts.md is not current: run tools/mappings/concepts_table.py")


def page() -> str:
    """Return the whole page."""
    mappings = _ROOT / "fhir_mappings"
    guidelines = sorted(path for path in (_ROOT / "plan_definitions").iterdir() if (path / "PlanDefinition").is_dir())
    uses = uses_of_value_sets(guidelines, mappings)
    units = {path.stem: _unit(path) for path in sorted((mappings / "ObservationDefinition").glob("*.json"))}
    sections: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for value_set in _value_sets(mappings):
        sections[_section(value_set, units)].append(value_set)
    lines = [_HEAD]
    for title in _SECTIONS:
        lines += _table(title, sections[title], units, uses)
    for guideline in guidelines:
        lines += _table(f"Only in {guideline.name}", list(_value_sets(guideline)), {}, uses)
    return "\n".join(lines) + "\n"


def _value_sets(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((folder / "ValueSet").glob("*.json")):
        yield json.loads(path.read_bytes())


def _unit(path: Path) -> str:
    unit: str = json.loads(path.read_bytes())["quantitativeDetails"]["unit"]["coding"][0]["code"]
    return unit


def _section(value_set: dict[str, Any], units: dict[str, str]) -> str:
    systems = {part.get("system", "") for part in value_set["compose"]["include"]}
    names = {_SYSTEMS.get(system) for system in systems}
    if value_set["id"] in units:
        return "Measurements"
    if names & {"ATC", "RxNorm"}:
        return "Drugs"
    if "ICD-10" in names:
        return "Diagnoses"
    if "CVX" in names:
        return "Vaccines"
    return "Findings without a public code" if all(system.endswith(_OWN) for system in systems) else "Other concepts"


def _table(
    title: str, value_sets: list[dict[str, Any]], units: dict[str, str], uses: dict[str, list[Use]]
) -> Iterator[str]:
    if not value_sets:
        return
    rows = [(value_set, _codes(value_set)) for value_set in value_sets]
    present = {name for _, codes in rows for name in codes}
    columns = [name for name in (*_SYSTEMS.values(), "other") if name in present]
    with_unit = ["unit"] if any(value_set["id"] in units for value_set in value_sets) else []
    head = ["concept", "name", *with_unit, *columns, "window", "used by"]
    yield f"\n## {title}\n"
    yield _row(head)
    yield _row(["---"] * len(head))
    for value_set, codes in rows:
        used = uses.get(value_set["url"], [])
        unit = [_code(units[value_set["id"]]) if value_set["id"] in units else ""] if with_unit else []
        cells = [_code(value_set["id"]), value_set.get("title", ""), *unit]
        cells += [" ".join(_code(code) for code in codes.get(name, ())) for name in columns]
        yield _row([*cells, _windows(used), ", ".join(sorted({use.guideline for use in used}))])


def _codes(value_set: dict[str, Any]) -> dict[str, list[str]]:
    """Return the codes and patterns by the short name of their system; the concept's own code is its id."""
    found: dict[str, list[str]] = defaultdict(list)
    for part in value_set["compose"]["include"]:
        system = part.get("system", "")
        name = _SYSTEMS.get(system, "other")
        if not system.endswith(_OWN):
            prefix = "" if name != "other" else f"{system}#"
            found[name] += [prefix + one["code"] for one in part.get("concept", ())]
            found[name] += [one["value"] for one in part.get("filter", ())]
    return {name: codes for name, codes in found.items() if codes}


def _windows(used: Iterable[Use]) -> str:
    """Write "dk-denosumab: any age; nl-lenalidomide: 7 days (Blood Count Window, Resume Window), 28 days (Nadir)"."""
    return "; ".join(f"{use.guideline}: {_lengths(use)}" for use in sorted(used, key=lambda use: use.guideline))


def _lengths(use: Use) -> str:
    names: dict[tuple[float, str], set[str]] = defaultdict(set)
    for window in use.windows:
        names[window.days, window.text] |= {window.name} - {""}
    return ", ".join(_length(text, named) for (_, text), named in sorted(names.items())) or "any age"


def _length(text: str, names: set[str]) -> str:
    return f"{text} ({', '.join(sorted(names))})" if names else text


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


if __name__ == "__main__":
    main()
