"""The libraries that every guideline includes: cases of fhir_mappings/tests through the engine."""

from collections import Counter

import pytest

from cds.errors import PreconditionFailed
from tests.content.shared_logic import DEFINITIONS, PROBE, cases, differing, engine, gathered, libraries


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.file}: {case.name}") for case in cases()])
def test_the_shared_logic_says_what_the_case_expects(case):
    assert not differing(case, engine())


def test_no_two_cases_of_a_file_have_one_name():
    counted = Counter((case.file, case.name) for case in cases())
    assert [name for name, count in counted.items() if count > 1] == []


def test_every_file_of_cases_and_every_definition_of_the_probe_is_used():
    used = {case.file for case in cases()}
    assert used == set(DEFINITIONS)
    defined = {one["name"] for one in libraries()[PROBE]["library"]["statements"]["def"] if "type" not in one}
    assert set(DEFINITIONS.values()) <= defined


def test_forty_shapes_of_a_dosage_and_more_are_read_or_said_to_be_unreadable():
    shapes = [case for case in cases() if case.file == "dosages"]
    assert len(shapes) >= 40
    assert any(case.expect.get("dayDose", 0) is None for case in shapes)


def test_an_order_of_a_medication_that_nobody_sent_is_refused_and_not_overlooked():
    order = {"resourceType": "MedicationRequest", "id": "o", "status": "active", "intent": "order"}
    unknown = order | {"subject": {"reference": "Patient/p"}, "medicationReference": {"reference": "Medication/m"}}
    with pytest.raises(PreconditionFailed, match="Medication"):
        gathered([unknown])


def test_another_patients_results_are_counted():
    theirs = {"resourceType": "Observation", "id": "a", "status": "final", "subject": {"reference": "Patient/q"}}
    assert gathered([theirs]).dropped_other_patient == 1


def referenced(node, library):
    """Yield (library, name) of the definitions and functions that an ELM node of a library refers to."""
    if isinstance(node, list):
        for item in node:
            yield from referenced(item, library)
    elif isinstance(node, dict):
        if node.get("type") in ("ExpressionRef", "FunctionRef"):
            yield node.get("libraryName", library), node["name"]
        for value in node.values():
            yield from referenced(value, library)


def test_every_definition_that_guidelines_share_is_reached_by_the_cases():
    uses = {
        (name, statement["name"]): set(referenced(statement, name))
        for name, document in libraries().items()
        for statement in document["library"]["statements"]["def"]
    }
    reached, found = set(), {(PROBE, name) for name in DEFINITIONS.values()}
    while found:
        reached |= found
        found = {named for user in found for named in uses.get(user, ())} - reached
    assert sorted(named for named in set(uses) - reached if named[0] != PROBE and named[1] != "Patient") == []
