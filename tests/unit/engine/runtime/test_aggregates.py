from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime import aggregates
from cds.engine.runtime.temporal import Date
from cds.engine.runtime.values import INTEGER_MAX, Long, Quantity

OVER_NUMBERS = [
    aggregates.sum,
    aggregates.min,
    aggregates.max,
    aggregates.avg,
    aggregates.median,
    aggregates.mode,
    aggregates.product,
    aggregates.geometric_mean,
    aggregates.variance,
    aggregates.population_variance,
    aggregates.std_dev,
    aggregates.population_std_dev,
]
ONE_TO_FIVE = [Decimal(n) for n in (1, 2, 3, 4, 5)]


def q(value, unit):
    return Quantity(Decimal(value), unit)


@pytest.mark.parametrize("aggregate", OVER_NUMBERS)
@pytest.mark.parametrize("source", [None, [], [None, None]])
def test_without_elements_there_is_no_answer(aggregate, source):
    assert aggregate(source) is None


def test_count_without_elements_is_zero():
    assert [aggregates.count(source) for source in (None, [], [None], [0, None, False])] == [0, 0, 0, 2]


def test_all_and_any_leave_nulls_out():
    assert [aggregates.all_true(s) for s in (None, [], [None], [True, None], [True, False])] == [True] * 4 + [False]
    assert [aggregates.any_true(s) for s in (None, [], [None], [False, None], [None, True])] == [False] * 4 + [True]


def test_sums_keep_the_type_and_the_unit():
    assert aggregates.sum([None, 1, None]) == 1
    assert type(aggregates.sum([Long(1), Long(2)])) is Long
    assert aggregates.sum([q("1", "mL"), q("1", "L")]) == q("1001", "mL")
    assert aggregates.sum([q("1", "mL"), q("1", "g")]) is None
    assert aggregates.sum([INTEGER_MAX, 1]) is None
    assert aggregates.sum([INTEGER_MAX, 1, -1]) is None


def test_extremes():
    assert (aggregates.min([5, 12, None, 0]), aggregates.max([5, 12, None, 0])) == (0, 12)
    assert (aggregates.min(["hi", "bye"]), aggregates.max(["hi", "bye"])) == ("bye", "hi")
    assert aggregates.max([q("1", "m"), q("101", "cm")]) == q("101", "cm")


def test_an_extreme_is_unknown_only_when_the_doubt_concerns_it():
    assert aggregates.max([Date(2012), Date(2012, 5)]) is None
    assert aggregates.max([Date(2012), Date(2012, 5), Date(2013)]) == Date(2013)
    assert aggregates.min([Date(2012), Date(2012, 5), Date(2013)]) is None
    assert aggregates.max([q("1.2", "mg/dL"), q("106", "umol/L")]) is None


def test_what_has_no_order_has_no_extreme():
    with pytest.raises(EvaluationError):
        aggregates.max([True, False])


def test_the_mean_and_the_median():
    assert aggregates.avg([Decimal("5.5"), Decimal("4.7"), None, Decimal("4.8")]) == 5
    assert aggregates.avg([1, 2]) == Decimal("1.5")
    assert aggregates.avg([q("36", "Cel"), q("37", "Cel")]) == q("36.5", "Cel")
    assert aggregates.median([Decimal(n) for n in (2, 4, 8, 6)]) == 5
    assert aggregates.median([Decimal(n) for n in (2, 8, 4)]) == 4
    assert aggregates.median([q("1", "m"), q("3", "cm"), q("2", "cm")]) == q("3", "cm")
    assert aggregates.avg([q("1", "mg/dL"), q("1", "umol/L")]) is None


def test_the_mode_is_the_most_frequent_and_of_equals_the_first():
    assert aggregates.mode([2, 1, 8, 2, 9, 1, 9, 9]) == 9
    assert aggregates.mode([2, 1, 1, 2]) == 2
    assert aggregates.mode([q("1", "g"), q("2", "g"), q("1000", "mg")]) == q("1", "g")
    assert aggregates.mode([Date(2012, 5), Date(2012), Date(2012)]) == Date(2012)


def test_spread_of_a_sample_and_of_a_population():
    assert aggregates.variance(ONE_TO_FIVE) == Decimal("2.5")
    assert aggregates.population_variance(ONE_TO_FIVE) == 2
    assert aggregates.std_dev(ONE_TO_FIVE) == Decimal("1.58113883")
    assert aggregates.population_std_dev(ONE_TO_FIVE) == Decimal("1.41421356")
    assert aggregates.std_dev([q("1", "mg"), q("3", "mg")]) == q("1.41421356", "mg")


def test_a_single_element_has_no_spread_as_a_sample():
    assert aggregates.variance([Decimal(1)]) is None
    assert aggregates.std_dev([Decimal(1)]) is None
    assert aggregates.population_variance([Decimal(1)]) == 0


@pytest.mark.parametrize("odd_one", [True, "1", [1], Date(2026)])
def test_what_is_no_number_has_no_mean(odd_one):
    for aggregate in (aggregates.avg, aggregates.median, aggregates.std_dev):
        with pytest.raises(EvaluationError, match="cannot be aggregated"):
            aggregate([Decimal(1), odd_one])
        with pytest.raises(EvaluationError, match="cannot be aggregated"):
            aggregate([q("1", "mg"), odd_one])


def test_products_and_the_geometric_mean():
    assert aggregates.product([Long(5), Long(4), Long(5)]) == 100
    assert aggregates.product([q("2", "mg"), q("3", "mg")]) == q("6", "mg")
    assert aggregates.geometric_mean([Decimal(2), Decimal(8)]) == 4
    assert aggregates.geometric_mean([Decimal(2), Decimal(-8)]) is None
    assert aggregates.geometric_mean([Decimal(10**15)] * 4) == 10**15


@given(st.lists(st.decimals(-1000, 1000, places=2), min_size=1))
def test_the_mean_lies_between_the_extremes_and_variance_is_never_negative(numbers):
    assert aggregates.min(numbers) <= aggregates.avg(numbers) <= aggregates.max(numbers)
    assert aggregates.min(numbers) <= aggregates.median(numbers) <= aggregates.max(numbers)
    assert aggregates.population_variance(numbers) >= 0


@given(st.lists(st.decimals(-1000, 1000, places=2), min_size=1))
def test_grams_and_milligrams_have_the_same_sum(numbers):
    grams = aggregates.sum([Quantity(number, "g") for number in numbers])
    milligrams = aggregates.sum([Quantity(number * 1000, "mg") for number in numbers])
    assert grams.value * 1000 == milligrams.value
