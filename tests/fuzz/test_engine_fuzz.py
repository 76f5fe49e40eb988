"""Damaged ELM, FHIRPath and resources meet the engine's own errors only; `make fuzz` runs 100,000 cases."""

import os

import pytest

from tools.fuzz.engine import KINDS, run_case, small_libraries
from tools.fuzz.mutations import mutate_json, mutate_text

COUNT = int(os.environ.get("FUZZ_CASES", "1500"))
A_HANG = 300.0  # seconds of the processor: no slow machine comes near it


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=[name for name, _ in KINDS])
def test_nothing_but_the_engines_own_errors_and_no_hang(kind):
    findings = [found for number in range(kind, COUNT, len(KINDS)) if (found := run_case(number, A_HANG)) is not None]
    assert findings == []


def test_the_cases_are_made_of_real_libraries():
    assert len(small_libraries()) > 20


def test_a_mutation_changes_its_copy_and_not_the_original():
    import random

    original = {"a": [1, {"b": "c"}], "d": "e"}
    damaged = [mutate_json(original, random.Random(seed), elm=False) for seed in range(30)]
    assert original == {"a": [1, {"b": "c"}], "d": "e"}
    assert sum(one != original for one in damaged) > 20
    assert sum(mutate_text("a.b = 1", random.Random(seed)) != "a.b = 1" for seed in range(30)) > 20
