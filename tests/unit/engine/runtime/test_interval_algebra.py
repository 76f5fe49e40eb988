import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime import interval_algebra as algebra
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.values import INTEGER_MAX, INTEGER_MIN
from tests.unit.engine.runtime.temporal_from_text import date_time, dates, instants, quantity, time

_UNKNOWN_END = Interval(5, None, True, False)
_UNTYPED = Interval(None, None)

# What each operator means on sets of whole numbers (the brute-force truth of the property tests below).
_BY_SETS = {
    algebra.before: lambda a, b: max(a) < min(b),
    algebra.after: lambda a, b: min(a) > max(b),
    algebra.same_or_before: lambda a, b: max(a) <= min(b),
    algebra.same_or_after: lambda a, b: min(a) >= max(b),
    algebra.same_as: lambda a, b: a == b,
    algebra.interval_includes: lambda a, b: a >= b,
    algebra.interval_properly_includes: lambda a, b: a > b,
    algebra.overlaps: lambda a, b: bool(a & b),
    algebra.overlaps_before: lambda a, b: bool(a & b) and min(a) < min(b),
    algebra.overlaps_after: lambda a, b: bool(a & b) and max(a) > max(b),
    algebra.meets_before: lambda a, b: max(a) + 1 == min(b),
    algebra.meets_after: lambda a, b: min(a) - 1 == max(b),
    algebra.meets: lambda a, b: max(a) + 1 == min(b) or min(a) - 1 == max(b),
    algebra.starts: lambda a, b: min(a) == min(b) and a <= b,
    algebra.ends: lambda a, b: max(a) == max(b) and a <= b,
}


@st.composite
def _intervals(draw):
    """An interval of whole numbers with closed and open boundaries, and the set of its points."""
    low, high = sorted([draw(st.integers(0, 12)), draw(st.integers(0, 12))])
    low_closed, high_closed = draw(st.booleans()), draw(st.booleans())
    return (
        Interval(low if low_closed else low - 1, high if high_closed else high + 1, low_closed, high_closed),
        frozenset(range(low, high + 1)),
    )


@given(_intervals(), _intervals(), st.sampled_from(list(_BY_SETS)))
def test_operators_agree_with_sets_of_points(left, right, operator):
    assert operator(left[0], right[0]) is _BY_SETS[operator](left[1], right[1])


@given(_intervals(), st.integers(-1, 13))
def test_membership_agrees_with_sets_of_points(container, point):
    asked, points = container
    assert algebra.interval_contains(asked, point) is (point in points)
    assert algebra.interval_properly_contains(asked, point) is (min(points) < point < max(points))
    assert algebra.before(point, asked) is (point < min(points))
    assert algebra.after(asked, point) is (point < min(points))


def _worlds(asked):
    """Every set of points that an interval with open null boundaries may be, in the small world of 0 to 6."""
    lows = [asked.low] if asked.low is not None else range(7)
    highs = [asked.high] if asked.high is not None else range(7)
    return [frozenset(range(low, high + 1)) for low in lows for high in highs if low <= high]


_BOUNDARY = st.none() | st.integers(0, 6)


@given(_BOUNDARY, _BOUNDARY, _BOUNDARY, _BOUNDARY, st.sampled_from(list(_BY_SETS)))
def test_an_answer_about_unknown_boundaries_holds_for_whatever_they_are(low, high, other_low, other_high, operator):
    if (low is not None and high is not None and high < low) or (
        other_low is not None and other_high is not None and other_high < other_low
    ):
        return
    left = Interval(low, high, low is not None, high is not None, "Integer")
    right = Interval(other_low, other_high, other_low is not None, other_high is not None, "Integer")
    answer = operator(left, right)
    if answer is not None:
        assert {_BY_SETS[operator](a, b) for a in _worlds(left) for b in _worlds(right)} == {answer}


@pytest.mark.parametrize("operator", list(_BY_SETS))
def test_null_makes_null(operator):
    assert operator(None, Interval(1, 2)) is None
    assert operator(Interval(1, 2), None) is None


def test_no_point_is_in_a_null_interval_and_a_null_point_is_unknown():
    assert algebra.interval_contains(None, 5) is False
    assert algebra.interval_properly_contains(None, 5) is False
    assert algebra.interval_contains(Interval(1, 10), None) is None
    assert algebra.interval_properly_contains(Interval(1, 10), None) is None


def test_closed_null_boundaries_reach_everywhere():
    always = Interval(None, None, point_type="Integer")
    assert algebra.interval_contains(always, 5) is True
    assert algebra.interval_contains(_UNTYPED, 5) is True
    assert algebra.interval_properly_includes(always, Interval(1, 10)) is True
    assert algebra.interval_contains(Interval(None, 5), 10) is False
    assert algebra.interval_contains(instants("2012-01-05", None), date_time("2012-01-07")) is True


def test_an_open_null_boundary_leaves_it_open():
    assert algebra.interval_contains(_UNKNOWN_END, 4) is False
    assert algebra.interval_contains(_UNKNOWN_END, 5) is True
    assert algebra.interval_contains(_UNKNOWN_END, 6) is None
    assert algebra.overlaps(_UNKNOWN_END, Interval(1, 5)) is True
    assert algebra.overlaps(_UNKNOWN_END, Interval(6, 7)) is None
    assert algebra.before(Interval(1, 4), _UNKNOWN_END) is True


def test_intervals_of_an_unknown_type_make_null():
    assert algebra.overlaps(_UNTYPED, Interval(1, 10)) is None
    assert algebra.starts(_UNTYPED, Interval(1, 10)) is None
    assert algebra.meets_before(_UNTYPED, Interval(1, 10)) is None


