"""Quantities: comparison across units, arithmetic that carries the unit.

Every function answers None where the units do not allow the operation: never a number without its unit.
https://cql.hl7.org/09-b-cqlreference.html#quantity-1
"""

from __future__ import annotations

from decimal import Decimal

from cds.engine.runtime import decimals, units
from cds.engine.runtime.decimals import WIDE, limited
from cds.engine.runtime.values import Quantity, Ratio

_YEARS = frozenset({"year", "years", "a"})
_MONTHS = frozenset({"month", "months", "mo"})
_CALENDAR_ONLY = frozenset({"year", "years", "month", "months"})
_YEAR_IN = {"year": 1, "month": 12, "d": 365}
_MONTH_IN = {"month": 1, "d": 30}


def compare(left: Quantity, right: Quantity) -> int | None:
    """Return -1, 0 or 1; None when the units are not commensurable."""
    return units.compare(left.value, left.unit or "1", right.value, right.unit or "1")


def equal(left: Quantity, right: Quantity) -> bool | None:
    """Return whether both are the same amount, whatever the unit: 1 'g/L' = 0.1 'g/dL'; None if not commensurable."""
    order = compare(left, right)
    return None if order is None else order == 0


def equivalent(left: Quantity, right: Quantity) -> bool:
    """Compare as CQL's `~`: decimal equivalence in the more granular unit; calendar years and months meet days, a, mo.

    The more granular unit, because equivalence forgives decimals: 140 'cm' is not 1 'm', though 1.4 ~ 1.
    """
    if left.unit == right.unit:
        return decimals.equivalent(left.value, right.value)
    if left.unit in _CALENDAR_ONLY or right.unit in _CALENDAR_ONLY:
        unit = _finest_calendar_unit(left.unit, right.unit)
        first, second = _in_calendar_unit(left, unit), _in_calendar_unit(right, unit)
    else:
        unit = units.finer(left.unit, right.unit)
        first, second = units.convert(left.value, left.unit, unit), units.convert(right.value, right.unit, unit)
    return first is not None and second is not None and decimals.equivalent(first, second)


def _finest_calendar_unit(left: str, right: str) -> str:
    if left in _YEARS and right in _YEARS:
        return "year"
    return "month" if {left, right} <= _YEARS | _MONTHS else "d"


def _in_calendar_unit(quantity: Quantity, unit: str) -> Decimal | None:
    if quantity.unit in _YEARS:
        return quantity.value * _YEAR_IN[unit]
    if quantity.unit in _MONTHS:
        return quantity.value * _MONTH_IN[unit]
    return units.convert(quantity.value, quantity.unit, unit)


def _in_common_unit(left: Quantity, right: Quantity) -> tuple[Decimal, Decimal, str] | None:
    """Return both values in the more granular of the two units; None when not commensurable, or scales without zero."""
    if left.unit == right.unit:
        return left.value, right.value, left.unit
    if units.is_special(left.unit) or units.is_special(right.unit):
        return None
    unit = units.finer(left.unit, right.unit)
    first, second = units.convert(left.value, left.unit, unit), units.convert(right.value, right.unit, unit)
    return None if first is None or second is None else (first, second, unit)


def add(left: Quantity, right: Quantity) -> Quantity | None:
    """Return the sum in the more granular unit."""
    common = _in_common_unit(left, right)
    return None if common is None else _quantity(WIDE.add(common[0], common[1]), common[2])


def subtract(left: Quantity, right: Quantity) -> Quantity | None:
    """Return the difference in the more granular unit."""
    return add(left, Quantity(-right.value, right.unit))


def multiply(left: Quantity, right: Quantity) -> Quantity | None:
    """Return the product with the product of the units: 1 'cm' * 2 'cm' = 2 'cm2'."""
    return _quantity(WIDE.multiply(left.value, right.value), units.multiply(left.unit, right.unit))


def divide(left: Quantity, right: Quantity) -> Quantity | None:
    """Return the quotient with the quotient of the units, 30 'mg' / 1 'g' = 30 'mg/g'; None when dividing by zero."""
    if not right.value:
        return None
    return _quantity(WIDE.divide(left.value, right.value), units.divide(left.unit, right.unit))


def truncated_divide(left: Quantity, right: Quantity) -> Quantity | None:
    """Return how often the right goes into the left; the dividend's unit stays, as HL7's CQL tests ask."""
    common = _in_common_unit(left, right)
    return None if common is None else _quantity(decimals.truncated_quotient(common[0], common[1]), common[2])


def modulo(left: Quantity, right: Quantity) -> Quantity | None:
    """Return the remainder, with the dividend's sign, in the more granular unit."""
    common = _in_common_unit(left, right)
    return None if common is None else _quantity(decimals.remainder(common[0], common[1]), common[2])


def _quantity(value: Decimal | None, unit: str | None) -> Quantity | None:
    number = None if value is None else limited(value)
    return None if number is None or unit is None else Quantity(number, unit)


def convert_quantity(argument: Quantity | None, unit: str | None) -> Quantity | None:
    """Express a quantity in another unit; None when the units are not commensurable."""
    if argument is None or unit is None:
        return None
    value = units.convert(argument.value, argument.unit, unit)
    return None if value is None else _quantity(value, unit)


def can_convert_quantity(argument: Quantity | None, unit: str | None) -> bool | None:
    """Return whether the quantity can be expressed in the unit."""
    return None if argument is None or unit is None else units.commensurable(argument.unit, unit)


def ratios_equal(left: Ratio, right: Ratio) -> bool | None:
    """Return whether numerators and denominators are equal: 1:8 is not 2:16."""
    numerators, denominators = (
        equal(left.numerator, right.numerator),
        equal(left.denominator, right.denominator),
    )
    if numerators is False or denominators is False:
        return False
    return None if numerators is None or denominators is None else True


def ratios_equivalent(left: Ratio, right: Ratio) -> bool:
    """Return whether both are the same proportion: 1:8 ~ 2:16."""
    first = multiply(left.numerator, right.denominator)
    second = multiply(right.numerator, left.denominator)
    return left == right if first is None or second is None else equal(first, second) is True
