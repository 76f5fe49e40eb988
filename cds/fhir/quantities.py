"""The unit of a FHIR Quantity, and nothing guessed (https://hl7.org/fhir/R4/datatypes.html#Quantity)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cds.fhir.systems import UCUM, UCUM_OID

# U+00B5 and U+03BC stand for the prefix micro only, which UCUM writes as u.
_MICRO = str.maketrans({"\u00b5": "u", "\u03bc": "u"})


def unit_of(quantity: Mapping[str, Any]) -> str | None:
    """Give the UCUM unit: the code when the system is UCUM, else the printed unit when no other system is named."""
    system = quantity.get("system")
    if system not in (None, UCUM, UCUM_OID):
        return None
    unit = quantity.get("code") or quantity.get("unit")
    if not isinstance(unit, str) or not unit:
        return None
    return unit if unit.isascii() else unit.translate(_MICRO)


def value_of(quantity: Mapping[str, Any]) -> Decimal | None:
    """Give the numeric value exactly as printed in JSON, None where there is no number."""
    value = quantity.get("value")
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    return number if number.is_finite() else None
