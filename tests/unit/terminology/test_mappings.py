"""Local codes, other names of a code system, and factors, from resources as `fhir_mappings` holds them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds.content.shipped import shipped_path
from cds.fhir.json import loads
from cds.fhir.systems import LOINC, NPU
from cds.terminology.mappings import Mappings

OID = "urn:oid:1.2.208.176.2.1"


@pytest.fixture(scope="module")
def mappings() -> Mappings:
    files = sorted(shipped_path("fhir_mappings").glob("*/*.json"))
    kinds = ("ConceptMap", "NamingSystem", "ObservationDefinition")
    return Mappings([loads(file.read_bytes()) for file in files if file.parent.name in kinds])


def test_a_code_under_another_name_of_its_system_is_the_same_code(mappings):
    assert {"system": NPU, "code": "NPU18016"} in mappings.translate(OID, "NPU18016")
    assert (OID, "NPU18016") in mappings.sources(NPU, "NPU18016")


def test_no_code_is_translated_whose_system_is_not_listed(mappings):
    asked = {source for source, _ in mappings.concept_maps.pairs()} | {(OID, "NPU18016")}
    assert {system for system, code in asked if mappings.translate(system, code)} <= mappings.systems
    assert OID in mappings.systems


def test_an_unknown_code_means_nothing(mappings):
    assert mappings.translate("urn:local", "NPU18016") == ()


@pytest.mark.parametrize(
    ("code", "unit", "expected"),
    [
        ((LOINC, "2160-0"), "mg/dL", ("umol/L", Decimal("88.4"))),
        ((NPU, "NPU18016"), "µmol/L", ("umol/L", Decimal(1))),
        ((LOINC, "2160-0"), "mg/dl", ("umol/L", Decimal("88.4"))),
        ((LOINC, "1952-1"), "nmol/l", ("mg/L", Decimal("0.0118"))),
        ((LOINC, "2160-0"), "mg/dlx", None),
        ((LOINC, "2160-0"), "mol", None),
        ((LOINC, "2160-0"), "umol/L", None),
        ((LOINC, "2160-0"), "mystery", None),
        (("urn:local", "2160-0"), "mg/dL", None),
    ],
)
def test_a_factor_belongs_to_the_concept_of_the_code(mappings, code, unit, expected):
    assert mappings.conversion([code], unit) == expected
