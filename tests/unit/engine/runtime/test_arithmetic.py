from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime import arithmetic, decimals
from cds.engine.runtime.temporal import Date
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import DECIMAL_MAX, INTEGER_MAX, INTEGER_MIN, LONG_MAX, LONG_MIN, Long, Quantity

BINARY = (
    arithmetic.add,
    arithmetic.subtract,
    arithmetic.multiply,
    arithmetic.divide,
    arithmetic.truncated_divide,
    arithmetic.modulo,
    arithmetic.power,
    arithmetic.log,
)
UNARY = (
    arithmetic.negate,
    arithmetic.abs,
    arithmetic.ceiling,
    arithmetic.floor,
    arithmetic.truncate,
    arithmetic.round,
    arithmetic.exp,
    arithmetic.ln,
)
INTEGERS = st.integers(INTEGER_MIN, INTEGER_MAX)
DECIMALS = st.decimals(-(10**9), 10**9, places=4)


def d(text):
    return Decimal(text)


def q(text, unit="1"):
    return Quantity(Decimal(text), unit)


@pytest.mark.parametrize("operator", BINARY)
def test_null_in_gives_null_out_on_either_side(operator):
    assert operator(None, 1) is None
    assert operator(1, None) is None


@pytest.mark.parametrize("operator", UNARY)
def test_null_in_gives_null_out(operator):
    assert operator(None) is None


def test_whole_numbers_stay_whole_and_mixtures_widen():
    assert (arithmetic.add(1, 2), type(arithmetic.add(1, 2))) == (3, int)
    assert (arithmetic.add(1, Long(2)), type(arithmetic.add(1, Long(2)))) == (3, Long)
    assert (arithmetic.add(Long(1), d("2.0")), type(arithmetic.add(Long(1), d("2.0")))) == (3, Decimal)
    assert arithmetic.add(d("1.5"), q("2", "1")) == q("3.5")


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (INTEGER_MAX, 0, INTEGER_MAX),
        (INTEGER_MAX, 1, None),
        (INTEGER_MIN, 0, INTEGER_MIN),
        (INTEGER_MIN, -1, None),
        (Long(LONG_MAX), Long(0), LONG_MAX),
        (Long(LONG_MAX), Long(1), None),
        (Long(LONG_MIN), Long(-1), None),
        (DECIMAL_MAX, d("0"), DECIMAL_MAX),
        (DECIMAL_MAX, d("0.00000001"), None),
    ],
)
def test_a_sum_beyond_the_type_is_null(left, right, expected):
    assert arithmetic.add(left, right) == expected


def test_an_integer_overflows_even_where_a_long_would_not():
    assert arithmetic.multiply(65536, 65536) is None
    assert arithmetic.multiply(Long(65536), 65536) == 4294967296
    assert arithmetic.negate(INTEGER_MIN) is None
    assert arithmetic.abs(INTEGER_MIN) is None
    assert arithmetic.abs(INTEGER_MIN + 1) == INTEGER_MAX


def test_division_is_decimal_and_by_zero_is_null():
    assert arithmetic.divide(10, 5) == d("2")
    assert type(arithmetic.divide(10, 5)) is Decimal
    assert arithmetic.divide(10, 3) == d("3.33333333")
    assert arithmetic.divide(1, 0) is None
    assert arithmetic.divide(q("1", "g"), q("0", "g")) is None


@pytest.mark.parametrize(
    ("left", "right", "quotient", "remainder"),
    [
        (10, 3, 3, 1),
        (-10, 3, -3, -1),
        (10, -3, -3, 1),
        (-10, -3, 3, -1),
        (d("10.1"), d("3.1"), d("3"), d("0.8")),
        (d("-10.1"), d("3.1"), d("-3"), d("-0.8")),
        (2, 0, None, None),
        (d("2"), d("0"), None, None),
    ],
)
def test_div_truncates_and_mod_keeps_the_sign_of_the_dividend(left, right, quotient, remainder):
    assert arithmetic.truncated_divide(left, right) == quotient
    assert arithmetic.modulo(left, right) == remainder


