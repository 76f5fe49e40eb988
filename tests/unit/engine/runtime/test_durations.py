import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime.durations import difference_between, duration_between
from cds.engine.runtime.temporal import Date, compare
from cds.engine.runtime.temporal_arithmetic import add_units
from cds.engine.runtime.uncertainty import Uncertainty
from tests.unit.engine.runtime.temporal_from_text import date, date_time, time


@pytest.mark.parametrize(
    ("low", "high", "unit", "periods"),
    [
        ("2012-03-10", "2013-03-10", "year", 1),
        ("2012-03-10", "2013-03-09", "year", 0),
        ("2012-02-29", "2014-02-27", "year", 1),
        ("2012-02-29", "2014-02-28", "year", 2),
        ("2012-02-29", "2016-02-28", "year", 3),
        ("2012-02-29", "2016-02-29", "year", 4),
        ("2014-01-31", "2014-02-01", "month", 0),
        ("2014-01-31", "2014-02-27", "month", 0),
        ("2014-01-31", "2014-02-28", "month", 1),
        ("2014-01-31", "2014-03-30", "month", 1),
        ("2014-01-31", "2014-03-31", "month", 2),
        ("2013-10-15", "2013-10-02", "month", 0),
        ("2014-05-10", "2013-01-08", "month", -16),
        ("2012-06-11", "2011-08-21", "month", -9),
        ("2012-03-10", "2012-03-24", "week", 2),
        ("2012-03-10", "2012-03-23", "week", 1),
        ("2013-05-26", "2013-05-12", "week", -2),
        ("2012-01-01", "2012-01-01", "day", 0),
        ("2024-02-28", "2024-03-01", "day", 2),
    ],
)
def test_whole_periods_between_dates(low, high, unit, periods):
    assert duration_between(date(low), date(high), unit) == periods


@pytest.mark.parametrize(
    ("low", "high", "unit", "periods"),
    [
        ("2012-03-10T10:20:00", "2013-03-10T09:20:00", "year", 0),
        ("2012-03-10T10:20:00", "2013-03-10T10:20:00", "year", 1),
        ("2012-03-10T22:05:09", "2012-03-24T07:19:33", "week", 1),
        ("2012-01-31T12:30:00", "2012-02-01T09:00:00", "day", 0),
        ("2011-12-05T05:00:00", "2011-12-04T08:45:00", "day", 0),
        ("2010-10-12T12:05", "2008-08-15T08:08", "day", -788),
        ("2012-03-01T03:10:00", "2012-03-01T05:09:00", "hour", 1),
        ("2013-10-10T12:00:00", "2013-10-10T11:30:00", "hour", 0),
        ("2012-12-30T00:20:00", "2012-12-29T22:00:00", "minute", -140),
    ],
)
def test_whole_periods_between_date_times_respect_the_time_of_day(low, high, unit, periods):
    assert duration_between(date_time(low), date_time(high), unit) == periods


def test_time_that_passed_counts_across_the_change_of_the_clocks():
    before, after = date_time("2017-03-12T01:00:00-07:00"), date_time("2017-03-12T03:00:00-06:00")
    assert duration_between(before, after, "hour") == 1
    assert difference_between(before, after, "hour") == 1
    midnight, next_midnight = date_time("2017-03-12T00:00:00-07:00"), date_time("2017-03-13T00:00:00-06:00")
    assert duration_between(midnight, next_midnight, "day") == 0
    assert difference_between(midnight, next_midnight, "day") == 1


def test_time_between_times_of_day():
    assert duration_between(time("20:26:15.555"), time("23:25:15.555"), "hour") == 2
    assert difference_between(time("20"), time("23:25:15.555"), "hour") == 3
    assert difference_between(time("20:20:15.555"), time("20:20:15.550"), "millisecond") == -5


