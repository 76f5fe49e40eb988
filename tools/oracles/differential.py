"""Evaluate the same ELM over the same random patients with this engine and with cql-execution, and list what differs.

python -m tools.oracles.differential [number of patients] [first seed]
"""

from __future__ import annotations

import base64
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds.authoring.errors import AuthoringError
from cds.authoring.sources import read_cql_file
from cds.authoring.translator import translate
from cds.engine import Engine
from cds.errors import CDSError
from tools.oracles import cql_execution
from tools.oracles.cql_execution import Patient
from tools.oracles.maven import official_fhir_helpers
from tools.oracles.project_patients import project_patient, project_value_sets
from tools.oracles.random_patients import REFERENCE_TIME, VALUE_SETS, random_patient
from tools.oracles.tagged import normal, tagged

REPOSITORY = Path(__file__).resolve().parents[2]
LIBRARY_FOLDER = REPOSITORY / "tests" / "differential" / "cql"

JSONObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One definition that came out differently for the random patient of `seed`."""

    seed: int
    library: str
    definition: str
    ours: Any
    theirs: Any

    @property
    def key(self) -> str:
        """Name the definition."""
        return f"{self.library}.{self.definition}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many answers were compared, and those that differ."""

    count: int
    differences: tuple[Difference, ...]


class CodesOf:
    """The value sets of the random patients, as the engine's terminology port."""

    def __init__(self, value_sets: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
        self.value_sets = value_sets

    def codes(self, url: str, version: str | None) -> Mapping[str, frozenset[str]] | None:
        """Give the codes by system; None for a value set that is not at hand."""
        del version
        members = self.value_sets.get(url)
        if members is None:
            return None
        systems = {member["system"] for member in members}
        return {s: frozenset(m["code"] for m in members if m["system"] == s) for s in systems}


def translated(folders: Iterable[Path]) -> dict[str, JSONObject]:
    """Translate every CQL file of the folders with the official FHIRHelpers; gives ELM by library name."""
    files = [read_cql_file(path) for folder in folders for path in sorted(folder.glob("*.cql"))]
    sources = {file.name: file.text for file in files} | {"FHIRHelpers": official_fhir_helpers()}
    elm = {}
    for found in translate(sources, sources=sources, annotations=False):
        if found.elm is None or found.errors:
            message = f"{found.key} does not translate: {found.problems}"
            raise AuthoringError(message)
        elm[found.key] = found.elm
    return elm


def shipped() -> dict[str, JSONObject]:
    """Read the ELM of every Library of the project as it ships, with the official FHIRHelpers translated beside it."""
    helpers = {"FHIRHelpers": official_fhir_helpers()}
    elm = {found.key: found.elm for found in translate(helpers, annotations=False) if found.elm is not None}
    for root in ("fhir_mappings", "plan_definitions"):
        for path in sorted((REPOSITORY / root).rglob("Library/*.json")):
            document = elm_of(json.loads(path.read_text(encoding="utf-8")))
            if document is not None:
                elm[document["library"]["identifier"]["id"]] = document
    return elm


def elm_of(library: JSONObject) -> JSONObject | None:
    """Take the ELM out of a FHIR Library."""
    for content in library.get("content", []):
        if content.get("contentType") == "application/elm+json":
            document: JSONObject = json.loads(base64.b64decode(content["data"]))
            return document
    return None


def definitions_of(elm: JSONObject) -> list[str]:
    """List the definitions of a library that have a value: no functions, not the context itself."""
    statements = elm["library"].get("statements", {}).get("def", [])
    return [found["name"] for found in statements if found.get("type") != "FunctionDef" and found["name"] != "Patient"]


def parameters_of(resources: Sequence[JSONObject]) -> JSONObject:
    """Make a hook context of the patient's own drafts, every other one of them selected."""
    drafts = [r for r in resources if r["resourceType"] == "MedicationRequest" and r["status"] == "draft"]
    return {
        "hook": "order-select",
        "draftOrders": drafts,
        "draftServiceRequests": [],
        "selections": [f"MedicationRequest/{draft['id']}" for draft in drafts[::2]],
    }


def our_answers(
    engine: Engine, ask: Mapping[str, Sequence[str]], resources: Sequence[JSONObject]
) -> dict[str, dict[str, JSONObject]]:
    """Evaluate with this engine, in the form of the reference engine's answer."""
    session = engine.session(list(resources), parameters=parameters_of(resources), now=REFERENCE_TIME)
    answers: dict[str, dict[str, JSONObject]] = {}
    for library, definitions in ask.items():
        row = answers.setdefault(library, {})
        for definition in definitions:
            try:
                row[definition] = {"value": tagged(session.evaluate(library, definition))}
            except CDSError as error:
                row[definition] = {"error": str(error)}
    return answers


def compare(
    elm: Mapping[str, JSONObject],
    patients: Mapping[int, Sequence[JSONObject]],
    value_sets: Mapping[str, Sequence[Mapping[str, str]]] = VALUE_SETS,
) -> Comparison:
    """Compare every definition for every patient (by seed). Two errors agree, whatever their wording."""
    ours = {name: document for name, document in elm.items() if name != "FHIRHelpers"}
    ask = {name: definitions_of(document) for name, document in ours.items()}
    engine = Engine(list(ours.values()), value_sets=CodesOf(value_sets))
    count = 0
    differences = []
    seen = [Patient(list(resources), parameters_of(resources)) for resources in patients.values()]
    answers = cql_execution.evaluate(list(elm.values()), ask, seen, now=REFERENCE_TIME, value_sets=value_sets)
    for (seed, resources), theirs in zip(patients.items(), answers, strict=True):
        mine = our_answers(engine, ask, resources)
        for library, definitions in ask.items():
            for definition in definitions:
                count += 1
                ours_here, theirs_here = mine[library][definition], theirs[library][definition]
                if not _agree(ours_here, theirs_here):
                    differences.append(Difference(seed, library, definition, ours_here, theirs_here))
    return Comparison(count, tuple(differences))


def _agree(ours: JSONObject, theirs: JSONObject) -> bool:
    if "error" in ours or "error" in theirs:
        return "error" in ours and "error" in theirs
    return json.dumps(normal(ours["value"]), sort_keys=True) == json.dumps(normal(theirs["value"]), sort_keys=True)


def main(arguments: list[str]) -> int:
    """Print each difference and a count per definition."""
    numbers = [int(argument) for argument in arguments if argument != "--shipped"]
    number, first = (*numbers, 25, 0)[:2] if len(numbers) != 1 else (numbers[0], 0)
    seeds = range(first, first + number)
    if "--shipped" in arguments:
        elm, value_sets = shipped(), project_value_sets()
        found = compare(elm, {seed: project_patient(seed, elm, value_sets) for seed in seeds}, value_sets)
    else:
        found = compare(translated([LIBRARY_FOLDER]), {seed: random_patient(seed) for seed in seeds})
    for difference in found.differences:
        sys.stdout.write(
            f"{difference.seed} {difference.key}\n  ours   {difference.ours}\n  theirs {difference.theirs}\n"
        )
    for key, times in Counter(difference.key for difference in found.differences).most_common():
        sys.stdout.write(f"{times:6} {key}\n")
    sys.stdout.write(f"{found.count} comparisons, {len(found.differences)} differences\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
