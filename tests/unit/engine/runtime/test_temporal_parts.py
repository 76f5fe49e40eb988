from decimal import Decimal

import pytest

from cds.engine.errors import EvaluationError
from cds.engine.runtime import temporal_parts as parts
from cds.engine.runtime.temporal import DateTime, compare
from tests.unit.engine.runtime.temporal_from_text import date, date_time, time


def test_without_any_component_there_is_no_date():
    assert parts.date(None) is None
    assert parts.date_time(None) is None
    assert parts.time(None) is None


def test_the_parts_of_an_unknown_date_make_an_unknown_date():
    assert parts.date(None, 1, 1) is None
    assert parts.date_time(None, 1, 1, 0, 0, 0, 0, 1) is None
    assert parts.time(None, 5) is None


def test_components_given_as_null_leave_a_coarser_value():
    assert parts.date_time(2001, 1, 1, None, None) == DateTime(2001, 1, 1)
    assert parts.date_time(2003, 10, 29, 20, 50, 33, 955, 1) == date_time("2003-10-29T20:50:33.955+01:00")


@pytest.mark.parametrize(
    "build",
    [
        lambda: parts.date(2012, None, 1),
        lambda: parts.date_time(2012, 1, 1, 12, None, 0, 0, -7),
        lambda: parts.time(12, None, 0, 0),
        lambda: parts.date_time(10000, 12, 31),
        lambda: parts.date_time(0, 1, 1),
        lambda: parts.time(24),
    ],
)
def test_gaps_and_impossible_components_are_errors(build):
    with pytest.raises(EvaluationError):
        build()


def test_components_come_out_as_written_or_null_where_there_is_none():
    value = date_time("2003-10-29T20:50:33.955+01:00")
    found = [parts.date_time_component_from(value, word) for word in ("year", "month", "day", "hour", "minute")]
    assert found == [2003, 10, 29, 20, 50]
    assert parts.date_time_component_from(date_time("2003-10"), "day") is None
    assert parts.date_time_component_from(date("2003-10-29"), "hour") is None
    assert parts.date_time_component_from(time("20:50"), "hour") == 20
    assert parts.date_time_component_from(None, "hour") is None
    with pytest.raises(EvaluationError):
        parts.date_time_component_from(value, "week")
    with pytest.raises(EvaluationError):
        parts.date_time_component_from({"year": 2003}, "year")


def test_date_and_offset_come_out_as_written():
    value = date_time("2003-10-29T23:50:33.955-02:30")
    assert parts.date_from(value) == date("2003-10-29")
    assert parts.date_from(date_time("2003-10")) == date("2003-10")
    assert parts.timezone_offset_from(value) == Decimal("-2.5")
    assert parts.date_from(None) is parts.timezone_offset_from(None) is None


def test_time_comes_out_on_the_clock_of_the_evaluation():
    value = date_time("2003-10-29T23:50:33.955-02:30")
    assert parts.time_from(value) == time("23:50:33.955")
    assert parts.time_from(value, Decimal(0)) == time("02:20:33.955")
    assert parts.time_from(date_time("2003-10-29"), Decimal(0)) is None
    assert parts.time_from(None) is None


def test_moving_to_another_offset_keeps_the_instant_and_the_precision():
    value = date_time("2026-12-31T23:30+00:00")
    moved = parts.with_offset(value, Decimal("5.5"))
    assert str(moved) == "2027-01-01T05:00+05:30"
    assert compare(moved, value) == 0
    assert parts.with_offset(moved, Decimal(0)) == value


def test_moving_a_calendar_day_to_another_offset_keeps_the_day():
    assert str(parts.with_offset(date_time("2026-12-31", 0), Decimal(9))) == "2026-12-31"
    assert str(parts.with_offset(date_time("2026-12-31T10:00"), Decimal(9))) == "2026-12-31T10:00+09:00"


def test_a_date_becomes_a_date_time_of_the_same_precision():
    assert parts.date_time_from_date(date("2014-01"), Decimal(1)) == DateTime(2014, 1, offset=Decimal(1))
    assert parts.date_time_from_date(None) is None