@given(INTEGERS, INTEGERS.filter(bool))
def test_div_and_mod_put_the_dividend_together_again(dividend, divisor):
    quotient, remainder = arithmetic.truncated_divide(dividend, divisor), arithmetic.modulo(dividend, divisor)
    if quotient is None:  # the one overflow there is
        assert (dividend, divisor) == (INTEGER_MIN, -1)
    else:
        assert quotient * divisor + remainder == dividend
        assert abs(remainder) < abs(divisor)


@pytest.mark.parametrize(
    ("value", "ceiling", "floor", "truncated"),
    [
        (d("1.1"), 2, 1, 1),
        (d("-1.1"), -1, -2, -1),
        (d("-0.1"), 0, -1, 0),
        (d("2147483647"), INTEGER_MAX, INTEGER_MAX, INTEGER_MAX),
        (d("2147483647.2"), None, INTEGER_MAX, INTEGER_MAX),
        (d("2147483648.0"), None, None, None),
        (d("-2147483648.2"), INTEGER_MIN, None, INTEGER_MIN),
        (d("-2147483649.0"), None, None, None),
    ],
)
def test_to_a_whole_number_and_null_when_no_integer_holds_it(value, ceiling, floor, truncated):
    assert arithmetic.ceiling(value) == ceiling
    assert arithmetic.floor(value) == floor
    assert arithmetic.truncate(value) == truncated


@pytest.mark.parametrize(
    ("value", "expected"), [("0.5", 1), ("0.4", 0), ("-0.5", -1), ("-0.4", 0), ("-1.5", -2), ("2.5", 3)]
)
def test_halves_round_away_from_zero(value, expected):
    assert arithmetic.round(d(value)) == expected


def test_rounding_to_places_does_not_invent_zeros_and_keeps_the_unit():
    assert arithmetic.round(d("3.14159"), 2) == d("3.14")
    assert str(arithmetic.round(d("3.1"), 4)) == "3.1"
    assert arithmetic.round(d("155"), -1) == d("160")
    assert arithmetic.round(d("155"), INTEGER_MIN) == 0
    assert arithmetic.round(q("2.55", "cm"), 1) == q("2.6", "cm")


@pytest.mark.parametrize(
    ("base", "exponent", "expected"),
    [
        (2, 3, 8),
        (0, 0, 1),
        (d("0"), d("0"), d("1")),
        (2, -2, d("0.25")),
        (2, 30, 2**30),
        (2, 31, None),
        (Long(2), Long(62), 2**62),
        (Long(2), Long(63), None),
        (-1, 2147483647, -1),
        (2, 2147483647, None),
        (0, -1, None),
        (d("-8"), d("0.5"), None),
        (d("10"), d("20"), None),
        (d("10"), d("-8"), d("0.00000001")),
        (d("99999"), d("2147483647"), None),
    ],
)
def test_power(base, exponent, expected):
    assert arithmetic.power(base, exponent) == expected


def test_logarithms():
    assert arithmetic.ln(1) == 0
    assert arithmetic.ln(1000) == d("6.90775528")
    assert arithmetic.ln(-1) is None
    assert arithmetic.log(16, 2) == 4
    assert arithmetic.log(d("0.125"), 2) == -3
    assert [arithmetic.log(*pair) for pair in ((1, 1), (2, 1), (0, 2), (2, 0), (-1, 2))] == [None] * 5


def test_what_is_infinite_is_an_error_and_not_a_number():
    with pytest.raises(EvaluationError, match="Ln"):
        arithmetic.ln(0)
    with pytest.raises(EvaluationError, match="Exp"):
        arithmetic.exp(1000)
    assert arithmetic.exp(46) < DECIMAL_MAX
    with pytest.raises(EvaluationError, match="Exp"):
        arithmetic.exp(47)
    assert arithmetic.exp(-1000000) == 0


