"""The libraries that all guidelines share, run over the cases of fhir_mappings/tests."""

import asyncio
import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from cds.data.gather import gather_patient_data
from cds.engine import Engine, to_json
from cds.expressions.code_members import EngineValueSets
from cds.hooks.request import CDSRequest
from cds.terminology.mappings import Mappings
from cds.terminology.value_sets import ValueSets

MAPPINGS = Path(__file__).parents[2] / "fhir_mappings"
PROBE = "ClinicalDataProbe"
NOW = "2026-03-02T10:00:00+01:00"
PATIENT = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1966-03-03"}
# File of cases → the definition of the probe that they are about.
DEFINITIONS = {
    "body": "Body",
    "coded": "Coded",
    "courses": "Courses",
    "dosages": "Orders",
    "formulas": "Formulas",
    "light-chains": "Light Chains",
    "missing": "Missing",
    "missing-courses": "Missing Courses",
    "missing-inputs": "Missing Inputs",
    "missing-problems": "Missing Problems",
    "moments": "Moments",
    "patients": "Patient Facts",
    "pregnancy": "Pregnancy Potential",
    "records": "Records",
    "results": "Results",
    "treatment": "Treatment",
}
AS_HOSPITALS_SEND = "coded"  # these go through the data layer first: codes, units, references, other patients
LOCAL_MAP = {
    "resourceType": "ConceptMap",
    "group": [
        {
            "source": "https://hospital.example.org/codes",
            "target": "https://fhir-cds.example.org/fhir/CodeSystem/clinical-concept",
            "element": [
                {"code": f"X-{name}", "target": [{"code": name, "equivalence": "equivalent"}]}
                for name in ("creatinine", "lenalidomide")
            ],
        }
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is on record, and what the definition says of it; `expect` names only what the case is about."""

    file: str
    name: str
    definition: str
    resources: list[dict[str, Any]]
    expect: dict[str, Any]
    now: str = NOW
    patient: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)


@cache
def cases() -> tuple[Case, ...]:
    """Every case of every file."""
    return tuple(
        Case(file=file, definition=definition, **written)
        for file, definition in DEFINITIONS.items()
        for written in json.loads((MAPPINGS / "tests" / f"{file}.json").read_bytes())
    )


def elm(path: Path) -> dict[str, Any]:
    """The compiled form in a Library resource."""
    contents = json.loads(path.read_bytes())["content"]
    content = next(item for item in contents if item["contentType"] == "application/elm+json")
    compiled: dict[str, Any] = json.loads(base64.b64decode(content["data"]))
    return compiled


@cache
def libraries() -> dict[str, dict[str, Any]]:
    """The shared libraries and the probe, by name."""
    paths = [*(MAPPINGS / "Library").glob("*.json"), MAPPINGS / "tests" / "Library" / f"{PROBE}.json"]
    return {path.stem: elm(path) for path in sorted(paths)}


@cache
def engine() -> Engine:
    """The engine with the shipped value sets."""
    value_sets = ValueSets([json.loads(path.read_bytes()) for path in (MAPPINGS / "ValueSet").glob("*.json")])
    return Engine(list(libraries().values()), value_sets=EngineValueSets(value_sets))


@cache
def mappings() -> Mappings:
    """The shipped maps and units, and a hospital's own codes."""
    kinds = ("ConceptMap", "NamingSystem", "ObservationDefinition")
    shipped = [json.loads(path.read_bytes()) for kind in kinds for path in (MAPPINGS / kind).glob("*.json")]
    return Mappings([*shipped, LOCAL_MAP])


def gathered(resources: list[dict[str, Any]]) -> Any:
    """The patient's data as the logic gets them: others' dropped, references resolved, codes and units mapped."""
    call = {"hook": "patient-view", "hookInstance": "00000000-0000-4000-8000-000000000001"}
    request = CDSRequest.from_json(call | {"context": {"userId": "Practitioner/d", "patientId": "p"}})
    now = datetime.fromisoformat(NOW)
    return asyncio.run(gather_patient_data((), request, None, mappings(), now=now, given=[PATIENT, *resources]))


@cache
def _about(file: str, name: str) -> list[dict[str, Any]]:
    case = next(one for one in cases() if (one.file, one.name) == (file, name))
    if file == AS_HOSPITALS_SEND:
        return list(gathered(case.resources).resources)
    patient = {name: value for name, value in (PATIENT | case.patient).items() if value is not None}
    return [patient, *({"subject": {"reference": "Patient/p"}, **resource} for resource in case.resources)]


def differing(case: Case, using: Engine) -> dict[str, Any]:
    """What the definition says, where it is not what the case expects."""
    about = _about(case.file, case.name)
    session = using.session(about, parameters=case.parameters, now=datetime.fromisoformat(case.now))
    read = to_json(session.evaluate(PROBE, case.definition))
    (read,) = read if isinstance(read, list) else (read,)
    return {name: read.get(name) for name, expected in case.expect.items() if not _same(read.get(name), expected)}


def _same(actual: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return len(actual or ()) == len(expected) and all(map(_same, actual or (), expected))
    if actual is None or expected is None or isinstance(expected, str | bool):
        return bool(actual == expected)
    return float(actual) == expected
