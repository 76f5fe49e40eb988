"""This engine and cql-execution give the same answers: same ELM, same random patients.

Where they differ and we are right, tools/oracles/explained.py says why, with the clause of the specification.
"""

import pytest

from cds.authoring.errors import AuthoringError
from cds.authoring.translator import PROGRAM_FOLDER, installed_packages, translate
from tools.oracles import cql_execution
from tools.oracles.differential import LIBRARY_FOLDER, compare, definitions_of, shipped, translated
from tools.oracles.explained import explanation
from tools.oracles.maven import official_fhir_helpers
from tools.oracles.project_patients import project_patient, project_value_sets
from tools.oracles.random_patients import random_patient

pytestmark = pytest.mark.reference
TYPICAL_PATIENTS = range(15)
PROJECT_PATIENTS = range(1000, 1001)


@pytest.fixture(scope="module")
def typical():
    try:
        official_fhir_helpers()
        installed_packages(cql_execution.FOLDER)
        installed_packages(PROGRAM_FOLDER)
    except AuthoringError as error:
        pytest.skip(f"cql-execution, or what it needs, is not at hand: {error}")
    return translated([LIBRARY_FOLDER])


def unexplained(comparison):
    return [
        f"{found.key} (patient {found.seed}): {found.ours} / {found.theirs}"
        for found in comparison.differences
        if explanation(found) is None
    ]


def test_typical_guideline_definitions_agree(typical):
    comparison = compare(typical, {seed: random_patient(seed) for seed in TYPICAL_PATIENTS})
    assert unexplained(comparison) == []
    assert comparison.count >= 2000


def test_the_libraries_of_this_project_agree(typical):
    del typical
    elm = shipped()
    value_sets = project_value_sets()
    patients = {seed: project_patient(seed, elm, value_sets) for seed in PROJECT_PATIENTS}
    comparison = compare(elm, patients, value_sets)
    assert unexplained(comparison) == []
    assert comparison.count >= 2000


def test_there_are_at_least_sixty_typical_definitions(typical):
    assert sum(len(definitions_of(elm)) for name, elm in typical.items() if name != "FHIRHelpers") >= 60


def test_our_signatures_of_fhir_helpers_translate_to_the_same_elm_as_the_official_text(typical):
    sources = {path.stem: path.read_text(encoding="utf-8") for path in LIBRARY_FOLDER.glob("*.cql")}
    for found in translate(sources, sources=sources, annotations=False):
        assert found.elm == typical[found.key]
