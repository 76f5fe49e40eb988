"""Sorting by keys, quick where keys are alike, and sources whose plurality shows only at run time."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from cds.engine.errors import BudgetExceeded, EvaluationError
from cds.engine.run import Run
from cds.engine.runtime.query_sources import as_source, items_of, sort_by
from cds.engine.runtime.sorting import sort
from cds.engine.runtime.temporal import DateTime
from cds.engine.runtime.values import Quantity

RUN = Run(now=None)


def itself(value):
    return value


def random_moment(dice):
    parts = [2026, dice.choice([1, 2]), dice.choice([1, 2]), dice.choice([0, 10, 23]), dice.choice([0, 30]), 0, 0]
    return DateTime(*parts[: dice.choice([4, 5, 6, 7])], offset=Decimal(dice.choice([0, 0, 1, -5])))


MAKERS = {
    "moments": random_moment,
    "numbers": lambda dice: Decimal(dice.randrange(9)),
    "texts": lambda dice: dice.choice("abc"),
    "nulls": lambda dice: dice.choice([None, 1, 2]),
    "booleans and nulls": lambda dice: dice.choice([None, 1]),
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("descending", [False, True])
def test_quick_sorting_gives_the_order_of_the_sort_clause(kind, descending):
    dice = random.Random(kind)
    for _ in range(50):
        rows = [(MAKERS[kind](dice), number) for number in range(dice.randrange(8))]
        quick = sort_by(RUN, rows, (descending,), lambda row: row[0])
        assert quick == sort(rows, (lambda row: row[0], descending))


def test_the_first_key_leads():
    rows = [("b", 1), ("a", 1), ("a", 2)]
    ordered = sort_by(RUN, rows, (False, True), lambda row: row[0], lambda row: row[1])
    assert ordered == [("a", 2), ("a", 1), ("b", 1)]


def test_what_has_no_order_is_an_error_and_null_stays_null():
    with pytest.raises(EvaluationError):
        sort_by(RUN, [Quantity(Decimal(1), "mg"), Quantity(Decimal(1), "mL")], (False,), itself)
    assert sort_by(RUN, None, (False,), itself) is None
    assert sort_by(RUN, [], (False,), itself) == []


def test_sorting_is_charged():
    with pytest.raises(BudgetExceeded):
        sort_by(Run(now=None, max_steps=1), [2, 1], (False,), itself)


@pytest.mark.parametrize(
    ("source", "items", "result"),
    [(None, [], None), (5, [5], 5), ([5], [5], [5]), ([], [], []), ([1, 2], [1, 2], [1, 2])],
)
def test_a_single_value_is_a_source_of_one(source, items, result):
    assert items_of(source) == items
    assert as_source(items, source) == result
