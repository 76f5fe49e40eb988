"""What counts as true, false, unknown and error (PD-059, PD-085)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds.expressions.evaluation import Evaluated
from cds.expressions.outcome import Outcome, all_of


@pytest.mark.pd("PD-059")
@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (True, Outcome.TRUE),
        (False, Outcome.FALSE),
        (None, Outcome.UNKNOWN),
        ([], Outcome.UNKNOWN),
        ([True], Outcome.TRUE),
        ([False], Outcome.FALSE),
        ([None], Outcome.UNKNOWN),
        ([True, True], Outcome.ERROR),
        (0, Outcome.ERROR),
        (1, Outcome.ERROR),
        ("", Outcome.ERROR),
        ("true", Outcome.ERROR),
        ([5], Outcome.ERROR),
        (Decimal(0), Outcome.ERROR),
        ({"resourceType": "Patient"}, Outcome.ERROR),
    ],
)
def test_only_a_boolean_is_an_answer(value, outcome):
    evaluated = Evaluated(expression="x", language="text/cql-identifier", value=value)
    assert evaluated.outcome is outcome
    assert (evaluated.reason is not None) == (outcome is Outcome.ERROR)


def test_a_failure_is_an_error_whatever_the_value():
    evaluated = Evaluated(expression="x", language="text/cql", value=True, error="it failed")
    assert (evaluated.outcome, evaluated.reason) == (Outcome.ERROR, "it failed")


@pytest.mark.pd("PD-089")
def test_no_conditions_are_true():
    assert all_of([]) is Outcome.TRUE
