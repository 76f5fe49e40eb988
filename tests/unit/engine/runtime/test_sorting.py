from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime.sorting import sort
from cds.engine.runtime.temporal import Date, DateTime
from cds.engine.runtime.values import Quantity


def itself(element):
    return element


def q(value, unit):
    return Quantity(Decimal(value), unit)


def test_ascending_unless_told_otherwise():
    assert sort([4, 5, 1, 6, 2, 1]) == [1, 1, 2, 4, 5, 6]
    assert sort([4, 5, 1, 6, 2, 1], (itself, True)) == [6, 5, 4, 2, 1, 1]
    assert sort(None) is None
    assert sort([]) == []


def test_upper_case_comes_before_lower_case():
    assert sort(["back", "Wolf", "aardvark", "Armadillo"]) == ["Armadillo", "Wolf", "aardvark", "back"]


def test_nulls_are_the_lowest():
    assert sort([2, None, 1, None]) == [None, None, 1, 2]
    assert sort([2, None, 1], (itself, True)) == [2, 1, None]


def test_a_second_key_decides_between_equals_and_order_is_kept_otherwise():
    people = [("b", 2), ("a", 1), ("b", 1), ("a", 1)]
    assert sort(people, (lambda p: p[0], False), (lambda p: p[1], True)) == [("a", 1), ("a", 1), ("b", 2), ("b", 1)]
    same_key = [("x", 1), ("y", 1), ("z", 1)]
    assert sort(same_key, (lambda p: p[1], False)) == same_key
    assert sort(same_key, (lambda p: p[1], True)) == same_key


def test_of_dates_that_overlap_the_less_precise_is_the_lower():
    hour, day = DateTime(2012, 10, 5, 10, offset=Decimal(0)), DateTime(2012, 10, 5)
    assert sort([hour, day]) == [day, hour]
    assert sort([day, hour], (itself, True)) == [hour, day]
    assert sort([Date(2012, 2), Date(2012), Date(2012, 1)]) == [Date(2012), Date(2012, 1), Date(2012, 2)]


def test_quantities_sort_across_units_and_refuse_to_where_they_do_not_convert():
    assert sort([q("1", "g"), q("10", "mg"), q("0.5", "g")]) == [q("10", "mg"), q("0.5", "g"), q("1", "g")]
    with pytest.raises(EvaluationError, match="not known"):
        sort([q("1.2", "mg/dL"), q("106", "umol/L")])


def test_the_list_that_was_given_stays_as_it_was():
    given_list = [2, 1]
    sort(given_list)
    assert given_list == [2, 1]


@given(st.lists(st.one_of(st.none(), st.integers(-5, 5), st.decimals(-5, 5, places=1))))
def test_descending_is_ascending_turned_round_but_for_equals(numbers):
    ascending, descending = sort(numbers), sort(numbers, (itself, True))
    assert [element for element in ascending if element is not None] == sorted(n for n in numbers if n is not None)
    assert descending == ascending[::-1]
