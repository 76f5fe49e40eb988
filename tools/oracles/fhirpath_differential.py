"""Evaluate the same FHIRPath over the same random resources with this engine and with fhirpath.js; list what differs.

python -m tools.oracles.fhirpath_differential [number of patients] [first seed]
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cds.engine.fhirpath import fhirpath
from cds.errors import CDSError
from tools.oracles import fhirpath_js
from tools.oracles.fhirpath_expressions import EXPRESSIONS
from tools.oracles.fhirpath_js import Case
from tools.oracles.random_patients import REFERENCE_TIME, random_patient
from tools.oracles.tagged import normal, tagged

MAX_RESOURCES_OF_A_TYPE = 3

JSONObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One expression that came out differently over one resource."""

    expression: str
    focus: JSONObject
    ours: JSONObject
    theirs: JSONObject


def cases_of(resources: Sequence[JSONObject]) -> list[Case]:
    """Pair the expressions with a few of the patient's resources, each with the variables of its patient."""
    patient = resources[0]
    egfr = [r for r in resources if r["resourceType"] == "Observation" and "62238-1" in json.dumps(r["code"])]
    variables: JSONObject = {"patient": patient, "egfr": egfr[:1], "limit": 30, "since": "2026-02-15"}
    cases = []
    for resource_type, expressions in EXPRESSIONS.items():
        chosen = [r for r in resources if r["resourceType"] == resource_type][:MAX_RESOURCES_OF_A_TYPE]
        cases += [Case(expression, resource, variables) for resource in chosen for expression in expressions]
    return cases


def our_answer(case: Case) -> JSONObject:
    """Evaluate with this engine, in the form of the reference engine's answer."""
    try:
        found = fhirpath(case.expression).evaluate(case.focus, case.variables, now=REFERENCE_TIME)
    except CDSError as error:
        return {"error": str(error)}
    return {"value": [tagged(value) for value in found]}


def compare(patients: Iterable[Sequence[JSONObject]]) -> tuple[int, list[Difference]]:
    """Compare every case of the patients; gives how many were compared, and those that differ."""
    cases = [case for resources in patients for case in cases_of(resources)]
    answers = fhirpath_js.evaluate(cases)
    differences = []
    for case, theirs in zip(cases, answers, strict=True):
        ours = our_answer(case)
        if not _agree(ours, theirs):
            differences.append(Difference(case.expression, case.focus, ours, theirs))
    return len(cases), differences


def _agree(ours: JSONObject, theirs: JSONObject) -> bool:
    if "error" in ours or "error" in theirs:
        return "error" in ours and "error" in theirs
    return _plain(ours["value"]) == _plain(theirs["value"])


def _plain(values: list[Any]) -> str:
    """Strip the tags: dates are text in both engines' JSON, and elements are their JSON."""
    return json.dumps(normal([_untagged(value) for value in values]), sort_keys=True)


def _untagged(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "resource" in value:
        return value["resource"]
    json_form = value.get("json")
    if isinstance(json_form, dict) and "resourceType" in json_form:
        return f"{json_form['resourceType']}/{json_form.get('id')}"
    for tag in ("dateTime", "date", "time", "text", "json", "element"):
        if tag in value:
            return value[tag]
    return value


def main(arguments: list[str]) -> int:
    """Print the first difference of each expression and a count per expression."""
    number = int(arguments[0]) if arguments else 12
    first = int(arguments[1]) if len(arguments) > 1 else 0
    count, differences = compare(random_patient(seed) for seed in range(first, first + number))
    shown: set[str] = set()
    for found in differences:
        if found.expression not in shown:
            shown.add(found.expression)
            sys.stdout.write(f"{found.expression}\n  ours   {found.ours}\n  theirs {found.theirs}\n  {found.focus}\n")
    for expression, times in Counter(found.expression for found in differences).most_common():
        sys.stdout.write(f"{times:6} {expression}\n")
    sys.stdout.write(f"{count} comparisons, {len(differences)} differences\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
