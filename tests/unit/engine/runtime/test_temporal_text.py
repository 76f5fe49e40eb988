from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.temporal_text import parse_date, parse_date_time, parse_time


def test_dates_are_read_at_every_precision():
    assert parse_date("2014") == Date(2014)
    assert parse_date("2014-01") == Date(2014, 1)
    assert parse_date("2014-01-31") == Date(2014, 1, 31)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "14",
        "2014-1",
        "2014-13",
        "2014-02-30",
        "2014/01/01",
        "2014-01-01T",
        " 2014",
        "2014 ",
        "2014-01-01\n",
        "0000",
        "٢٠١٤",
        "2014-W01",
    ],
)
def test_text_that_is_no_date_is_none(text):
    assert parse_date(text) is None


def test_date_times_are_read_in_the_forms_of_fhir_and_cql():
    assert parse_date_time("2014") == DateTime(2014)
    assert parse_date_time("2014T") == DateTime(2014)
    assert parse_date_time("2014-01-31T") == DateTime(2014, 1, 31)
    assert parse_date_time("2014-01-31T12") == DateTime(2014, 1, 31, 12)
    full = DateTime(2014, 1, 31, 12, 5, 5, 955, Decimal("1.5"))
    assert parse_date_time("2014-01-31T12:05:05.955+01:30") == full
    assert parse_date_time("2014-01-31T12:05:05Z") == DateTime(2014, 1, 31, 12, 5, 5, None, Decimal(0))


@pytest.mark.parametrize(
    "text",
    [
        "2014-01T12",
        "2014/01/01T12:05:05.955Z",
        "2014-01-31T24:00:00Z",
        "2014-01-31T23:59:60Z",
        "2014-01-31T12:05:05.Z",
        "2014-01-31T12:5",
        "2014-01-31T12:05+1",
        "2014-01-31T12:05+01:60",
        "2014-01-31T12:05+15:00",
        "2014-01-31 12:05",
        "2014-01-31Z",
    ],
)
def test_text_that_is_no_date_time_is_none(text):
    assert parse_date_time(text) is None


def test_fractions_are_cut_to_milliseconds():
    assert parse_time("23:59:59.10000") == Time(23, 59, 59, 100)
    assert parse_time("23:59:59.9999") == Time(23, 59, 59, 999)
    assert parse_time("23:59:59.0") == Time(23, 59, 59, 0)
    assert parse_time("23:59:59") == Time(23, 59, 59)


def test_the_evaluations_offset_is_taken_only_where_the_text_has_none():
    assert parse_date_time("2014-01-31T12:05", Decimal(2)) == DateTime(2014, 1, 31, 12, 5, offset=Decimal(2))
    assert parse_date_time("2014-01-31T12:05Z", Decimal(2)) == DateTime(2014, 1, 31, 12, 5, offset=Decimal(0))
    assert parse_date_time("2014", Decimal(2)) == DateTime(2014, offset=Decimal(2))


def test_times_are_read_with_or_without_t_and_over_an_offset():
    assert parse_time("T14:30:00.0+05:30") == Time(14, 30, 0, 0)
    assert parse_time("14") == Time(14)
    assert parse_time("T14:30:00.0Z") == Time(14, 30, 0, 0)
    assert parse_time("T14-30-00.0") is None
    assert parse_time("24:00") is None
    assert parse_time("T14:30+05:99") is None


def test_an_offset_of_twenty_minutes_is_exact():
    value = parse_date_time("2014-01-31T12:05-00:20")
    assert value is not None
    assert value.shift == -20 * 60_000
    assert str(value) == "2014-01-31T12:05-00:20"


@given(st.text(max_size=30))
def test_any_text_is_read_or_none_and_never_an_error(text):
    for parse in (parse_date, parse_date_time, parse_time):
        found = parse(text)
        assert found is None or parse(str(found)) == found
