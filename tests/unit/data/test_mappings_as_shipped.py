"""What hospitals send, normalised with the mappings that are shipped."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds.content.shipped import shipped_path
from cds.data.normalise import normalise
from cds.fhir.json import loads
from cds.fhir.systems import LOINC, NPU, UCUM
from cds.terminology.mappings import Mappings
from tests.unit.data.small_guideline import observation

OID = "urn:oid:1.2.208.176.2.1"


@pytest.fixture(scope="module")
def shipped() -> Mappings:
    files = sorted(shipped_path("fhir_mappings").glob("*/*.json"))
    kinds = ("ConceptMap", "NamingSystem", "ObservationDefinition")
    return Mappings([loads(file.read_bytes()) for file in files if file.parent.name in kinds])


@pytest.mark.parametrize(
    ("system", "code", "value", "unit", "canonical", "unit_after"),
    [
        (LOINC, "2160-0", "2.00", "mg/dL", "176.8", "umol/L"),
        (NPU, "NPU18016", "177", "umol/L", "177", "umol/L"),
        (NPU, "NPU02319", "5.5", "mmol/L", None, "g/dL"),
        (OID, "NPU02319", "5.5", "mmol/L", None, "g/dL"),
        (NPU, "NPU02817", "466", "nmol/L", None, "mg/L"),
        (LOINC, "26515-7", "62", "10*9/L", "62", "10*9/L"),
        (LOINC, "718-7", "12.5", "g/dL", "12.5", "g/dL"),
    ],
)
def test_a_value_ends_in_the_unit_of_its_concept(shipped, system, code, value, unit, canonical, unit_after):
    quantity = normalise(observation("o", system, code, value, unit), {}, shipped)["valueQuantity"]
    assert quantity["code"] == unit_after
    if canonical is not None:
        assert quantity["value"] == Decimal(canonical)


@pytest.mark.parametrize(
    ("code", "printed", "unit_after"),
    [("NPU18016", "µmol/L", "umol/L"), ("NPU03568", "10^9/L", "10*9/L"), ("NPU03568", "x 10E9/L?", None)],
)
def test_a_printed_unit_is_understood_when_the_tables_know_it(shipped, code, printed, unit_after):
    received = observation("o", NPU, code, "62", "x") | {"valueQuantity": {"value": 62, "unit": printed}}
    quantity = normalise(received, {}, shipped)["valueQuantity"]
    assert quantity.get("code") == unit_after
    assert quantity["value"] == 62


def test_haemoglobin_in_mmol_is_the_same_as_in_grams(shipped):
    received = observation("o", NPU, "NPU02319", "7.76", "mmol/L")
    quantity = normalise(received, {}, shipped)["valueQuantity"]
    assert Decimal("12.4") < quantity["value"] < Decimal("12.6")
    assert quantity["system"] == UCUM