def test_nothing_comes_after_the_last_value():
    to_the_end = Interval(1, INTEGER_MAX)
    assert algebra.meets_before(to_the_end, Interval(INTEGER_MIN, 0)) is False
    assert algebra.meets(to_the_end, Interval(INTEGER_MIN, 0)) is True
    assert algebra.meets_after(Interval(None, 5, False), Interval(11, None, True, False)) is False


def test_quantities_are_compared_in_their_units():
    dose = Interval(quantity(500, "mg"), quantity(2, "g"))
    assert algebra.interval_contains(dose, quantity("2000", "mg")) is True
    assert algebra.interval_contains(dose, quantity("2001", "mg")) is False
    assert algebra.interval_contains(dose, quantity(1, "mL")) is None


def test_imprecise_boundaries_make_the_answer_unknown_only_where_they_matter():
    february = instants("2012-01-10", "2012-02")
    assert algebra.overlaps(instants("2012-02-25", "2012-03-26"), february) is None
    assert algebra.overlaps(instants("2012-03-01", "2012-03-26"), february) is False
    assert algebra.overlaps(instants("2012-01-25", "2012-03-26"), february) is True
    whole_second = instants("2017-09-01T00:00:00", "2017-09-01T00:00:00")
    quarter = instants("2017-09-01T00:00:00.000", "2017-12-30T23:59:59.999")
    assert algebra.interval_includes(quarter, whole_second) is None
    assert algebra.interval_includes(quarter, whole_second, "day") is True
    assert algebra.interval_includes(quarter, whole_second, "millisecond") is None


def test_an_open_boundary_is_exclusive_at_the_precision_asked_for():
    window = instants("2026-01-05T10:00:00.000", "2026-01-08T10:00:00.000", low_closed=False, high_closed=False)
    assert algebra.interval_contains(window, date_time("2026-01-05T12:00:00.000")) is True
    assert algebra.interval_contains(window, date_time("2026-01-05T12:00:00.000"), "day") is False
    assert algebra.interval_contains(window, date_time("2026-01-06T00:00:00.000"), "day") is True
    assert algebra.interval_contains(window, date_time("2026-01-08T09:00:00.000"), "day") is False


def test_a_proper_point_lies_between_the_ends():
    hours = Interval(time("12:00:00.000"), time("21:59:59.999"))
    assert algebra.interval_properly_contains(hours, time("12:00:00.001")) is True
    assert algebra.interval_properly_contains(hours, time("12:00:00.000")) is False
    assert algebra.interval_properly_contains(hours, time("12:00:00"), "second") is False
    assert algebra.interval_properly_contains(hours, time("12:00:00")) is None


def test_intervals_meet_at_the_precision_of_their_boundaries_or_the_one_asked_for():
    assert algebra.meets(Interval(time("03"), time("04")), Interval(time("05"), time("06"))) is True
    assert algebra.meets_before(dates("2012-01-07", "2012-01-14"), dates("2012-01-15", "2012-01-25")) is True
    morning, evening = instants(None, "2012-01-14T08:00:00.000"), instants("2012-01-15T20:00:00.000", None)
    assert algebra.meets_before(morning, evening) is False
    assert algebra.meets_before(morning, evening, "day") is True
    assert algebra.meets_before(dates("2012", "2013"), dates("2014", "2015"), "year") is True


def test_order_with_points_at_a_precision():
    period = dates("2012-12-01", "2013-12-01")
    assert algebra.same_or_after(period, date_time("2012-12-15"), "month") is True
    assert algebra.same_or_before(date_time("2012-12-15"), period, "month") is True
    assert algebra.same_or_before(date_time("2013-01-15"), period, "month") is False
    assert algebra.same_as(date_time("2012-12-15"), date_time("2012-12-15")) is True


@pytest.mark.parametrize(
    ("end", "following", "precision", "answer"),
    [
        ("2012", "2012-02", None, None),
        ("2012", "2013-01", None, None),
        ("2012", "2013-02", None, False),
        ("2012-01-15", "2012-02", None, False),
        ("2012-01-31", "2012-02", None, None),
        ("2012-02-01", "2012-02-01T10:00", "minute", None),
        ("2012-02-01", "2012-02-02T00:00", "minute", None),
        ("2012-02-01", "2012-02-02T00:01", "minute", False),
        ("9999-12-31", "2012-02-02", None, False),
        ("9999", "9999-12-31", None, None),
    ],
)
def test_an_end_coarser_than_what_follows_may_be_any_point_within_it(end, following, precision, answer):
    assert algebra.meets_before(instants(None, end), instants(following, None), precision) is answer
    if "T" not in following:
        assert algebra.meets_before(dates(None, end), dates(following, None), precision) is answer


def test_times_do_not_meet_over_midnight():
    evening, night = Interval(time("20:00"), time("23:30")), Interval(time("00:30"), time("02:00"))
    assert algebra.meets_before(evening, night, "hour") is False
    assert algebra.meets_before(Interval(time("20"), time("22")), Interval(time("23:59"), time("23:59"))) is False
    assert algebra.meets_before(Interval(time("20"), time("22")), Interval(time("22:30"), time("23:59"))) is None


def test_intervals_of_different_kinds_do_not_meet_but_say_so():
    days = Interval(None, date_time("2024-02-29"), False, False)
    with pytest.raises(EvaluationError, match="do not meet"):
        algebra.meets_before(days, Interval(0, None, True, False))
