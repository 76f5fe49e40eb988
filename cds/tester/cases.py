"""Read case files: `<guideline>/tests/*.json`, with `fixtures.json` beside them.

A case file is {"recommendation": id, "cases": [case, …]}; a case names the hook, the pinned clock, the patient's
resources, the drafts of the order hooks, and what is expected. A resource is written out, or named from the fixtures,
or made from one: {"like": "creatinine", "valueQuantity.value": 210} is a deep copy with the given elements replaced
(null removes one).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cds.content.case_files import FIXTURES, case_files
from cds.errors import BadRequest, ContentError
from cds.fhir.json import loads
from cds.fhir.patient_compartment import NOT_ABOUT_A_PATIENT, patient_element, patient_reference
from cds.tester.element_paths import set_element

_CASE_MEMBERS = {"name", "hook", "now", "resources", "draftOrders", "selections", "context", "expect"}
_EXPECT_MEMBERS = {"fires", "silent", "fires_only", "cards", "could_not_evaluate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case, ready to run: every resource is whole and belongs to the patient."""

    file: str
    name: str
    recommendation: str
    hook: str
    now: datetime
    resources: tuple[Mapping[str, Any], ...]
    draft_orders: tuple[Mapping[str, Any], ...]
    selections: tuple[str, ...] | None
    context: Mapping[str, Any]
    expect: Mapping[str, Any]

    @property
    def guideline(self) -> str:
        """The guideline: the name of its folder, which is the id of its PlanDefinition."""
        return self.file.partition("/")[0]

    @property
    def patient_id(self) -> str:
        """The id of the one Patient among the resources."""
        return next(str(resource["id"]) for resource in self.resources if resource["resourceType"] == "Patient")


def read_cases(folder: Path) -> Iterator[Case]:
    """Yield the cases of a guideline folder's `tests/`; raise `ContentError` that names the file and the case."""
    tests = folder / "tests"
    fixtures = _read(tests / FIXTURES) if (tests / FIXTURES).is_file() else {}
    for path in case_files(folder):
        document = _read(path)
        file = f"{folder.name}/tests/{path.name}"
        recommendation = document.get("recommendation")
        if not isinstance(recommendation, str) or not isinstance(document.get("cases"), list):
            msg = "a case file is an object with `recommendation` and `cases`"
            raise ContentError(msg, file=file)
        for index, case in enumerate(document["cases"]):
            yield _case(case, recommendation, fixtures, file, f"cases[{index}]")


def _case(raw: Any, recommendation: str, fixtures: Mapping[str, Any], file: str, path: str) -> Case:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("name"), str):
        msg = "a case is an object with a `name`"
        raise ContentError(msg, file=file, path=path)
    unknown = (set(raw) - _CASE_MEMBERS) | (set(raw.get("expect", {})) - _EXPECT_MEMBERS)
    if unknown:
        msg = f"unknown member {', '.join(sorted(unknown))}"
        raise ContentError(msg, file=file, path=path)
    if not raw.get("expect"):
        msg = "a case without `expect` cannot fail"
        raise ContentError(msg, file=file, path=path)
    try:
        resources = _unique_ids([_resource(item, fixtures) for item in raw.get("resources", [])])
        drafts = _unique_ids([_resource(item, fixtures) for item in raw.get("draftOrders", [])])
        now = datetime.fromisoformat(raw["now"])
        hook = str(raw["hook"])
    except (KeyError, ValueError, TypeError, IndexError) as error:
        msg = f"{type(error).__name__}: {error}"
        raise ContentError(msg, file=file, path=path) from error
    patients = [resource["id"] for resource in resources if resource["resourceType"] == "Patient"]
    if len(patients) != 1 or now.tzinfo is None:
        msg = "a case has exactly one Patient among its resources, and a `now` with its zone"
        raise ContentError(msg, file=file, path=path)
    for resource in (*resources, *drafts):
        _belong_to(resource, patients[0])
    return Case(
        file=file,
        name=raw["name"],
        recommendation=recommendation,
        hook=hook,
        now=now,
        resources=tuple(resources),
        draft_orders=tuple(drafts),
        selections=tuple(raw["selections"]) if "selections" in raw else None,
        context=raw.get("context", {}),
        expect=raw["expect"],
    )


def _resource(item: Any, fixtures: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(item, str):
        return copy.deepcopy(_fixture(item, fixtures))
    if isinstance(item, Mapping) and "like" in item:
        resource = copy.deepcopy(_fixture(item["like"], fixtures))
        for path, value in item.items():
            if path != "like":
                set_element(resource, path, copy.deepcopy(value))
        return resource
    if isinstance(item, Mapping) and isinstance(item.get("resourceType"), str):
        return copy.deepcopy(dict(item))
    msg = "a resource is a FHIR resource, the name of a fixture, or an object with `like`"
    raise ValueError(msg)


def _fixture(name: str, fixtures: Mapping[str, Any]) -> dict[str, Any]:
    if name not in fixtures:
        msg = f"there is no fixture `{name}` in {FIXTURES}"
        raise ValueError(msg)
    fixture = fixtures[name]
    return _resource(fixture, {key: value for key, value in fixtures.items() if key != name})


def _unique_ids(resources: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    seen: set[tuple[str, str]] = set()
    for number, resource in enumerate(resources, start=1):
        key = (resource["resourceType"], resource.setdefault("id", f"{resource['resourceType'].lower()}-{number}"))
        if key in seen:
            resource["id"] = f"{key[1]}-{number}"
        seen.add((key[0], resource["id"]))
    return list(resources)


def _belong_to(resource: dict[str, Any], patient_id: str) -> None:
    resource_type = resource["resourceType"]
    if resource_type == "Patient" or resource_type in NOT_ABOUT_A_PATIENT or patient_reference(resource):
        return
    resource[patient_element(resource_type)] = {"reference": f"Patient/{patient_id}"}


def _read(path: Path) -> dict[str, Any]:
    try:
        document = loads(path.read_bytes())
    except BadRequest as error:
        msg = str(error).replace("the body", "the file")
        raise ContentError(msg, file=path.name) from None
    if not isinstance(document, dict):
        msg = "the file must hold a JSON object"
        raise ContentError(msg, file=path.name)
    return document
