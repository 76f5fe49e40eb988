"""This engine and fhirpath.js give the same answers to the same FHIRPath over the same random resources."""

import shutil

import pytest

from tools.oracles.explained import path_explanation
from tools.oracles.fhirpath_differential import compare
from tools.oracles.random_patients import random_patient

pytestmark = pytest.mark.skipif(
    shutil.which("npm") is None, reason="Node.js and npm, which run fhirpath.js, are absent"
)


def test_expressions_over_random_resources_agree():
    count, differences = compare(random_patient(seed) for seed in range(12))
    unexplained = [f"{d.expression}: {d.ours} / {d.theirs}" for d in differences if path_explanation(d) is None]
    assert unexplained == []
    assert count >= 2000
