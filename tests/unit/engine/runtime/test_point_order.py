import operator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime.point_order import compare, less, less_or_equal, same
from cds.engine.runtime.uncertainty import Uncertainty, combined, negated, uncertain
from tests.unit.engine.runtime.temporal_from_text import date, date_time, quantity, time


def test_numbers_strings_and_quantities_have_an_order():
    assert compare(1, Decimal("1.0")) == 0
    assert compare(2, Decimal("1.5")) == 1
    assert compare("a", "b") == -1
    assert compare(quantity(1, "g"), quantity(999, "mg")) == 1
    assert compare(quantity(1, "g"), quantity(1, "L")) is None


@pytest.mark.parametrize(("left", "right"), [(1, "1"), (True, 1), (time("10"), 10), ([1], [2]), (quantity(1), 1)])
def test_values_without_an_order_are_an_error(left, right):
    with pytest.raises(EvaluationError):
        compare(left, right)


def test_precision_reaches_the_dates():
    morning, evening = date_time("2026-01-01T08:00"), date_time("2026-01-01T20:00")
    assert less(morning, evening) is True
    assert less(morning, evening, "day") is False
    assert less_or_equal(evening, morning, "day") is True
    assert same(morning, evening, "day") is True
    assert same(date("2026"), date("2026-01"), "month") is None


def test_null_is_unknown():
    assert less(None, 1) is less_or_equal(1, None) is same(None, None) is None


@pytest.mark.parametrize(
    ("relation", "left", "right", "answer"),
    [
        (same, Uncertainty(1, 10), Uncertainty(1, 10), None),
        (same, Uncertainty(1, 10), Uncertainty(21, 30), False),
        (same, Uncertainty(2, 2), Uncertainty(2, 2), True),
        (same, Uncertainty(2, 2), 2, True),
        (less, Uncertainty(30, 40), Uncertainty(50, 60), True),
        (less, Uncertainty(30, 40), Uncertainty(35, 45), None),
        (less, Uncertainty(30, 40), Uncertainty(20, 30), False),
        (less_or_equal, Uncertainty(30, 40), Uncertainty(40, 50), True),
        (less_or_equal, Uncertainty(30, 40), Uncertainty(20, 30), None),
        (less_or_equal, Uncertainty(30, 40), Uncertainty(20, 29), False),
        (less, 20, Uncertainty(17, 44), None),
        (less, 17, Uncertainty(17, 44), None),
        (less, 16, Uncertainty(17, 44), True),
        (less, 44, Uncertainty(17, 44), False),
    ],
)
def test_uncertain_values_compare_as_the_specification_shows(relation, left, right, answer):
    assert relation(left, right) is answer


_RANGES = st.tuples(st.integers(-6, 6), st.integers(0, 4)).map(lambda pair: Uncertainty(pair[0], pair[0] + pair[1]))
_RELATIONS = st.sampled_from([(less, operator.lt), (less_or_equal, operator.le), (same, operator.eq)])


@given(_RANGES, _RANGES, _RELATIONS)
def test_an_uncertain_comparison_is_certain_exactly_when_all_possible_values_agree(left, right, relation):
    asked, certain = relation
    answers = {certain(a, b) for a in range(left.low, left.high + 1) for b in range(right.low, right.high + 1)}
    assert asked(left, right) is (answers.pop() if len(answers) == 1 else None)


@given(_RANGES, _RANGES, st.sampled_from([operator.add, operator.sub, operator.mul]))
def test_uncertain_arithmetic_spans_all_possible_results(left, right, operation):
    results = [operation(a, b) for a in range(left.low, left.high + 1) for b in range(right.low, right.high + 1)]
    assert combined(operation, left, right) == uncertain(min(results), max(results))


def test_uncertain_arithmetic_takes_certain_values_and_unknown_results():
    assert combined(operator.add, Uncertainty(17, 44), 5) == Uncertainty(22, 49)
    assert combined(lambda _left, _right: None, Uncertainty(17, 44), 5) is None
    assert negated(Uncertainty(17, 44)) == Uncertainty(-44, -17)
    assert uncertain(3, 3) == 3
