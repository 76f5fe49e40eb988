import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime import temporal
from cds.engine.runtime.temporal import Date, DateTime, Time, compare, compare_at
from tests.unit.engine.runtime.temporal_from_text import date, date_time, time


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ("2014", "2014-02-15", None),
        ("2013", "2014-02-15", -1),
        ("2015", "2014-02-15", 1),
        ("2014-02", "2014-02", 0),
        ("2014-02", "2014-02-28", None),
        ("2014-01-31", "2014-02", -1),
        ("2024-02-29", "2024-02-28", 1),
    ],
)
def test_dates_compare_component_by_component_until_one_has_none(left, right, order):
    assert compare(date(left), date(right)) == order
    assert compare(date_time(left), date_time(right)) == order


def test_a_second_without_milliseconds_may_be_any_instant_of_it():
    assert compare(time("10:00:00"), time("10:00:00.500")) is None
    assert compare(time("10:00:00"), time("10:00:01.000")) == -1
    assert temporal.equal(date_time("2026-01-01T10:00:00"), date_time("2026-01-01T10:00:00.000")) is None


def test_different_offsets_compare_as_instants():
    here, utc = date_time("2026-03-01T10:00:00.000+01:00"), date_time("2026-03-01T09:00:00.000Z")
    assert compare(here, utc) == 0
    assert temporal.equal(here, utc) is True
    assert temporal.equivalent(here, utc)
    assert here != utc  # Python's == is structural: they are written differently


def test_the_last_millisecond_before_and_the_first_after_an_instant_of_another_zone_differ():
    utc = date_time("2026-03-01T09:00:00.000Z")
    assert compare(date_time("2026-03-01T09:59:59.999+01:00"), utc) == -1
    assert compare(date_time("2026-03-01T10:00:00.001+01:00"), utc) == 1


def test_calendar_days_compare_as_written_whatever_their_offset():
    west, utc = date_time("2022-02-22T00:00:00.000-05:00"), date_time("2022-02-22T04:59:00.000Z")
    assert compare_at(west, utc, "day") == 0
    assert compare_at(west, utc, "month") == 0
    assert compare_at(west, utc, "hour") == 1


def test_a_value_without_an_offset_is_read_on_the_others_clock():
    assert compare(date_time("2026-03-01T10:00"), date_time("2026-03-01T10:00+05:00")) == 0
    assert compare_at(date_time("2026-03-01T10:00"), date_time("2026-03-01T10:00+05:00"), "hour") == 0


def test_half_hour_zones_keep_their_own_hours_and_an_hour_across_them_is_unknown():
    assert compare_at(date_time("2026-03-01T10:10+05:30"), date_time("2026-03-01T10:50+05:30"), "hour") == 0
    assert compare(date_time("2026-03-01T10+05:30"), date_time("2026-03-01T05Z")) is None
    assert compare(date_time("2026-03-01T10+05:30"), date_time("2026-03-01T06Z")) == -1


@pytest.mark.parametrize(
    ("left", "right", "precision", "order"),
    [
        ("2014-12-09", "2003-10-10", "day", 1),
        ("2014-10", "2014-10-12", "day", None),
        ("2014-10", "2014-11-12", "day", -1),
        ("2014-10", "2014-10", "day", None),
        ("2014", "2014", "year", 0),
        ("2014", "2014-05", "month", None),
        ("2014-10-10T20:30", "2014-10-10T20:31", "hour", 0),
        ("2014-10-10T20", "2014-10-10T20:31", "minute", None),
        ("2014-10-10T19", "2014-10-10T20:31", "minute", -1),
    ],
)
def test_comparison_to_a_precision_stops_there_and_needs_both_components(left, right, precision, order):
    assert compare_at(date_time(left), date_time(right), precision) == order


def test_a_date_compares_with_a_date_time_as_that_day_without_a_time():
    assert compare(date("2026-03-01"), date_time("2026-03-01")) == 0
    assert compare(date("2026-03-01"), date_time("2026-03-01T00:00Z")) is None
    assert compare(date("2026-03-01"), date_time("2026-03-02T00:00Z")) == -1
    assert compare_at(date("2026-03-01"), date_time("2026-03-01T10:00Z"), "day") == 0


def test_times_of_day_do_not_compare_with_dates_or_by_day_or_week():
    with pytest.raises(EvaluationError):
        compare(time("10:00"), date("2026-03-01"))
    with pytest.raises(EvaluationError):
        compare_at(time("10:00"), time("11:00"), "day")
    with pytest.raises(EvaluationError):
        compare_at(date("2026-03-01"), date("2026-03-02"), "week")
    assert temporal.equal(time("10:00"), date("2026-03-01")) is False


