from decimal import Decimal

import pytest

from cds.engine.errors import EvaluationError
from cds.engine.runtime import interval as intervals
from cds.engine.runtime.interval import Interval, end, interval, point_from, size, start, width
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import INTEGER_MAX, INTEGER_MIN, Long
from tests.unit.engine.runtime.temporal_from_text import date, dates, instants, quantity, time


def test_closed_boundaries_are_the_ends_and_open_ones_their_neighbours():
    assert (start(Interval(1, 5)), end(Interval(1, 5))) == (1, 5)
    assert (start(Interval(1, 5, False, False)), end(Interval(1, 5, False, False))) == (2, 4)
    assert end(dates("2024-01-01", "2024-03-01", True, False)) == date("2024-02-29")
    assert start(Interval(Decimal("1.0"), Decimal("2.0"), False)) == Decimal("1.00000001")


def test_a_closed_null_boundary_runs_to_the_end_of_the_type():
    assert start(Interval(None, 5)) == INTEGER_MIN
    assert end(Interval(1, None)) == INTEGER_MAX
    assert end(dates("2026-01-01", None)) == date("9999-12-31")
    assert end(Interval(quantity(1, "mg"), None)).unit == "mg"


def test_an_open_null_boundary_is_uncertain_between_the_other_end_and_the_end_of_the_type():
    assert end(Interval(1, None, True, False)) == Uncertainty(1, INTEGER_MAX)
    assert end(Interval(1, None, False, False)) == Uncertainty(2, INTEGER_MAX)
    assert start(Interval(None, 5, False, False)) == Uncertainty(INTEGER_MIN, 4)
    both = Interval(None, None, False, False, "Integer")
    assert start(both) == end(both) == Uncertainty(INTEGER_MIN, INTEGER_MAX)
    known_end = Interval(None, None, False, True, "Integer")
    assert (start(known_end), end(known_end)) == (Uncertainty(INTEGER_MIN, INTEGER_MAX), INTEGER_MAX)


def test_two_null_boundaries_need_their_type():
    assert start(Interval(None, None)) is end(Interval(None, None)) is None
    assert start(Interval(None, None, point_type="Date")) == date("0001-01-01")
    assert start(None) is end(None) is None


@pytest.mark.parametrize(
    ("low", "high", "low_closed", "high_closed"),
    [(5, 3, True, True), (5, 5, True, False), (5, 5, False, True), (5, 6, False, False)],
)
def test_an_interval_that_ends_before_it_starts_is_an_error(low, high, low_closed, high_closed):
    with pytest.raises(EvaluationError, match="end before it starts"):
        interval(low, high, low_closed, high_closed)


def test_the_shortest_intervals_are_allowed():
    assert interval(5, 5) == Interval(5, 5)
    assert interval(5, 6, True, False) == Interval(5, 6, True, False)
    assert interval(date("2026"), date("2026-01-01")).high == date("2026-01-01")
    assert interval(None, 5, point_type="Integer").point_type == "Integer"


def test_width_and_size_of_numbers_and_quantities():
    assert width(Interval(1, 10)) == 9
    assert size(Interval(3, 8, True, False)) == 5
    assert width(Interval(Decimal("4.0"), Decimal("15.0"))) == Decimal(11)
    assert size(Interval(Decimal(1), Decimal(1))) == Decimal("0.00000001")
    assert width(Interval(quantity(500, "mg"), quantity(1, "g"))) == quantity("0.5", "g")
    assert type(size(Interval(Long(1), Long(2)))) is Long


def test_the_width_of_an_unknown_end_is_unknown():
    assert width(Interval(0, None, True, False)) is None
    assert size(Interval(None, None)) is None
    assert width(None) is size(None) is None
    assert width(Interval(quantity(500, "mg"), quantity(1, "L"))) is None


@pytest.mark.parametrize("argument", [dates("2026-01-01", "2026-01-02"), Interval(time("10:00"), time("11:00"))])
def test_dates_and_times_have_no_width(argument):
    with pytest.raises(EvaluationError, match="duration"):
        width(argument)


def test_point_from_needs_exactly_one_point():
    assert point_from(Interval(4, 4)) == 4
    assert point_from(Interval(4, 5, True, False)) == 4
    assert point_from(None) is point_from(Interval(None, None)) is None
    with pytest.raises(EvaluationError):
        point_from(Interval(1, 4))


def test_intervals_are_equal_by_their_ends_however_they_are_written():
    assert intervals.equal(Interval(1, 5), Interval(0, 6, False, False)) is True
    assert intervals.equal(Interval(1, 5), Interval(1, 6)) is False
    assert intervals.equal(Interval(1, None), Interval(1, None)) is True
    assert intervals.equal(Interval(1, None, True, False), Interval(1, None, True, False)) is None
    assert intervals.equal(Interval(1, None, True, False), Interval(2, 9)) is False
    assert intervals.equal(Interval(1, 10), Interval(None, None, False, False, "Integer")) is None
    assert intervals.equal(Interval(1, 5), dates("2026-01-01", "2026-01-02")) is False
    assert intervals.equal(dates("2026", "2027"), dates("2026-01", "2027")) is None


def test_intervals_are_equivalent_when_equal_or_written_alike():
    assert intervals.equivalent(Interval(1, None, True, False), Interval(1, None, True, False))
    assert intervals.equivalent(Interval(1, 5), Interval(1, 6, True, False))
    assert not intervals.equivalent(Interval(1, 5), Interval(1, None, True, False))
    assert not intervals.equivalent(dates("2026", "2027"), dates("2026-01", "2027"))
    assert intervals.equivalent(
        instants("2026-01-01T10:00:00.000+01:00", None), instants("2026-01-01T09:00:00.000Z", None)
    )


@pytest.mark.parametrize("argument", [5, [1, 2], "a"])
def test_the_ends_of_something_else_are_an_error(argument):
    for operator in (start, end, width, size, point_from):
        with pytest.raises(EvaluationError, match="is no interval"):
            operator(argument)


def test_intervals_are_frozen_and_hashable():
    assert len({Interval(1, 5), Interval(1, 5, point_type="Integer"), Interval(1, 6)}) == 2
    with pytest.raises(AttributeError):
        Interval(1, 5).low = 2
