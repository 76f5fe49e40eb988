from decimal import Decimal

import pytest

from cds.engine.errors import EvaluationError
from cds.engine.runtime.boundary_digits import high_boundary, low_boundary, precision
from tests.unit.engine.runtime.temporal_from_text import date, date_time, time


@pytest.mark.parametrize(
    ("value", "digits", "low", "high"),
    [
        ("1.587", 8, "1.58700000", "1.58799999"),
        ("1.58888", None, "1.58888000", "1.58888999"),
        ("-1.587", 8, "-1.58799999", "-1.58700000"),
        ("1.587", 2, "1.58", "1.59"),
        ("1.587", 0, "1", "2"),
        ("1.58700001", 8, "1.58700001", "1.58700001"),
        ("2", 1, "2.0", "3.0"),
    ],
)
def test_a_decimal_may_go_on_with_any_digits(value, digits, low, high):
    assert str(low_boundary(Decimal(value), digits)) == low
    assert str(high_boundary(Decimal(value), digits)) == high


@pytest.mark.parametrize(
    ("value", "digits", "low", "high"),
    [
        (date("2014"), 6, date("2014-01"), date("2014-12")),
        (date("2024-02"), None, date("2024-02-01"), date("2024-02-29")),
        (date("2024-02-11"), 4, date("2024"), date("2024")),
        (date_time("2014-01-01T08"), 17, date_time("2014-01-01T08:00:00.000"), date_time("2014-01-01T08:59:59.999")),
        (date_time("2014", 1), 8, date_time("2014-01-01", 1), date_time("2014-12-31", 1)),
        (time("10:30"), 9, time("10:30:00.000"), time("10:30:59.999")),
        (time("10"), None, time("10:00:00.000"), time("10:59:59.999")),
    ],
)
def test_a_date_or_time_may_be_any_finer_one_within(value, digits, low, high):
    assert low_boundary(value, digits) == low
    assert high_boundary(value, digits) == high


@pytest.mark.parametrize(
    ("value", "digits"), [(Decimal(1), 9), (date("2014"), 10), (date("2014"), 5), (time("10"), 17), (Decimal(1), -1)]
)
def test_more_digits_than_the_type_has_is_null(value, digits):
    assert low_boundary(value, digits) is None
    assert high_boundary(value, digits) is None


def test_null_has_no_boundaries_and_other_types_are_refused():
    assert low_boundary(None, 8) is high_boundary(None) is precision(None) is None
    with pytest.raises(EvaluationError):
        high_boundary("1.5", 8)


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (Decimal("1.58700"), 5),
        (Decimal(100), 0),
        (7, 0),
        (date("2014"), 4),
        (date_time("2014-01-05T10:30:00.000"), 17),
        (time("10:30"), 4),
        (time("10:30:00.000"), 9),
    ],
)
def test_precision_counts_the_digits_written(value, digits):
    assert precision(value) == digits
