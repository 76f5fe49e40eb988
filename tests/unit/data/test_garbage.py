"""Whatever stands inside a resource, gathering goes on: a malformed element is unreadable, and never a crash."""

from __future__ import annotations

import asyncio
import copy
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds.data.gather import gather_patient_data
from cds.errors import RefusedRequest
from cds.sandbox.in_memory_reader import InMemoryReader
from cds.sandbox.store import FHIRStore
from tests.unit.data.small_guideline import NOW, FactorTable, everything, hook_request, order, prefetch_of, requirements

STORE = FHIRStore(everything(), clock=lambda: NOW)
GARBAGE: list[Any] = [None, True, 0, -1, 1e300, "", "#", "x", "Patient/p1", [], [None], [[]], ["x"], {}, {"a": 1}, [{}]]
GARBAGE += [
    {"coding": 5},
    {"coding": [1, {"code": 2}]},
    {"reference": 5},
    {"reference": ["x"]},
    {"value": "x", "unit": 3},
]


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths of all members and items."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = [path] if path else []
    for key, value in inner:
        found += places(value, (*path, key))
    return found


def spoil(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Give a copy with another value at one place."""
    document = copy.deepcopy(document)
    node = document
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = copy.deepcopy(value)
    return document


PREFETCH = prefetch_of(STORE)
PLACES = places(PREFETCH)
DRAFT = order("draft", medicationReference={"reference": "Medication/len-10"}, dosageInstruction=[{"text": "x"}])
DRAFT |= {"reasonReference": [{"reference": "Condition/mm"}], "contained": [{"resourceType": "Medication", "id": "m"}]}


def gather(prefetch: Any, drafts: list[Any]) -> None:
    request = hook_request(prefetch, drafts=drafts)
    reader = InMemoryReader(STORE)
    asyncio.run(gather_patient_data(requirements(), request, reader, FactorTable(), now=NOW))


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(PLACES), value=st.sampled_from(GARBAGE))
def test_garbage_in_the_prefetch_is_survived_or_refused(path, value):
    with suppress(RefusedRequest):
        gather(spoil(PREFETCH, path, value), [DRAFT])


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(places(DRAFT)), value=st.sampled_from(GARBAGE))
def test_garbage_in_a_draft_is_survived_or_refused(path, value):
    with suppress(RefusedRequest):
        gather(PREFETCH, [spoil(DRAFT, path, value)])
