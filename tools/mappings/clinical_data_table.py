"""Write the tables of the shared libraries' definitions and functions into fhir_mappings/README.md, between two marks.

    python tools/mappings/clinical_data_table.py [--check]

`--check` writes nothing and fails when the table is not current.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_MAPPINGS = Path(__file__).parent.parent.parent / "fhir_mappings"
_BEGIN, _END = "<!-- tables of the libraries: begin -->", "<!-- tables of the libraries: end -->"
_FIRST = "ClinicalData"
_SECTION = re.compile(r"(?m)^// -{20,} (.+)$")
_DEFINE = re.compile(
    r"(?:/\*(?P<comment>(?:(?!\*/).)*)\*/\s*)?"
    r'define (?:function )?"(?P<name>[^"]+)"(?:\((?P<takes>[^)]*)\))?:',
    re.DOTALL,
)
_LIST = re.compile(r"List<(?:FHIR|System)\.([\w.]+)>")
_TYPE = re.compile(r"(?:FHIR|System)\.([\w.]+)")


def main() -> None:
    """Replace the table in the README, or check it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    check = arguments.parse_args().check
    readme = _MAPPINGS / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    files = sorted((_MAPPINGS / "cql").glob("*.cql"), key=lambda path: (path.stem != _FIRST, path.stem))
    tables = (line for path in files for line in [f"\n### {path.stem}", *table(path.read_text(encoding="utf-8"))])
    current = f"{before}{_BEGIN}\n{chr(10).join(tables)}\n{_END}{after}"
    if not check:
        readme.write_text(current, encoding="utf-8")
    elif current != text:
        sys.exit("a table in fhir_mappings/README.md is not current: run tools/mappings/clinical_data_table.py")


def table(source: str) -> Iterator[str]:
    """Yield the lines of one Markdown table per section of the CQL source."""
    parts = _SECTION.split(source)
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        yield f"\n#### {title[:1].upper()}{title[1:]}\n\n| name | takes | says |\n|---|---|---|"
        for found in _DEFINE.finditer(body):
            comment = " ".join((found["comment"] or "").split()).replace("|", "\\|")
            yield f"| `{found['name']}` | {_takes(found['takes'])} | {comment} |"


def _takes(operands: str | None) -> str:
    if operands is None:
        return "–"
    return ", ".join(
        _TYPE.sub(r"*\1*", _LIST.sub(r"*list of \1*", " ".join(operand.split()))) for operand in operands.split(",")
    )


if __name__ == "__main__":
    main()
