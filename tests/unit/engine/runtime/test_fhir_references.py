"""References among the resources at hand."""

from __future__ import annotations

import pytest

from cds.engine import ResourceIndex
from cds.engine.run import Run
from cds.engine.runtime.fhir_references import reference_to, resolve
from cds.engine.runtime.fhir_values import Element

PATIENT = {"resourceType": "Patient", "id": "p1"}
RUN = Run(now=None, resources=ResourceIndex([PATIENT]))


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/p1",
        {"reference": "Patient/p1"},
        Element("Reference", {"reference": "Patient/p1"}),
        "https://ehr.example.org/fhir/Patient/p1",
        "Patient/p1/_history/3",
    ],
)
def test_a_reference_finds_its_resource(reference):
    assert resolve(RUN, reference) is PATIENT


@pytest.mark.parametrize("reference", [None, {}, {"display": "somebody"}, "Patient/p2", "p1", "#p1", "urn:uuid:1", 5])
def test_what_is_not_at_hand_is_null(reference):
    assert resolve(RUN, reference) is None


def test_a_reference_to_a_resource_needs_its_id():
    assert reference_to(PATIENT) == {"reference": "Patient/p1"}
    assert reference_to({"resourceType": "Patient"}) is None
    assert reference_to(None) is None
