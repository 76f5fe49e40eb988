"""Literal references, and what is none."""

from __future__ import annotations

import pytest

from cds.fhir.references import Reference, contained, is_id, literal_of, parse_reference


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("Patient/1", Reference("Patient", "1")),
        ("Patient/1/_history/2", Reference("Patient", "1", version="2")),
        ("https://ehr.example/fhir/Patient/1", Reference("Patient", "1", "https://ehr.example/fhir")),
        ("#med", None),
        ("urn:uuid:0f7f8f6e-0000-4000-8000-000000000000", None),
        ("Patient/", None),
        ("patient/1", None),
        ("Patient/1?x", None),
        ("Patient/1 ", None),
        ("ftp://x/Patient/1", None),
        (None, None),
        (5, None),
    ],
)
def test_a_reference_is_literal_or_none(text, reference):
    assert parse_reference(text) == reference


def test_the_literal_form_leaves_out_base_and_version():
    assert parse_reference("https://ehr.example/fhir/Patient/1/_history/2").literal == "Patient/1"


@pytest.mark.parametrize(
    ("text", "good"), [("a" * 64, True), ("a" * 65, False), ("A-1.b", True), ("a_b", False), ("", False)]
)
def test_an_id_has_its_own_alphabet_and_length(text, good):
    assert is_id(text) is good


def test_a_resource_without_id_has_no_literal():
    assert literal_of({"resourceType": "Patient", "id": "1"}) == "Patient/1"
    assert literal_of({"resourceType": "Patient"}) is None


def test_only_a_hash_reference_finds_a_contained_resource():
    medication = {"resourceType": "Medication", "id": "m"}
    assert contained({"contained": [medication]}, "#m") is medication
    assert contained({"contained": [medication]}, "#n") is None
    assert contained({"contained": [medication]}, "Medication/m") is None
