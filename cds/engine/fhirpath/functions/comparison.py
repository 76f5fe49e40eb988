"""`=`, `~`, `<` and their kin over single items, as FHIRPath has them.

Numbers and quantities compare as in CQL. Dates and times differ from CQL in two points: seconds and milliseconds are
one precision (`@T10:00:00 = @T10:00:00.0`), and a time with an offset and one without are not comparable.
https://hl7.org/fhirpath/#equality and https://hl7.org/fhirpath/#comparison
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath.literals import CALENDAR_UNITS, ucum_unit
from cds.engine.fhirpath.values.elements import type_of
from cds.engine.fhirpath.values.system import in_calendar_units, system_value
from cds.engine.model import r4
from cds.engine.runtime import comparison, decimals, quantities, units
from cds.engine.runtime.calendar_units import HOUR, SECOND
from cds.engine.runtime.fhir_values import Element
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.values import Long, Quantity

Temporal = Date | DateTime | Time
_NUMBERS = frozenset((int, Long, Decimal))


def equal(left: Any, right: Any) -> bool | None:
    """Decide `=`: None where a side is empty or precision or units leave it open; different types are not equal."""
    if left is None or right is None:
        return None
    left, right = _values(left, right)
    if left is None or right is None:
        return None
    kind, other = type(left), type(right)
    if kind in _NUMBERS or kind is Quantity or other is Quantity:
        if _is_unreadable_quantity(left) or _is_unreadable_quantity(right):
            return None
        return comparison.equal(left, right)
    if isinstance(left, Temporal) and isinstance(right, Temporal):
        if (kind is Time) is not (other is Time):
            return False
        order = compare_temporal(left, right)
        return None if order is None else order == 0
    if kind is Element and other is Element:
        if _is_unreadable_quantity(left) and _is_unreadable_quantity(right) and left.value != right.value:
            return None
        return _same_kind(left, right) and bool(left.value == right.value)
    return kind is other and bool(left == right)


def _values(left: Any, right: Any) -> tuple[Any, Any]:
    """Give what two items are to an operator; a FHIR age in `a` meets the calendar's years."""
    first, second = system_value(left), system_value(right)
    if type(first) is Quantity and type(second) is Quantity and first.unit != second.unit:
        if type(left) is Element and second.unit in CALENDAR_UNITS:
            return in_calendar_units(first), second
        if type(right) is Element and first.unit in CALENDAR_UNITS:
            return first, in_calendar_units(second)
    return first, second


def not_equal(left: Any, right: Any) -> bool | None:
    """Decide `!=`."""
    same = equal(left, right)
    return None if same is None else not same


def equivalent(left: Any, right: Any) -> bool:
    """Decide `~` for two items: never open."""
    left, right = _values(left, right)
    if left is None or right is None:
        return left is right
    kind, other = type(left), type(right)
    if kind is str and other is str:
        return _folded(left) == _folded(right)
    if kind is Quantity and other is Quantity:
        return _quantities_equivalent(left, right)
    if kind in _NUMBERS or other in _NUMBERS:
        return comparison.equivalent(left, right)
    if isinstance(left, Temporal) and isinstance(right, Temporal):
        return equal(left, right) is True
    if kind is Element and other is Element:
        return _same_kind(left, right) and json_equivalent(left.value, right.value)
    return kind is other and (json_equivalent(left, right) if isinstance(left, dict) else bool(left == right))


def _quantities_equivalent(left: Quantity, right: Quantity) -> bool:
    """Compare in the less granular unit, at the precision of the less precise value; a year is an `a` here."""
    if left.unit == right.unit:
        return decimals.equivalent(left.value, right.value)
    first, second = ucum_unit(left.unit), ucum_unit(right.unit)
    unit = second if units.finer(first, second) == first else first
    one, other = units.convert(left.value, first, unit), units.convert(right.value, second, unit)
    return one is not None and other is not None and decimals.equivalent(one, other)


def json_equivalent(left: Any, right: Any) -> bool:
    """Compare JSON by `~`: text ignores case and the kind of white space, lists ignore order."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(json_equivalent(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and _match_all(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return _folded(left) == _folded(right)
    return bool(left == right)


def _match_all(left: list[Any], right: list[Any]) -> bool:
    rest = list(right)
    for item in left:
        found = next((index for index, other in enumerate(rest) if json_equivalent(item, other)), None)
        if found is None:
            return False
        del rest[found]
    return True


def compare(left: Any, right: Any) -> int | None:
    """Order two items: -1, 0 or 1, or None where it is open; `EvaluationError` for types that have no order."""
    if left is None or right is None:
        return None
    left, right = _values(left, right)
    kind, other = type(left), type(right)
    if left is None or right is None or _is_unreadable_quantity(left) or _is_unreadable_quantity(right):
        return None
    if kind is str and other is str:
        return 0 if left == right else -1 if left < right else 1
    if kind in _NUMBERS and other in _NUMBERS:
        return _by_amount(left, right)
    if kind is Quantity or other is Quantity:
        if (kind is Quantity or kind in _NUMBERS) and (other is Quantity or other in _NUMBERS):
            return _by_amount(left, right)
    elif isinstance(left, Temporal) and isinstance(right, Temporal) and (kind is Time) is (other is Time):
        return compare_temporal(left, right)
    message = f"{type_of(left)} and {type_of(right)} cannot be put in order"
    raise EvaluationError(message)


def _by_amount(left: Any, right: Any) -> int | None:
    order: int | None = comparison.compare(left, right)
    return order


def compare_temporal(left: Temporal, right: Temporal) -> int | None:
    """Order two dates or two times; None where precision or a missing offset leaves it open."""
    first, other_first = left.first, right.first
    last = first if left.rank >= SECOND else left.last
    other_last = other_first if right.rank >= SECOND else right.last
    if left.shift != right.shift and left.rank >= HOUR and right.rank >= HOUR:
        if left.shift is None or right.shift is None:
            return None
        distance = right.shift - left.shift
        first += distance
        last += distance
    if last < other_first:
        return -1
    if other_last < first:
        return 1
    return 0 if first == other_first and last == other_last else None


def less(left: Any, right: Any) -> bool | None:
    """Decide `<`."""
    order = compare(left, right)
    return None if order is None else order < 0


def less_or_equal(left: Any, right: Any) -> bool | None:
    """Decide `<=`."""
    order = compare(left, right)
    return None if order is None else order <= 0


def greater(left: Any, right: Any) -> bool | None:
    """Decide `>`."""
    order = compare(left, right)
    return None if order is None else order > 0


def greater_or_equal(left: Any, right: Any) -> bool | None:
    """Decide `>=`."""
    order = compare(left, right)
    return None if order is None else order >= 0


def comparable(left: Any, right: Any) -> bool | None:
    """Say whether two quantities have units of one dimension, so that they can be compared."""
    first, second = system_value(left), system_value(right)
    if first is None or second is None:
        return None
    if not isinstance(first, Quantity) or not isinstance(second, Quantity):
        raise EvaluationError("comparable() takes quantities")
    return quantities.compare(first, second) is not None


def _same_kind(left: Element, right: Element) -> bool:
    return r4.is_subtype(left.type, right.type) or r4.is_subtype(right.type, left.type)


def _is_unreadable_quantity(value: Any) -> bool:
    return type(value) is Element and r4.is_subtype(value.type, "Quantity")


def _folded(text: str) -> str:
    return "".join(" " if character.isspace() else character for character in text).casefold()
