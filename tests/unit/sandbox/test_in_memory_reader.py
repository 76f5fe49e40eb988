"""The store behind the port of the data layer: pages are followed, refusals are FHIR server errors."""

from __future__ import annotations

import asyncio

import pytest

from cds.data.errors import FHIRServerError, FHIRServerFault
from cds.sandbox.in_memory_reader import InMemoryReader
from cds.sandbox.store import FHIRStore

STORE = FHIRStore([{"resourceType": "Patient", "id": f"p{number}"} for number in range(5)])


def test_all_pages_are_read():
    found = asyncio.run(InMemoryReader(STORE).search("Patient?_count=2"))
    assert [patient["id"] for patient in found] == ["p0", "p1", "p2", "p3", "p4"]


@pytest.mark.parametrize(
    ("query", "kind"), [("Patient?foo=1", FHIRServerFault.INVALID_ANSWER), ("Nonsense?x=1", FHIRServerFault.ABSENT)]
)
def test_a_template_that_the_server_does_not_understand_is_an_error(query, kind):
    with pytest.raises(FHIRServerError) as error:
        asyncio.run(InMemoryReader(STORE).search(query))
    assert error.value.kind is kind


def test_a_resource_that_is_not_there_is_absent():
    with pytest.raises(FHIRServerError, match="absent"):
        asyncio.run(InMemoryReader(STORE).read("Patient", "nobody"))
