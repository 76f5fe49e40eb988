from decimal import Decimal

import pytest

from cds.engine.runtime import decimals
from cds.engine.runtime.values import DECIMAL_MAX


def d(text):
    return Decimal(text)


@pytest.mark.parametrize(
    ("value", "limited"),
    [
        ("1.123456784", "1.12345678"),
        ("1.123456785", "1.12345679"),
        ("-1.123456785", "-1.12345679"),
        ("0.0123456789", "0.012345679"),
        ("0.000000012345678912", "0.000000012345679"),
        ("1E-40", "0"),
        ("0E-40", "0"),
    ],
)
def test_a_result_is_rounded_to_eight_places_or_eight_significant_digits(value, limited):
    assert decimals.limited(d(value)) == d(limited)


@pytest.mark.parametrize("text", ["1.50", "2", "0.00", "100"])
def test_what_fits_is_left_as_it_was_written(text):
    assert str(decimals.limited(d(text))) == text


def test_the_range_ends_at_twenty_digits_before_the_point():
    assert decimals.limited(DECIMAL_MAX) == DECIMAL_MAX
    assert decimals.limited(-DECIMAL_MAX) == -DECIMAL_MAX
    assert decimals.limited(d("99999999999999999999.999999994")) == DECIMAL_MAX
    assert decimals.limited(d("99999999999999999999.999999995")) is None
    assert decimals.limited(d("-1E+20")) is None
    assert decimals.limited(d("Infinity")) is None


def test_places_are_counted_as_written():
    assert [decimals.decimal_places(d(text)) for text in ("1.500", "1", "1E+3", "1E-3")] == [3, 0, 0, 3]


def test_remainders_that_cannot_be_told_are_null():
    assert decimals.remainder(d("10.5"), d("3")) == d("1.5")
    assert decimals.remainder(d("1"), d("0")) is None
    assert decimals.remainder(d("1E+308"), d("0.00000001")) is None
    assert decimals.truncated_quotient(d("1"), d("0")) is None
