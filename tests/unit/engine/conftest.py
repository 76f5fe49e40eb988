"""What the engine's tests share: translated libraries, a clock, a patient."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent / "fixtures"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SNOMED, LOINC, UCUM = "http://snomed.info/sct", "http://loinc.org", "http://unitsofmeasure.org"


class ValueSets:
    """A terminology of two value sets."""

    def __init__(self):
        self.asked = []

    def codes(self, url, version):
        self.asked.append((url, version))
        known = {"http://example.org/vs/diabetes", "http://example.org/ValueSet/kidney"}
        return {SNOMED: frozenset({"44054006"})} if url in known else None


def elm(name):
    """Read a translated library; the CQL is beside it."""
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def load():
    return elm


def quantity(value, unit="umol/L"):
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def observation(id_, code, date, value, *, status="final", unit="umol/L", **more):
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": status,
        "code": {"coding": [{"system": LOINC, "code": code}, {"system": "urn:local", "code": f"L{code}"}]},
        "effectiveDateTime": date,
        "valueQuantity": quantity(value, unit),
        **more,
    }
