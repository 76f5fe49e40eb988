"""The System types of CQL that Python does not have: Long, Quantity, Ratio, the clinical types and Tuple.

The other types are Python's own: null is None, Boolean bool, Integer int, Decimal decimal.Decimal (28 digits, 8 of
them places), String str, List list. Dates and times are in `temporal`, intervals in `interval`. FHIR elements stay
plain dicts.
Every value is immutable by convention, so that it may be shared and used as a cache key; the classes here enforce it.

`==` on these classes is structural and serves Python's containers. CQL's `=` and `~` are in `comparison`.
https://cql.hl7.org/09-b-cqlreference.html#types-2
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

INTEGER_MIN, INTEGER_MAX = -(2**31), 2**31 - 1
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1
DECIMAL_STEP = Decimal("0.00000001")
DECIMAL_MAX = Decimal("99999999999999999999.99999999")
DECIMAL_MIN = -DECIMAL_MAX


class Long(int):
    """A 64-bit whole number (`1L`); a plain int is CQL's Integer."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Long({int(self)})"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit: a UCUM code, a CQL calendar unit ("year", "days") or "1"."""

    value: Decimal
    unit: str = "1"


@dataclass(frozen=True, slots=True)
class Ratio:
    """Two quantities in relation, such as the titre `1:128`."""

    numerator: Quantity
    denominator: Quantity


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a code system; `system` is the canonical URL."""

    code: str
    system: str | None = None
    version: str | None = None
    display: str | None = None


@dataclass(frozen=True, slots=True)
class Concept:
    """Codes that mean the same, as FHIR's CodeableConcept."""

    codes: tuple[Code, ...]
    display: str | None = None


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A reference to a value set by canonical URL; its codes are the terminology's business."""

    id: str
    version: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """A reference to a code system by canonical URL."""

    id: str
    version: str | None = None
    name: str | None = None


class Tuple(dict[str, Any]):
    """A CQL tuple: element name to value. Never changed after it was made."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Tuple({dict(self)})"


_PYTHON_TYPES = {bool: "Boolean", int: "Integer", Decimal: "Decimal", str: "String", list: "List", type(None): "null"}


def type_name(value: object) -> str:
    """Return the CQL name of a value's type, for messages: `Integer`, `List`, `Quantity`, `Observation`."""
    if type(value) is dict:
        return str(value.get("resourceType", "FHIR element"))
    return _PYTHON_TYPES.get(type(value)) or type(value).__name__
