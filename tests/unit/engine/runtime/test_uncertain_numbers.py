"""Arithmetic and conversion of numbers known only as a range, such as an age from a year of birth."""

from decimal import Decimal

import pytest

from cds.engine.runtime import arithmetic, conversion
from cds.engine.runtime.uncertainty import Uncertainty

AGE = Uncertainty(74, 75)
WEIGHT = Uncertainty(Decimal("3.5"), Decimal("5.5"))


@pytest.mark.parametrize(
    ("operation", "low", "high"),
    [
        (lambda: arithmetic.subtract(140, AGE), 65, 66),
        (lambda: arithmetic.divide(WEIGHT, Decimal(2)), Decimal("1.75"), Decimal("2.75")),
        (lambda: arithmetic.divide(Decimal(77), WEIGHT), Decimal(14), Decimal(22)),
        (lambda: arithmetic.truncated_divide(Uncertainty(10, 29), 10), 1, 2),
        (lambda: arithmetic.round(WEIGHT), Decimal(4), Decimal(6)),
        (lambda: arithmetic.floor(WEIGHT), 3, 5),
        (lambda: arithmetic.ceiling(WEIGHT), 4, 6),
        (lambda: arithmetic.truncate(WEIGHT), 3, 5),
        (lambda: arithmetic.abs(Uncertainty(-5, -3)), 3, 5),
        (lambda: arithmetic.abs(Uncertainty(-1, 1)), 0, 1),
        (lambda: conversion.to_decimal(AGE), Decimal(74), Decimal(75)),
        (lambda: conversion.to_long(AGE), 74, 75),
    ],
)
def test_the_result_reaches_from_the_least_to_the_greatest_possible_one(operation, low, high):
    assert operation() == Uncertainty(low, high)


def test_a_result_that_is_the_same_for_the_whole_range_is_certain():
    assert arithmetic.truncated_divide(AGE, 10) == 7
    assert arithmetic.floor(Uncertainty(Decimal("3.1"), Decimal("3.9"))) == 3


@pytest.mark.parametrize(
    "operation",
    [
        lambda: arithmetic.divide(1, Uncertainty(-1, 1)),
        lambda: arithmetic.divide(1, Uncertainty(0, 1)),
        lambda: arithmetic.divide(None, AGE),
        lambda: arithmetic.divide(AGE, None),
        lambda: arithmetic.modulo(AGE, 2),
        lambda: arithmetic.power(AGE, 2),
        lambda: arithmetic.exp(WEIGHT),
        lambda: arithmetic.ln(WEIGHT),
        lambda: arithmetic.log(WEIGHT, Decimal(10)),
        lambda: conversion.to_string(AGE),
        lambda: conversion.to_quantity(AGE),
    ],
)
def test_a_result_that_the_range_does_not_tell_is_unknown(operation):
    assert operation() is None
