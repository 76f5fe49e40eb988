from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.runtime import interval as intervals
from cds.engine.runtime.interval import Interval, end, start
from cds.engine.runtime.interval_sets import interval_except, interval_intersect, interval_union
from tests.unit.engine.runtime.temporal_from_text import dates, instants, quantity


@st.composite
def _intervals(draw):
    low, high = sorted([draw(st.integers(0, 9)), draw(st.integers(0, 9))])
    low_closed, high_closed = draw(st.booleans()), draw(st.booleans())
    return Interval(low if low_closed else low - 1, high if high_closed else high + 1, low_closed, high_closed)


def _points(found):
    return set() if found is None else set(range(start(found), end(found) + 1))


def _contiguous(points):
    return bool(points) and max(points) - min(points) + 1 == len(points)


@given(_intervals(), _intervals())
def test_the_results_are_those_of_sets_when_they_are_one_interval(left, right):
    a, b = _points(left), _points(right)
    for operation, expected in ((interval_union, a | b), (interval_intersect, a & b), (interval_except, a - b)):
        found = operation(left, right)
        assert (found is None) is not _contiguous(expected)
        assert found is None or _points(found) == expected


@pytest.mark.parametrize("operation", [interval_union, interval_intersect, interval_except])
def test_null_makes_null(operation):
    assert operation(None, Interval(1, 2)) is None
    assert operation(Interval(1, 2), None) is None
    assert operation(Interval(None, None), Interval(None, None)) is None


def test_decimals_and_quantities_end_a_step_before_what_is_cut_off():
    left = Interval(Decimal("1.0"), Decimal("10.0"))
    assert interval_except(left, Interval(Decimal("4.0"), Decimal("10.0"))) == Interval(
        Decimal("1.0"), Decimal("3.99999999")
    )
    doses = Interval(quantity("1.0", "g"), quantity("10.0", "g"))
    assert interval_except(doses, Interval(quantity("5.0", "g"), quantity("10.0", "g"))).high == quantity(
        "4.99999999", "g"
    )
    assert interval_intersect(doses, Interval(quantity(500, "mg"), quantity(2000, "mg"))) == Interval(
        quantity("1.0", "g"), quantity(2000, "mg")
    )


def test_days_meet_and_join():
    assert interval_union(dates("2024-02-01", "2024-02-28"), dates("2024-02-29", "2024-03-05")) == dates(
        "2024-02-01", "2024-03-05"
    )
    assert interval_union(dates("2023-02-01", "2023-02-27"), dates("2023-03-01", "2023-03-05")) is None


def test_an_ongoing_interval_stays_ongoing():
    ongoing = dates("2026-01-01", None)
    assert interval_union(ongoing, dates("2025-01-01", "2026-06-01")) == dates("2025-01-01", None)
    assert interval_intersect(ongoing, dates("2025-01-01", "2026-06-01")) == dates("2026-01-01", "2026-06-01")
    assert interval_except(ongoing, dates("2025-01-01", "2026-06-01")) == dates("2026-06-02", None)


def test_an_unknown_end_stays_unknown():
    unknown = Interval(5, None, True, False)
    assert interval_intersect(Interval(1, 10), unknown) == unknown
    assert interval_union(Interval(1, 10), unknown) == Interval(1, None, True, False)
    assert interval_union(unknown, Interval(7, 9)) is None  # they may not touch
    assert interval_union(Interval(1, None), unknown) == Interval(1, None)  # no end is later than none
    assert interval_except(Interval(1, 10), unknown) is None


def test_boundaries_that_cannot_be_ordered_become_unknown():
    found = interval_intersect(instants("2012-01", "2012-05"), instants("2012-01-15", "2012-03"))
    assert found == instants(None, "2012-03", low_closed=False)


def test_difference_that_cannot_be_told_is_null():
    assert interval_except(instants("2012-01", "2012-05"), instants("2012-01-15", "2012-07")) is None
    assert intervals.equal(interval_except(Interval(1, 4), Interval(6, 9)), Interval(1, 4)) is True
