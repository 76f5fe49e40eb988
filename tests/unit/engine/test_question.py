"""Definitions asked together are asked in order, and found in every program by itself."""

from __future__ import annotations

from typing import Any

import pytest

from cds.engine import Engine
from cds.engine.question import Question
from tests.unit.engine.conftest import NOW, ValueSets, elm

ADULT = {"resourceType": "Patient", "id": "p1", "birthDate": "1950-06-15"}
CHILD = {"resourceType": "Patient", "id": "p1", "birthDate": "2020-06-15"}
METFORMIN = {
    "resourceType": "MedicationRequest",
    "id": "m1",
    "status": "active",
    "medicationCodeableConcept": {"coding": [{"code": "860975"}]},
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine([elm("Guide")], value_sets=ValueSets())


def question(*names: str) -> Question:
    return Question(("Guide", name) for name in names)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ((), 0),
        (("Adult",), 1),
        (("Adult", "On Metformin"), 2),
        (("Has Diabetes",), 0),
        (("Adult", "Has Diabetes", "On Metformin"), 1),
        (("Low eGFR",), None),  # null: there is no result
        (("Low eGFR", "Has Diabetes"), None),
        (("Has Diabetes", "Low eGFR"), 0),
        (("Adult", "Final eGFR"), None),  # a list
        (("Adult", "Adults"), None),  # there is none of this name
    ],
)
def test_the_first_that_is_false_is_found_unless_one_before_it_is_neither(
    engine: Engine, names: tuple[str, ...], found: int | None
):
    assert engine.session([ADULT, METFORMIN], now=NOW).first_false(question(*names)) == found


def test_one_that_fails_is_neither_and_keeps_its_error(engine: Engine):
    session = engine.session([ADULT, {**CHILD, "id": "p2"}], now=NOW)
    assert session.first_false(question("Adult", "Has Diabetes")) is None
    assert ("Guide", "Has Diabetes") not in session.computed()
    assert isinstance(session.computed()["Guide", "Adult"], Exception)


def test_after_the_first_that_is_false_nothing_is_asked(engine: Engine):
    session = engine.session([CHILD], now=NOW)
    assert session.first_false(question("Adult", "On Metformin")) == 0
    assert ("Guide", "On Metformin") not in session.computed()


def test_a_question_is_put_to_programs_in_which_its_definitions_stand_elsewhere(engine: Engine):
    asked = question("Adult", "On Metformin")
    other = Engine([elm("Operators"), elm("Guide")], value_sets=ValueSets())
    answers: list[Any] = []
    for one in (engine, other, engine):
        for patient in (ADULT, CHILD):
            answers.append(one.session([patient], now=NOW).first_false(asked))
    assert answers == [1, 0] * 3
