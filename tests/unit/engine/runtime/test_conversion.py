from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime import conversion
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.values import (
    DECIMAL_MAX,
    INTEGER_MAX,
    INTEGER_MIN,
    LONG_MAX,
    Code,
    Concept,
    Long,
    Quantity,
    Ratio,
)

PAIRS = [
    (conversion.to_boolean, conversion.converts_to_boolean),
    (conversion.to_integer, conversion.converts_to_integer),
    (conversion.to_long, conversion.converts_to_long),
    (conversion.to_decimal, conversion.converts_to_decimal),
    (conversion.to_quantity, conversion.converts_to_quantity),
    (conversion.to_ratio, conversion.converts_to_ratio),
    (conversion.to_date, conversion.converts_to_date),
    (conversion.to_date_time, conversion.converts_to_date_time),
    (conversion.to_time, conversion.converts_to_time),
    (conversion.to_string, conversion.converts_to_string),
]


def q(value, unit="1"):
    return Quantity(Decimal(value), unit)


@pytest.mark.parametrize(("convert", "converts"), PAIRS)
def test_null_converts_to_null(convert, converts):
    assert convert(None) is None
    assert converts(None) is None


@pytest.mark.parametrize(("convert", "converts"), PAIRS[:-1])
@pytest.mark.parametrize("text", ["", " ", "falsetto", "+-1", "1 2", "\u0661", "2014/01/01", "1e5", "'"])
def test_text_without_the_right_form_converts_to_null_and_not_to_an_error(convert, converts, text):
    assert convert(text) is None
    assert converts(text) is False


@pytest.mark.parametrize(("convert", "converts"), PAIRS)
def test_a_type_without_a_conversion_is_an_error(convert, converts):
    with pytest.raises(EvaluationError, match="is not defined for List"):
        convert([[1]]) if convert is not conversion.to_concept else convert(1)
    assert converts([[1]]) is False


def test_booleans():
    assert [conversion.to_boolean(text) for text in ("true", "T", "yes", "Y", "1")] == [True] * 5
    assert [conversion.to_boolean(text) for text in ("FALSE", "f", "No", "n", "0")] == [False] * 5
    assert [conversion.to_boolean(n) for n in (1, 0, 2, Long(1), Decimal("1.0"), Decimal("0.0"), Decimal("0.5"))] == [
        *(True, False, None, True),
        *(True, False, None),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-25", -25), ("+7", 7), ("007", 7), (str(INTEGER_MAX), INTEGER_MAX), (str(INTEGER_MAX + 1), None), ("1.0", None)],
)
def test_integers(text, expected):
    assert conversion.to_integer(text) == expected


def test_whole_numbers_fit_or_are_null():
    assert conversion.to_integer(str(INTEGER_MIN - 1)) is None
    assert conversion.to_integer(Long(INTEGER_MAX + 1)) is None
    assert conversion.to_long(str(LONG_MAX)) == LONG_MAX
    assert conversion.to_long(str(LONG_MAX + 1)) is None
    assert type(conversion.to_long(5)) is Long
    assert type(conversion.to_integer(Long(5))) is int
    assert conversion.to_integer(True) == 1
    assert conversion.to_integer("9" * 5000) is None


def test_decimals():
    assert conversion.to_decimal("+25.5") == Decimal("25.5")
    assert conversion.to_decimal("25.") is None
    assert conversion.to_decimal(".5") is None
    assert conversion.to_decimal("0.123456789") == Decimal("0.12345679")
    assert conversion.to_decimal(str(DECIMAL_MAX)) == DECIMAL_MAX
    assert conversion.to_decimal("1" + "0" * 20) is None
    assert conversion.to_decimal(False) == 0
    assert conversion.to_decimal(5) == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.5 'cm'", q("5.5", "cm")),
        ("-0.1'mg'", q("-0.1", "mg")),
        ("7", q("7")),
        ("3 days", q("3", "days")),
        ("1 year", q("1", "year")),
        ("3 dais", None),
        ("444 'cm", None),
        ("1 'IU'", None),
        ("cm", None),
    ],
)
def test_quantities_from_text_have_a_real_unit(text, expected):
    assert conversion.to_quantity(text) == expected


