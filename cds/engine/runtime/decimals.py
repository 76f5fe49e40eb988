"""Decimal as CQL has it: 28 digits, 8 of them places, traditional rounding, null when out of range.

https://cql.hl7.org/09-b-cqlreference.html#decimal-1
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation

WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
"""Room to compute in: rounding to CQL's places happens once, at the end."""

_WHOLE_DIGITS = 20
_PLACES = 8
_MOST_PLACES = 28
_LARGEST_SIZE = 30  # far beyond any Decimal of CQL; such a number comes from data and is left as it is


def limited(value: Decimal) -> Decimal | None:
    """Round a result to 8 places, but never to fewer than 8 significant digits; None when it is out of range.

    CQL asks for at least 8 places; a strict 8 would turn 12 pmol/L, expressed in mol/L, into nothing. Beyond 28 places
    there is only zero.
    """
    size = value.adjusted()
    if (size >= _WHOLE_DIGITS and value) or not value.is_finite():
        return None
    places = min(max(_PLACES, _PLACES - 1 - size), _MOST_PLACES) if value else _PLACES
    if decimal_places(value) <= places:
        return value
    nearest = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, WIDE)
    return nearest if nearest.adjusted() < _WHOLE_DIGITS else None


def decimal_places(value: Decimal) -> int:
    """Return how many digits are written after the decimal point: 3 for 1.500."""
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def rounded(value: Decimal, places: int) -> Decimal:
    """Round half away from zero to `places` digits after the point (negative: before it), without padding zeros."""
    if decimal_places(value) <= places or value.adjusted() >= _LARGEST_SIZE:
        return value
    return value.quantize(Decimal(1).scaleb(-max(places, -_MOST_PLACES)), ROUND_HALF_UP, WIDE)


def truncated_quotient(left: Decimal, right: Decimal) -> Decimal | None:
    """Return the whole part of left / right; None when right is 0."""
    return WIDE.divide(left, right).to_integral_value(ROUND_DOWN) if right else None


def remainder(left: Decimal, right: Decimal) -> Decimal | None:
    """Return what the truncated division leaves, with the sign of left; None when right is 0 or the digits run out."""
    if not right:
        return None
    try:
        return WIDE.remainder(left, right)
    except InvalidOperation:
        return None


def _significant_places(value: Decimal) -> int:
    """Return the digits after the decimal point, trailing zeros left out: 1 for 1.50."""
    return decimal_places(value.normalize(WIDE))


def equivalent(left: Decimal, right: Decimal) -> bool:
    """Compare at the precision of the less precise operand, trailing zeros not counted (CQL `~` on Decimal)."""
    if left == right:
        return True
    places = min(_significant_places(left), _significant_places(right))
    return rounded(left, places) == rounded(right, places)
