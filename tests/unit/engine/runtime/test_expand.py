from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import BudgetExceeded, EvaluationError
from cds.engine.runtime.expand import expand
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.uncertainty import Uncertainty
from tests.unit.engine.runtime.temporal_from_text import date, date_time, dates, instants, quantity, time


def _days(*texts):
    return [date(text) for text in texts]


def test_null_and_nothing():
    assert expand(None) is None
    assert expand([]) == expand([None]) == []
    assert expand([Interval(1, None)]) == expand(Interval(None, 5, False)) == expand(Interval(None, None)) == []


def test_days_one_by_one_and_two_by_two():
    week = dates("2018-01-01", "2018-01-04")
    assert expand(week, quantity(1, "day")) == _days("2018-01-01", "2018-01-02", "2018-01-03", "2018-01-04")
    assert expand(week, quantity(2, "days")) == _days("2018-01-01", "2018-01-03")
    assert expand([week], quantity(2, "days")) == [
        dates("2018-01-01", "2018-01-02"),
        dates("2018-01-03", "2018-01-04"),
    ]
    assert expand([week]) == [dates(day, day) for day in ("2018-01-01", "2018-01-02", "2018-01-03", "2018-01-04")]


def test_weeks_months_and_years():
    assert expand(dates("2026-01-01", "2026-01-20"), quantity(1, "week")) == _days("2026-01-01", "2026-01-08")
    assert expand(dates("2025-11-30", "2026-01-01"), quantity(1, "month")) == _days("2025-11", "2025-12", "2026-01")
    assert expand(dates("2024-05", "2026-01"), quantity(1, "year")) == _days("2024", "2025", "2026")
    assert expand(instants("2025-12-31T10:00+01:00", "2026-01-01T10:00+01:00"), quantity(1, "year")) == [
        date_time("2025", 1),
        date_time("2026", 1),
    ]


def test_finer_boundaries_are_cut_to_the_size():
    hours = Interval(time("10:00"), time("12:30"), True, False)
    assert expand([hours], quantity(1, "hour")) == [Interval(time(h), time(h)) for h in ("10", "11", "12")]
    assert expand(Interval(Decimal("10.0"), Decimal("12.5")), quantity(1)) == [10, 11, 12]


def test_coarser_boundaries_give_nothing_for_times_and_all_decimals_for_numbers():
    assert expand([Interval(time("10"), time("10"))], quantity(1, "minute")) == []
    assert expand([Interval(time("10:00"), time("12"))], quantity(1, "minute")) == []
    tenths = [Decimal(step) / 10 for step in range(100, 110)]
    assert expand(Interval(10, 10), quantity("0.1")) == tenths
    assert expand([Interval(10, 10)], quantity("0.1")) == [Interval(step, step) for step in tenths]


def test_an_uncertain_boundary_gives_nothing():
    assert expand(Interval(1, Uncertainty(3, 5))) == []


def test_the_last_hour_of_the_day_ends_the_expansion():
    assert expand(Interval(time("22"), time("23")), quantity(1, "hour")) == [time("22"), time("23")]


def test_without_a_size_the_coarsest_precision_is_taken():
    assert expand(Interval(1, 3)) == [1, 2, 3]
    assert expand(Interval(Decimal("1.0"), Decimal("1.25"))) == [Decimal("1.0"), Decimal("1.1"), Decimal("1.2")]
    assert expand(instants("2026-01-01T10", "2026-01-01T11:30")) == [
        date_time("2026-01-01T10"),
        date_time("2026-01-01T11"),
    ]
    assert expand(Interval(quantity("1", "g"), quantity("3", "g"))) == [quantity(n, "g") for n in (1, 2, 3)]


def test_quantities_are_cut_in_the_unit_of_the_lower_boundary():
    found = expand([Interval(quantity(1, "g"), quantity(2000, "mg"))], quantity(500, "mg"))
    assert found == [
        Interval(quantity(low, "g"), quantity(high, "g")) for low, high in (("1.0", "1.4"), ("1.5", "1.9"))
    ]


def test_other_offsets_are_read_on_the_clock_of_the_lower_boundary():
    found = expand(instants("2026-01-01T23+01:00", "2026-01-01T23Z"), quantity(1, "hour"))
    assert found == [date_time("2026-01-01T23+01:00"), date_time("2026-01-02T00+01:00")]


def test_the_same_piece_comes_once():
    assert expand([Interval(1, 2), Interval(2, 3)]) == [Interval(1, 1), Interval(2, 2), Interval(3, 3)]


@pytest.mark.parametrize(
    ("argument", "per"),
    [
        (Interval(1, 3), quantity(0)),
        (Interval("a", "c"), quantity(1)),
        ([1, 3], quantity(1)),
        (Interval(1, 3), quantity(-1)),
        (Interval(1, 3), quantity(1, "mg")),
        (Interval(quantity(1, "g"), quantity(2, "g")), quantity(1, "mL")),
        (dates("2026-01-01", "2026-01-02"), quantity(1, "mg")),
    ],
)
def test_a_size_that_does_not_fit_is_an_error(argument, per):
    with pytest.raises(EvaluationError):
        expand(argument, per)


def test_too_many_pieces_are_refused_before_they_are_made():
    with pytest.raises(BudgetExceeded):
        expand(Interval(1, 2_000_000_000))


@given(st.integers(-20, 20), st.integers(0, 30), st.integers(1, 7))
def test_pieces_follow_each_other_and_fit(low, width, per):
    pieces = expand([Interval(low, low + width)], quantity(per))
    assert len(pieces) == (width + 1) // per
    assert all(piece.high - piece.low + 1 == per for piece in pieces)
    assert all(later.low == earlier.high + 1 for earlier, later in pairwise(pieces))
