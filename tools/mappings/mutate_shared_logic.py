"""Make small wrong versions of the shared libraries: does a case of fhir_mappings/tests notice each?

    python -m tools.mappings.mutate_shared_logic [--library NAME] [--only DEFINITION] [--limit N] [--part K/N]

What `cds mutate` does for a guideline, for the libraries that have no guideline of their own. Prints what survives;
a definition with a tag `@survives: REASON` in its comment is excused. `--part 1/2` takes every second mutant, so that
two processes share the work.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cds.engine.errors import EngineError
from cds.expressions.own_libraries import OwnLibrary
from cds.tester.mutation import Mutant, mutants, without_annotations
from tests.content.shared_logic import MAPPINGS, PROBE, Case, cases, differing, engine, libraries

Name = tuple[str, str]


def main() -> None:
    """Try the mutants and list those that no case notices."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--library", default="")
    arguments.add_argument("--only", default="")
    arguments.add_argument("--limit", type=int, default=None)
    arguments.add_argument("--part", default="1/1")
    given = arguments.parse_args()
    chosen = [one for library in _own(given.library) for one in mutants(library) if given.only in ("", one.unit.name)]
    part, parts = map(int, given.part.split("/"))
    chosen = chosen[part - 1 :: parts]
    if given.limit is not None:
        chosen = chosen[:: max(1, len(chosen) // given.limit)]
    touched = _cases_by_definition()
    survivors = 0
    for number, mutant in enumerate(chosen, 1):
        if not _noticed(mutant, touched[mutant.library, mutant.unit.name]):
            survivors += not mutant.excuse
            word = f"EXCUSED ({mutant.excuse})" if mutant.excuse else "SURVIVED"
            print(f'{word} {mutant.library}, line {mutant.line}: "{mutant.unit.name}": {mutant.change}')
            print(f"     {mutant.cql}", flush=True)
        if number % 50 == 0:
            print(f"… {number} of {len(chosen)}", file=sys.stderr, flush=True)
    print(f"{len(chosen)} wrong versions, {survivors} survived")
    sys.exit(1 if survivors else 0)


def _own(only: str) -> Iterator[OwnLibrary]:
    for path in sorted((MAPPINGS / "Library").glob("*.json")):
        if only in ("", path.stem):
            yield OwnLibrary(path.stem, path.name, libraries()[path.stem], _lines(path))


def _lines(path: Path) -> tuple[str, ...]:
    contents = json.loads(path.read_bytes())["content"]
    source = next(one["data"] for one in contents if one["contentType"] == "text/cql")
    return tuple(base64.b64decode(source).decode().splitlines())


def _cases_by_definition() -> Mapping[Name, list[Case]]:
    """Which cases go through a definition or function, those of the shortest way first."""
    uses: dict[Name, set[Name]] = {}
    for name, document in libraries().items():
        for statement in document["library"]["statements"]["def"]:
            key = (name, statement["name"])
            uses.setdefault(key, set()).update(_referenced(statement.get("expression"), name))
    by_probe: dict[str, list[Case]] = defaultdict(list)
    for case in cases():
        by_probe[case.definition].append(case)
    found: dict[Name, list[Case]] = defaultdict(list)
    for definition, listed in sorted(by_probe.items(), key=lambda item: len(item[1])):
        for reached in _reach((PROBE, definition), uses):
            found[reached] += listed
    return found


def _reach(start: Name, uses: Mapping[Name, set[Name]]) -> set[Name]:
    reached, waiting = {start}, [start]
    while waiting:
        new = uses.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def _referenced(node: Any, library: str) -> Iterator[Name]:
    if isinstance(node, list):
        for item in node:
            yield from _referenced(item, library)
    elif isinstance(node, dict):
        if node.get("type") in ("ExpressionRef", "FunctionRef"):
            yield node.get("libraryName", library), node["name"]
        for value in node.values():
            yield from _referenced(value, library)


def _noticed(mutant: Mutant, touched: list[Case]) -> bool:
    try:
        changed = engine().with_library(mutant.apply(without_annotations(libraries()[mutant.library])))
        return any(differing(case, changed) for case in touched)
    except EngineError:
        return True


if __name__ == "__main__":
    main()
