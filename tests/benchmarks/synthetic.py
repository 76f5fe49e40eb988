"""A guideline of any size: so many recommendations, each with its own definitions, of which one in fifty fires.

CQL and PlanDefinition are written and translated once, into the cache folder.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cds.authoring.build import build, write
from cds.authoring.translator import cache_folder
from cds.fhir.json import dumps
from tests.benchmarks.engine.bench_data import LOINC, OTHER_CODES, observation
from tests.benchmarks.requests import prefetch

BASE = "http://example.org/bench"
HOOK = "patient-view"
UNIT = "mg/dL"
VALUE, FIRES_BELOW, SILENT_BELOW = 50.0, 60, 40
PER_LIBRARY, ONE_IN = 50, 50
_HEAD = """
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1' called FHIRHelpers
"""


def synthetic_guideline(recommendations: int) -> Path:
    """Give the folder of a guideline with so many recommendations; it is made on first use."""
    libraries = _libraries(recommendations)
    plan = json.dumps(_plan_definition(recommendations))
    digest = hashlib.sha256("".join([plan, *libraries.values()]).encode()).hexdigest()[:12]
    folder = cache_folder() / "bench" / f"synthetic-{recommendations}-{digest}"
    if not (folder / "PlanDefinition").is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "cql").mkdir(parents=True)
        for name, text in libraries.items():
            (folder / "cql" / f"{name}.cql").write_text(text)
        built = build([folder], base=BASE)
        if built.errors:
            raise ValueError(built.errors[0])
        write(built)
        (folder / "PlanDefinition").mkdir()
        (folder / "PlanDefinition" / "synthetic.json").write_text(plan)
    return folder


def synthetic_call(templates: Mapping[str, str], observations: int) -> bytes:
    """Write a call about a patient with so many results, of which the newest of every kind is the same."""
    now = datetime.now(UTC).replace(microsecond=0)
    resources: list[Any] = [{"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1950-06-15"}]
    for number in range(observations):
        code = OTHER_CODES[number % len(OTHER_CODES)]
        resources.append(observation(number, code, now - timedelta(days=3 + number), VALUE, UNIT))
    return dumps(
        {
            "hook": HOOK,
            "hookInstance": "11111111-1111-4111-8111-111111111111",
            "context": {"userId": "Practitioner/1", "patientId": "p1"},
            "prefetch": prefetch(templates, resources),
        }
    )


def _libraries(recommendations: int) -> dict[str, str]:
    codes = "\n".join(f'code "Test {number}": \'{code}\' from "LOINC"' for number, code in enumerate(OTHER_CODES))
    latest = "\n".join(_latest(number) for number in range(len(OTHER_CODES)))
    data = f"library SyntheticData version '1.0.0'\n{_HEAD}\ncodesystem \"LOINC\": '{LOINC}'\n{codes}\n"
    texts = {"SyntheticData": f"{data}\ncontext Patient\n{latest}"}
    for first in range(0, recommendations, PER_LIBRARY):
        name = _library(first)
        rules = "\n".join(_rule(number) for number in range(first, min(first + PER_LIBRARY, recommendations)))
        include = "include SyntheticData version '1.0.0' called Data\n"
        texts[name] = f"library {name} version '1.0.0'\n{_HEAD}{include}\ncontext Patient\n{rules}"
    return texts


def _library(number: int) -> str:
    return f"Synthetic{number // PER_LIBRARY}"


def _latest(number: int) -> str:
    return f"""
define "Test {number} Value":
  Last(
    [Observation: "Test {number}"] O
      where O.status in {{ 'final', 'amended', 'corrected' }}
      sort by (effective as FHIR.dateTime).value
  ).value as FHIR.Quantity
"""


def _rule(number: int) -> str:
    limit = FIRES_BELOW if number % ONE_IN == 0 else SILENT_BELOW - number % 30
    test = f'Data."Test {number % len(OTHER_CODES)} Value"'
    return f"""
define "Rule {number}":
  AgeInYears() >= 18 and {test} < {limit} '{UNIT}'

define "Rule {number}: Summary":
  'Test is ' + ToString({test}.value.value) + ' (below {limit}): recommendation {number}'
"""


def _plan_definition(recommendations: int) -> dict[str, Any]:
    return {
        "resourceType": "PlanDefinition",
        "id": "synthetic",
        "url": f"{BASE}/PlanDefinition/synthetic",
        "version": "1.0.0",
        "name": "Synthetic",
        "title": f"{recommendations} recommendations",
        "status": "active",
        "library": [f"{BASE}/Library/{_library(first)}|1.0.0" for first in range(0, recommendations, PER_LIBRARY)],
        "action": [_action(number) for number in range(recommendations)],
    }


def _action(number: int) -> dict[str, Any]:
    def cql(definition: str) -> dict[str, str]:
        return {"language": "text/cql-identifier", "expression": f'{_library(number)}."{definition}"'}

    code = {"system": f"{BASE}/CodeSystem/recommendation", "code": f"synthetic-{number}"}
    return {
        "id": f"synthetic-{number}",
        "title": f"Recommendation {number}",
        "description": f"What recommendation {number} says.",
        "priority": "routine",
        "code": [{"coding": [code]}],
        "documentation": [{"type": "citation", "display": "Made for the benchmark"}],
        "trigger": [{"type": "named-event", "name": HOOK}],
        "condition": [{"kind": "applicability", "expression": cql(f"Rule {number}")}],
        "dynamicValue": [{"path": "title", "expression": cql(f"Rule {number}: Summary")}],
    }
