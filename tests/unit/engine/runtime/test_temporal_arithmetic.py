import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime.temporal import Date, compare
from cds.engine.runtime.temporal_arithmetic import add, subtract
from tests.unit.engine.runtime.temporal_from_text import date, date_time, quantity, time


@pytest.mark.parametrize(
    ("value", "amount", "unit", "result"),
    [
        ("2026-01-31", 1, "month", "2026-02-28"),
        ("2024-01-31", 1, "month", "2024-02-29"),
        ("2026-01-31", 3, "months", "2026-04-30"),
        ("2024-02-29", 1, "year", "2025-02-28"),
        ("2024-02-29", 4, "years", "2028-02-29"),
        ("2026-03-31", -1, "month", "2026-02-28"),
        ("2026-01-15", -13, "months", "2024-12-15"),
        ("2024-02-28", 1, "day", "2024-02-29"),
        ("2025-02-28", 1, "day", "2025-03-01"),
        ("2023-03-02", 52, "weeks", "2024-02-29"),
        ("2024-03-01", -1, "d", "2024-02-29"),
        ("2024-03-01", 1, "wk", "2024-03-08"),
        ("2014", 24, "months", "2016"),
        ("2014", 25, "months", "2016"),
        ("2014", -25, "months", "2012"),
        ("2014", 364, "days", "2014"),
        ("2014", 365, "days", "2015"),
        ("2014", 735, "days", "2016"),
        ("2014-06", 33, "days", "2014-07"),
        ("2014-06", 29, "days", "2014-06"),
        ("2014-06", -33, "days", "2014-05"),
        ("2014-06", 1, "year", "2015-06"),
    ],
)
def test_dates_move_by_the_calendar(value, amount, unit, result):
    assert add(date(value), quantity(amount, unit)) == date(result)
    assert add(date_time(value), quantity(amount, unit)) == date_time(result)
    assert subtract(date(value), quantity(-amount, unit)) == date(result)


@pytest.mark.parametrize(
    ("value", "amount", "unit", "result"),
    [
        ("2005-05-10T05:20:30", "5", "hours", "2005-05-10T10:20:30"),
        ("2005-05-10", "5", "hours", "2005-05-10"),
        ("2005-05-10", "25", "hours", "2005-05-11"),
        ("2016-06-10T05", "19", "hours", "2016-06-11T00"),
        ("2016-06-10T05:05:05.005", "-6", "milliseconds", "2016-06-10T05:05:04.999"),
        ("2016-05", "-31535999", "seconds", "2015-05"),
        ("2016-10-01T10:20:30+02:00", "-15", "hours", "2016-09-30T19:20:30+02:00"),
        ("2016-10-01T10:20:30.000", "1.5", "seconds", "2016-10-01T10:20:31.500"),
        ("2016-10-01T10:20:30", "1.5", "seconds", "2016-10-01T10:20:31"),
        ("2016-10-01T10:20:30.000", "1.9", "minutes", "2016-10-01T10:21:30.000"),
        ("2016-10-01T10:20", "-1.9", "days", "2016-09-30T10:20"),
        ("2016-12-31T23:59:59.999", "1", "ms", "2017-01-01T00:00:00.000"),
    ],
)
def test_date_times_move_at_their_own_precision_and_offset(value, amount, unit, result):
    assert add(date_time(value), quantity(amount, unit)) == date_time(result)


def test_times_wrap_at_midnight():
    assert add(time("23:30:00"), quantity(1, "hour")) == time("00:30:00")
    assert subtract(time("01:00:00"), quantity(2, "h")) == time("23:00:00")
    assert add(time("15:59:59.999"), quantity(1, "ms")) == time("16:00:00.000")
    assert add(time("10:30"), quantity(90, "seconds")) == time("10:31")


def test_null_makes_null():
    assert add(None, quantity(1, "day")) is None
    assert subtract(date("2026"), None) is None


@pytest.mark.parametrize(
    ("value", "amount", "unit", "hint"),
    [
        (date("2026-01-01"), 1, "a", "write years"),
        (date("2026-01-01"), 1, "mo", "write months"),
        (date("2026-01-01"), 1, "mg", "no duration"),
        (date("2026-01-01"), 24, "hours", "DateTime"),
        (time("10:00"), 1, "day", "Time moves by"),
        ("2026-01-01", 1, "day", "Quantity cannot be added to a str"),
        (date("2005-10-10"), 8000, "years", "beyond"),
        (date("2005-10-10"), -2005, "years", "beyond"),
        (date("9999-12-31"), 1, "day", "beyond"),
        (date_time("0001-01-01T00:00"), -1, "minute", "beyond"),
        (date_time("2005-10-10T00:00"), 10**30, "days", "beyond"),
    ],
)
def test_what_cannot_be_added_is_an_error_that_says_why(value, amount, unit, hint):
    with pytest.raises(EvaluationError, match=hint):
        add(value, quantity(amount, unit))


_DATES = st.dates().map(lambda day: Date(day.year, day.month, day.day))


@given(_DATES.filter(lambda day: 1000 < day.year < 9000), st.integers(-5000, 5000))
def test_adding_and_taking_away_days_comes_back(day, count):
    there = add(day, quantity(count, "days"))
    assert subtract(there, quantity(count, "days")) == day


@given(_DATES.filter(lambda day: 1000 < day.year < 9000), st.integers(-500, 500), st.integers(0, 500))
def test_more_months_never_lead_to_an_earlier_date(day, count, more):
    order = compare(add(day, quantity(count, "months")), add(day, quantity(count + more, "months")))
    assert order == (-1 if more else 0)
