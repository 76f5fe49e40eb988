"""Fuzz the engine: `python -m tools.fuzz.engine [--count 100000] [--first 0]`.

A case is made from its number alone: damaged ELM of the project's own libraries over a random patient, damaged FHIRPath
over a random resource, or damaged resources under sound logic. The engine may refuse or fail with its own errors;
anything else, and any case that computes for longer than a limit, is a finding.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cds.engine import Engine
from cds.engine.fhirpath import fhirpath
from cds.errors import CDSError
from tools.fuzz.mutations import mutate_json, mutate_text
from tools.oracles.differential import elm_of
from tools.oracles.fhirpath_expressions import EXPRESSIONS
from tools.oracles.random_patients import REFERENCE_TIME, random_patient

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 5.0
MAX_STEPS = 50_000
PATIENTS = 40

JSONObject = dict[str, Any]


class EveryValueSet:
    """A terminology that knows every value set: one code each."""

    def codes(self, url: str, version: str | None) -> dict[str, frozenset[str]]:
        """Give one code."""
        del url, version
        return {"http://loinc.org": frozenset({"62238-1"})}


@dataclass(frozen=True, slots=True)
class Finding:
    """A case that broke a promise."""

    number: int
    kind: str
    what: str


@cache
def small_libraries() -> tuple[JSONObject, ...]:
    """Cut the committed libraries into one small library per definition: itself and what it refers to.

    Small ones compile fast, and every mutation hits something.
    """
    documents = {}
    for root in ("fhir_mappings", "plan_definitions"):
        for path in sorted((REPOSITORY / root).rglob("Library/*.json")):
            document = elm_of(json.loads(path.read_text(encoding="utf-8")))
            if document is not None:
                documents[document["library"]["identifier"]["id"]] = document
    return tuple(small for document in documents.values() for small in _cut(document))


def _cut(document: JSONObject) -> Iterator[JSONObject]:
    library = document["library"]
    statements = {found["name"]: found for found in library["statements"]["def"]}
    head = {name: value for name, value in library.items() if name not in ("statements", "annotation", "includes")}
    for name, statement in statements.items():
        text = json.dumps(statement)
        if (
            name == "Patient"
            or '"libraryName": "' in text.replace('"libraryName": "FHIRHelpers"', "")
            or len(text) > 60_000
        ):
            continue
        chosen = _closure(name, statements)
        includes = {"def": [i for i in library.get("includes", {}).get("def", []) if i["path"] == "FHIRHelpers"]}
        yield {"library": head | {"includes": includes, "statements": {"def": [statements[n] for n in chosen]}}}


def _closure(name: str, statements: dict[str, JSONObject]) -> list[str]:
    """Order a definition behind everything it refers to."""
    found: list[str] = []
    stack = [name]
    while stack:
        current = stack.pop()
        if current in found or current not in statements:
            continue
        found.append(current)
        text = json.dumps(statements[current])
        stack.extend(other for other in statements if f'"name": {json.dumps(other)}' in text)
    return [other for other in statements if other in found]


@cache
def patient(number: int) -> list[JSONObject]:
    """Give one of a fixed number of random patients."""
    return random_patient(number)


def fuzz_elm(dice: random.Random) -> None:
    """Compile damaged ELM; evaluate what compiles."""
    document = mutate_json(dice.choice(small_libraries()), dice, elm=True)
    evaluate_all(document, patient(dice.randrange(PATIENTS)), explain=dice.random() < 0.5)


def fuzz_resources(dice: random.Random) -> None:
    """Evaluate sound logic over damaged resources."""
    resources = mutate_json(patient(dice.randrange(PATIENTS)), dice, elm=False)
    if not isinstance(resources, list) or not all(isinstance(one, dict) for one in resources):
        return
    if dice.randrange(2):
        evaluate_all(dice.choice(small_libraries()), resources, explain=dice.random() < 0.5)
        return
    kind, expressions = dice.choice(list(EXPRESSIONS.items()))
    chosen = [one for one in resources if one.get("resourceType") == kind]
    if chosen:
        fhirpath(dice.choice(expressions)).evaluate(dice.choice(chosen), {"egfr": resources}, now=REFERENCE_TIME)


def fuzz_fhirpath(dice: random.Random) -> None:
    """Parse damaged FHIRPath; evaluate what parses."""
    resources = patient(dice.randrange(PATIENTS))
    kind, expressions = dice.choice(list(EXPRESSIONS.items()))
    chosen = [one for one in resources if one["resourceType"] == kind] or resources
    compiled = fhirpath(mutate_text(dice.choice(expressions), dice))
    compiled.evaluate(dice.choice(chosen), {"patient": resources[0], "limit": 30}, now=REFERENCE_TIME)


def evaluate_all(document: JSONObject, resources: list[JSONObject], *, explain: bool) -> None:
    """Compile a library and evaluate each of its definitions; errors of single definitions are part of the game."""
    engine = Engine([document], value_sets=EveryValueSet(), max_steps=MAX_STEPS)
    session = engine.session(resources, now=REFERENCE_TIME, explain=explain)
    for library in engine.libraries:
        for definition in engine.definitions(library):
            try:
                session.evaluate(library, definition.name)
            except CDSError:
                continue
    if explain:
        explanation = session.explanation()
        for place in explanation.reads:
            explanation.evidence(*explanation.names[place][:2])


KINDS: tuple[tuple[str, Callable[[random.Random], None]], ...] = (
    ("elm", fuzz_elm),
    ("fhirpath", fuzz_fhirpath),
    ("resources", fuzz_resources),
)


def run_case(number: int, limit_seconds: float = LIMIT_SECONDS) -> Finding | None:
    """Run one case; None when every promise was kept. Time is that of the processor: a busy machine is no hang."""
    kind, work = KINDS[number % len(KINDS)]
    small_libraries()  # read and translated before the clock starts
    start = time.process_time()
    try:
        work(random.Random(number))
    except CDSError:
        pass
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return Finding(number, kind, f"{type(error).__name__}: {error}"[:300])
    seconds = time.process_time() - start
    return Finding(number, kind, f"took {seconds:.1f} s") if seconds > limit_seconds else None


def main() -> int:
    """Run the cases and print the findings; 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", choices=[kind for kind, _ in KINDS])
    arguments = parser.parse_args()
    small_libraries()
    gc.freeze()  # what is read once need not be looked through again and again
    start = time.perf_counter()
    findings = 0
    numbers = range(arguments.first, arguments.first + arguments.count)
    for number in numbers:
        if arguments.only and KINDS[number % len(KINDS)][0] != arguments.only:
            continue
        finding = run_case(number)
        if finding is not None:
            findings += 1
            sys.stdout.write(f"{finding.number} {finding.kind}: {finding.what}\n")
            sys.stdout.flush()
    seconds = time.perf_counter() - start
    sys.stdout.write(f"{len(numbers)} cases in {seconds:.0f} s, {findings} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
