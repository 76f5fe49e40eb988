"""This engine and fhirpath.js give the same answers to the same FHIRPath over the same random resources."""

import pytest

from cds.authoring.errors import AuthoringError
from cds.authoring.translator import installed_packages
from tools.oracles import fhirpath_js
from tools.oracles.explained import path_explanation
from tools.oracles.fhirpath_differential import compare
from tools.oracles.random_patients import random_patient

pytestmark = pytest.mark.reference


def test_expressions_over_random_resources_agree():
    try:
        installed_packages(fhirpath_js.FOLDER)
    except AuthoringError as error:
        pytest.skip(f"fhirpath.js is not at hand: {error}")
    count, differences = compare(random_patient(seed) for seed in range(12))
    unexplained = [f"{d.expression}: {d.ours} / {d.theirs}" for d in differences if path_explanation(d) is None]
    assert unexplained == []
    assert count >= 2000