def test_equivalence_takes_different_precision_for_different():
    assert not temporal.equivalent(date("2014"), date("2014-01"))
    assert temporal.equivalent(date("2014-01"), date("2014-01"))


@pytest.mark.parametrize(
    "components",
    [
        (2023, 2, 29),
        (2024, 13),
        (0,),
        (10000,),
        (2024, None, 5),
        (2024, 2, 1, 24),
        (2024, 2, 1, 10, 60),
        (2024, 2, 1, 10, None, 5),
        (2024, 2, None, 10),
        (2024, 2, 1, 10, 0, 60),
        (2024, 2, 1, 10, 0, 0, 1000),
        (2024, 2, 1, 10, 0, 0, 0, Decimal("14.5")),
        (2024, 2, 1, None, 5),
        (2024, 2, 1, 10, 5, None, 5),
    ],
)
def test_a_date_time_that_does_not_exist_is_refused(components):
    with pytest.raises(EvaluationError):
        DateTime(*components)


def test_values_are_frozen_hashable_and_equal_by_content():
    first, second = date("2024-02-29"), Date(2024, 2, 29)
    assert first == second
    assert hash(first) == hash(second)
    assert first != date_time("2024-02-29")
    assert DateTime(2024, 2, 1, 10, offset=Decimal("1.0")) == DateTime(2024, 2, 1, 10, offset=Decimal(1))
    for value, component in ((first, "year"), (date_time("2024"), "offset"), (time("10"), "hour")):
        with pytest.raises(AttributeError):
            setattr(value, component, 1)


@pytest.mark.parametrize("text", ["0001", "2014", "2014-01", "2014-01-31"])
def test_a_date_prints_as_it_was_written(text):
    assert str(date(text)) == text
    assert str(date_time(text, 2)) == text
    assert repr(date(text)) == f"Date('{text}')"


@pytest.mark.parametrize(
    "text", ["2014-01-31T10+00:00", "2014-01-31T10:05", "2014-01-31T10:05:09-03:30", "2014-01-31T10:05:09.050+14:00"]
)
def test_a_date_time_prints_as_it_was_written(text):
    assert str(date_time(text)) == text


def test_the_precision_is_named_by_its_finest_unit():
    assert [date("2014").precision, date("2014-01").precision, time("10:05").precision] == ["year", "month", "minute"]
    assert date_time("2014-01-31T10:05:09.050").precision == "millisecond"


_MOMENTS = st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1))  # noqa: DTZ001
_OFFSETS = st.sampled_from([Decimal(0), Decimal(1), Decimal("5.5"), Decimal(-8), Decimal("12.75")])


def _full(moment: datetime.datetime, offset: Decimal) -> DateTime:
    parts = moment.hour, moment.minute, moment.second, moment.microsecond // 1000
    return DateTime(moment.year, moment.month, moment.day, *parts, offset)


def _instant(value: DateTime) -> datetime.datetime:
    zone = datetime.timezone(datetime.timedelta(hours=float(value.offset)))
    return datetime.datetime.fromisoformat(str(value)).astimezone(zone)


@given(_MOMENTS, _OFFSETS, _MOMENTS, _OFFSETS)
def test_full_date_times_compare_as_pythons_aware_ones(left, left_offset, right, right_offset):
    a, b = _full(left, left_offset), _full(right, right_offset)
    x, y = _instant(a), _instant(b)
    assert compare(a, b) == (x > y) - (x < y)


def _cut(value: DateTime, rank: int) -> DateTime:
    parts = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.millisecond]
    return DateTime(*parts[: rank + 1], offset=value.offset)


@given(_MOMENTS, _MOMENTS, st.integers(0, 6), st.integers(0, 6))
def test_a_cut_value_never_contradicts_the_full_one(left, right, rank, other_rank):
    a, b = _full(left, Decimal(1)), _full(right, Decimal(1))
    known = compare(_cut(a, rank), _cut(b, other_rank))
    if known in (-1, 1):
        assert compare(a, b) == known
    assert known == (None if known is None else -(compare(_cut(b, other_rank), _cut(a, rank)) or 0))


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_a_time_prints_and_keeps_its_components(hour, minute, second, millisecond):
    value = Time(hour, minute, second, millisecond)
    assert time(str(value)) == value
    assert value.last == value.first
