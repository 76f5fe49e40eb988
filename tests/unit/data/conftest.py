"""A store with one patient, and what a small guideline maps."""

from __future__ import annotations

import pytest

from cds.sandbox.store import FHIRStore
from tests.unit.data.small_guideline import NOW, FactorTable, everything


@pytest.fixture
def store() -> FHIRStore:
    return FHIRStore(everything(), clock=lambda: NOW)


@pytest.fixture
def mappings() -> FactorTable:
    return FactorTable()
