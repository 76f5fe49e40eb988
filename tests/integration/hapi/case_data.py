"""The data of content cases under ids of their own, so that all cases fit on one FHIR server.

Cases with equal data share them: a patient who is asked about by several cases is written once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cds.content.case_files import guideline_folders
from cds.fhir.json import dumps
from cds.fhir.references import parse_reference
from cds.tester.cases import Case, read_cases

_INSTANCE = "00000000-0000-4000-8000-000000000001"
_CASES_PER_TRANSACTION = 20
_WRITERS = 2
_HEADERS = {"Content-Type": "application/fhir+json", "Prefer": "return=minimal"}


class TransactionRefused(Exception):
    """The server did not take a transaction; the message is its answer."""


@dataclass(frozen=True)
class NumberedCase:
    """A case with its data and its hook request under other ids: the case's, after a prefix of its data."""

    case: Case
    prefix: str
    patient_id: str
    resources: tuple[dict[str, Any], ...]
    request: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.case.file}: {self.case.name}"


def numbered_cases(paths: Sequence[Path]) -> list[NumberedCase]:
    """Read every case of the content."""
    numbers: dict[bytes, int] = {}
    return [
        _numbered(case, numbers.setdefault(_data_of(case), len(numbers)))
        for folder in guideline_folders(paths)
        for case in read_cases(folder)
    ]


def distinct_data(cases: Iterable[NumberedCase]) -> list[NumberedCase]:
    """Give one case of those that share their data."""
    return list({case.prefix: case for case in cases}.values())


def representative(cases: Iterable[NumberedCase]) -> list[NumberedCase]:
    """Choose, of each recommendation and hook, the first case that fires, that is silent and that is undecided.

    More are chosen until every type of resource that a guideline's cases hold has been read from the server.
    """
    seen: set[tuple[str, ...]] = set()
    chosen = []
    for numbered in cases:
        case = numbered.case
        traits = {(case.guideline, case.recommendation, case.hook, kind) for kind in _kinds(case)}
        traits |= {(case.guideline, resource["resourceType"]) for resource in case.resources}
        if not traits <= seen:
            seen |= traits
            chosen.append(numbered)
    return chosen


def _kinds(case: Case) -> set[str]:
    expected = set(case.expect)
    kinds = {"undecided"} if "could_not_evaluate" in expected else set()
    return kinds | ({"fires"} if expected & {"fires", "fires_only", "cards"} else {"silent"})


def _data_of(case: Case) -> bytes:
    return b"\n".join(sorted(map(dumps, case.resources)))


@dataclass(frozen=True)
class Written:
    """What became of the data of all cases: resources written, and why the server refused a case, by its prefix."""

    resources: int
    refused: dict[str, str]


def write_cases(base_url: str, cases: Sequence[NumberedCase]) -> Written:
    """Write the data of the cases, a few cases per transaction; after a refusal, each of these cases by itself."""
    cases = distinct_data(cases)
    with httpx.Client(timeout=300, trust_env=False) as http, ThreadPoolExecutor(_WRITERS) as writers:
        refused = list(writers.map(lambda group: _write(http, base_url, group), _groups(cases)))
    return Written(sum(len(case.resources) for case in cases), {prefix: why for one in refused for prefix, why in one})


def _write(http: httpx.Client, base_url: str, group: Sequence[NumberedCase]) -> list[tuple[str, str]]:
    try:
        transaction(http, base_url, _closed(group))
    except TransactionRefused as refusal:
        if len(group) == 1:
            return [(group[0].prefix, str(refusal))]
        return [each for case in group for each in _write(http, base_url, [case])]
    return []


def _groups(cases: Sequence[NumberedCase]) -> Iterator[Sequence[NumberedCase]]:
    for start in range(0, len(cases), _CASES_PER_TRANSACTION):
        yield cases[start : start + _CASES_PER_TRANSACTION]


def transaction(http: httpx.Client, base_url: str, resources: Iterable[Mapping[str, Any]]) -> None:
    """Write resources under their own ids, all of them or none. Raises TransactionRefused."""
    entries = [
        {"resource": resource, "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}}
        for resource in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = http.post(base_url, content=dumps(bundle), headers=_HEADERS)
    if answer.status_code != 200:
        raise TransactionRefused(answer.text[:500])


def _numbered(case: Case, number: int) -> NumberedCase:
    prefix = f"c{number}-"
    names = {
        f"{resource['resourceType']}/{resource['id']}": prefix + resource["id"]
        for resource in (*case.resources, *case.draft_orders)
    }
    drafts = [_renamed(draft, names) for draft in case.draft_orders]
    patient_id = names[f"Patient/{case.patient_id}"]
    context: dict[str, Any] = {
        "userId": "Practitioner/tester",
        "patientId": patient_id,
        **_rewritten(case.context, names),
    }
    if drafts:
        entries = [{"resource": draft} for draft in drafts]
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    if case.selections is not None:
        context["selections"] = [_new_reference(selection, names) for selection in case.selections]
    return NumberedCase(
        case=case,
        prefix=prefix,
        patient_id=patient_id,
        resources=tuple(_renamed(resource, names) for resource in case.resources),
        request={"hook": case.hook, "hookInstance": _INSTANCE, "context": context},
    )


def _renamed(resource: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    own = f"{resource['resourceType']}/{resource.get('id')}"
    return _rewritten(resource, names) | ({"id": names[own]} if own in names else {})


def _rewritten(node: Any, names: Mapping[str, str]) -> Any:
    """Change the references, and the ids of the resources that a Bundle of the context holds."""
    if isinstance(node, Mapping):
        return {
            name: _renamed(value, names) if name == "resource" else _rewritten(value, names)
            for name, value in node.items()
        }
    return [_rewritten(item, names) for item in node] if isinstance(node, list | tuple) else _new_reference(node, names)


def _new_reference(text: Any, names: Mapping[str, str]) -> Any:
    reference = parse_reference(text)
    if reference is None or reference.literal not in names:
        return text
    before, _, after = text.rpartition(reference.literal)
    return f"{before}{reference.type}/{names[reference.literal]}{after}"


def _closed(cases: Iterable[NumberedCase]) -> Iterator[dict[str, Any]]:
    """Yield the resources of some cases, and an empty one for every reference that leads out of its case."""
    resources = {
        f"{resource['resourceType']}/{resource['id']}": resource for case in cases for resource in case.resources
    }
    for text in {text for resource in resources.values() for text in _references(resource)} - set(resources):
        reference = parse_reference(text)
        if reference is not None and reference.base is None:
            yield {"resourceType": reference.type, "id": reference.id}
    yield from resources.values()


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name == "reference" and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)