@pytest.mark.parametrize(("left", "right"), [(True, 1), (1, "1"), ("a", 1), ([1], 1), (1, {"value": 1})])
def test_what_cannot_be_added_is_an_error(left, right):
    with pytest.raises(EvaluationError, match=r"\+ is not defined for"):
        arithmetic.add(left, right)


def test_uncertain_numbers_are_calculated_at_their_bounds():
    assert arithmetic.add(Uncertainty(1, 3), 2) == Uncertainty(3, 5)
    assert arithmetic.subtract(10, Uncertainty(1, 3)) == Uncertainty(7, 9)
    assert arithmetic.multiply(Uncertainty(-1, 3), -2) == Uncertainty(-6, 2)
    assert arithmetic.negate(Uncertainty(1, 3)) == Uncertainty(-3, -1)
    assert arithmetic.add(Uncertainty(1, 3), None) is None


def test_a_quotient_is_known_to_bounds_unless_the_divisor_may_be_zero():
    assert arithmetic.divide(Uncertainty(4, 8), 2) == Uncertainty(2, 4)
    assert arithmetic.divide(8, Uncertainty(-4, -2)) == Uncertainty(-4, -2)
    assert arithmetic.truncated_divide(Uncertainty(16, 44), 4) == Uncertainty(4, 11)
    assert arithmetic.divide(8, Uncertainty(0, 2)) is None
    assert arithmetic.truncated_divide(8, Uncertainty(-1, 1)) is None
    assert arithmetic.modulo(Uncertainty(4, 8), 3) is None


def test_uncertain_numbers_are_rounded_at_their_bounds():
    low, high = d("1.2"), d("2.6")
    assert arithmetic.round(Uncertainty(low, high)) == Uncertainty(1, 3)
    assert arithmetic.floor(Uncertainty(low, high)) == Uncertainty(1, 2)
    assert arithmetic.ceiling(Uncertainty(low, high)) == Uncertainty(2, 3)
    assert arithmetic.truncate(Uncertainty(d("1.2"), d("1.6"))) == 1


@pytest.mark.parametrize(
    ("operand", "size"),
    [
        (Uncertainty(1, 3), Uncertainty(1, 3)),
        (Uncertainty(-3, -1), Uncertainty(1, 3)),
        (Uncertainty(-1, 3), Uncertainty(0, 3)),
        (Uncertainty(-3, 1), Uncertainty(0, 3)),
        (Uncertainty(0, 3), Uncertainty(0, 3)),
    ],
)
def test_the_size_of_an_uncertain_number(operand, size):
    assert arithmetic.abs(operand) == size


def test_nobody_knows_the_sum_of_uncertain_dates():
    assert arithmetic.add(Uncertainty(Date(2026), Date(2027)), q("1", "year")) is None


def test_a_date_moves_by_a_duration():
    assert arithmetic.add(Date(2026, 1, 31), q("1", "month")) == Date(2026, 2, 28)
    assert arithmetic.subtract(Date(2026, 3, 1), q("1", "day")) == Date(2026, 2, 28)
    assert arithmetic.add(Date(2026, 1, 31), None) is None


def test_strings_are_joined():
    assert arithmetic.add("a", "b") == "ab"


@given(DECIMALS, DECIMALS)
def test_subtracting_what_was_added_gives_the_number_back(left, right):
    assert arithmetic.subtract(arithmetic.add(left, right), right) == left


@given(st.decimals(-(10**19), 10**19, allow_nan=False, allow_infinity=False))
def test_a_result_has_at_most_eight_places_unless_it_is_tiny(value):
    result = decimals.limited(value)
    assert decimals.decimal_places(result) <= 8 or abs(result) < 1
    assert result == value or abs(result - value) <= abs(value) * d("1e-7") + d("1e-28")


def test_a_tiny_result_keeps_eight_significant_digits():
    assert arithmetic.multiply(d("0.0000012345678"), d("0.000001")) == d("1.2345678E-12")
    assert arithmetic.divide(d("1"), d("3000000000")) == d("3.3333333E-10")