def test_quantities_from_numbers_and_ratios():
    assert conversion.to_quantity(13) == q("13")
    assert conversion.to_quantity(Decimal("0.1")) == q("0.1")
    assert conversion.to_quantity(Ratio(q("10", "mg"), q("2", "mL"))) == q("5", "mg/mL")
    with pytest.raises(EvaluationError):
        conversion.to_quantity(True)


def test_ratios():
    assert conversion.to_ratio("1.0 'mg':2.0 'mg'") == Ratio(q("1.0", "mg"), q("2.0", "mg"))
    assert conversion.to_ratio("1:128") == Ratio(q("1"), q("128"))
    assert conversion.to_ratio("1.0 'mg';2.0 'mg'") is None
    assert conversion.to_ratio("1:2:3") is None


def test_concepts():
    code = Code("8480-6", "http://loinc.org", display="Systolic")
    assert conversion.to_concept(code) == Concept((code,), "Systolic")
    assert conversion.to_concept([code, None]) == Concept((code,))
    with pytest.raises(EvaluationError):
        conversion.to_concept("8480-6")


def test_dates_leave_the_time_out():
    assert conversion.to_date("2014-01") == Date(2014, 1)
    assert conversion.to_date("2014-01-01T12:30:00") == Date(2014, 1, 1)
    assert conversion.to_date(DateTime(2014, 1, 1, 12, offset=Decimal(0))) == Date(2014, 1, 1)
    assert conversion.to_date("2014-02-30") is None


def test_date_times_take_the_offset_of_the_evaluation_where_they_have_none():
    assert conversion.to_date_time("2014-01-01T12:05", Decimal(1)) == DateTime(2014, 1, 1, 12, 5, offset=Decimal(1))
    assert conversion.to_date_time("2014-01-01T12:05:05.955+01:30", Decimal(1)).offset == Decimal("1.5")
    assert conversion.to_date_time(Date(2014, 1, 1), Decimal(1)).hour is None
    assert conversion.to_date_time("2014/01/01T12:05:05.955Z") is None


def test_times():
    for text in ("14:30:00.0", "T14:30:00.0", "T14:30:00.0Z", "T14:30:00.0+05:30"):
        assert conversion.to_time(text) == Time(14, 30, 0, 0)
    assert conversion.to_time("T14-30-00.0") is None
    assert conversion.to_time("24:00") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (-5, "-5"),
        (Long(5), "5"),
        (Decimal("18.55"), "18.55"),
        (Decimal(5), "5.0"),
        (Decimal("1E-8"), "0.00000001"),
        (q("125", "cm"), "125 'cm'"),
        (q("5.5", "cm"), "5.5 'cm'"),
        (q("4", "days"), "4 days"),
        (Ratio(q("-0.1", "mg"), q("0.1", "mg")), "-0.1 'mg':0.1 'mg'"),
        (Date(2014, 1), "2014-01"),
        (DateTime(2000, 1, 1), "2000-01-01"),
        (DateTime(2000, 1, 1, 8, 25, 25, 300, Decimal(-7)), "2000-01-01T08:25:25.300-07:00"),
        (Time(9, 30, 1, 3), "09:30:01.003"),
        ("as it is", "as it is"),
    ],
)
def test_how_values_are_written(value, text):
    assert conversion.to_string(value) == text


def test_characters():
    assert conversion.to_chars("ab") == ["a", "b"]
    assert conversion.to_chars(None) is None


@given(st.decimals(-(10**12), 10**12, places=8), st.sampled_from(["mg", "mL/min/{1.73_m2}", "1", "days", "[iU]/L"]))
def test_a_quantity_that_was_written_reads_back_the_same(value, unit):
    quantity = Quantity(value, unit)
    assert conversion.to_quantity(conversion.to_string(quantity)) == quantity


@given(st.decimals(-(10**12), 10**12, places=8))
def test_a_decimal_that_was_written_reads_back_the_same(value):
    assert conversion.to_decimal(conversion.to_string(value)) == value