@pytest.mark.parametrize(
    ("low", "high", "unit", "shortest", "longest"),
    [
        ("2005", "2010", "year", 4, 5),
        ("2014-01-15", "2014-02", "day", 16, 44),
        ("2015-02-10", "2015-03", "day", 18, 49),
        ("2005", "2006-05", "month", 4, 16),
        ("2017-08-07T17:00", "2017-08-14", "day", 6, 7),
        ("2014-02", "2014-03-31T00:00:00.000", "day", 30, 58),
        ("2014-01-01T00:00:00.000", "2014-02", "day", 31, 58),
        ("2014-01-01", "2014-01-01", "day", 0, 0),
        ("2014-01-01", "2014-01-02", "day", 0, 1),
        ("2014-01-01T10:00:00", "2014-01-01T10:00:01", "millisecond", 1, 1999),
    ],
)
def test_imprecise_date_times_give_the_range_of_possible_durations(low, high, unit, shortest, longest):
    expected = shortest if shortest == longest else Uncertainty(shortest, longest)
    assert duration_between(date_time(low), date_time(high), unit) == expected


def test_a_day_of_a_date_is_the_day_itself():
    assert duration_between(date("2014-01-01"), date("2014-01-02"), "day") == 1
    assert duration_between(date("2014-01-15"), date("2014-02"), "day") == Uncertainty(17, 44)
    assert duration_between(date("2012-01"), date("2012-02"), "day") == Uncertainty(1, 59)


@pytest.mark.parametrize(
    ("low", "high", "unit", "boundaries"),
    [
        ("2012-12-31", "2013-01-01", "year", 1),
        ("2016", "1998", "year", -18),
        ("2000-02", "2000-10", "month", 8),
        ("2000-10-15", "2000-10-28", "week", 1),
        ("2000-10-15", "2000-10-29", "week", 2),
        ("2000-10-14", "2000-10-15", "week", 1),
        ("2000-10-15T10:30", "2000-10-25T10:00", "day", 10),
        ("2000-10-15T23:59", "2000-10-16T00:00", "hour", 1),
        ("2017-11-14T11:30", "2017-11-12T13:00", "day", -2),
    ],
)
def test_boundaries_crossed(low, high, unit, boundaries):
    assert difference_between(date_time(low), date_time(high), unit) == boundaries


def test_imprecise_differences_are_a_range():
    assert difference_between(date_time("2005"), date_time("2006-07"), "month") == Uncertainty(7, 18)
    assert difference_between(date("2012-01-02"), date("2012"), "month") == Uncertainty(0, 11)


def test_uncertain_operands_widen_the_answer():
    unknown_end = Uncertainty(date("2026-01-10"), date("2026-01-20"))
    assert duration_between(date("2026-01-01"), unknown_end, "day") == Uncertainty(9, 19)
    assert duration_between(unknown_end, date("2026-01-21"), "week") == Uncertainty(0, 1)


def test_null_makes_null():
    assert duration_between(None, date("2026"), "day") is None
    assert difference_between(date("2026"), None, "day") is None


@pytest.mark.parametrize(
    ("low", "high", "unit"),
    [
        (time("10:00"), time("11:00"), "day"),
        (time("10:00"), date("2026-01-01"), "hour"),
        ("2026-01-01", date("2026-01-01"), "day"),
        (5, 6, "day"),
        (date("2026-01-01"), date("2026-01-02"), "decade"),
    ],
)
def test_units_that_the_operands_do_not_have_are_errors(low, high, unit):
    with pytest.raises(EvaluationError):
        duration_between(low, high, unit)


_DATES = st.dates().map(lambda day: Date(day.year, day.month, day.day)).filter(lambda day: 2 < day.year < 9990)


@given(_DATES, _DATES, st.sampled_from([("year", 0), ("month", 1), ("day", 2)]))
def test_a_duration_is_the_most_that_can_be_added_without_passing_the_end(start, end, unit):
    word, rank = unit
    if compare(start, end) == 1:
        start, end = end, start
    periods = duration_between(start, end, word)
    assert compare(add_units(start, periods, rank), end) in (-1, 0)
    assert compare(add_units(start, periods + 1, rank), end) == 1


@given(_DATES, _DATES, st.sampled_from(["year", "month", "week", "day"]))
def test_durations_and_differences_turn_their_sign_with_the_operands(start, end, unit):
    assert duration_between(start, end, unit) == -duration_between(end, start, unit)
    assert difference_between(start, end, unit) == -difference_between(end, start, unit)
