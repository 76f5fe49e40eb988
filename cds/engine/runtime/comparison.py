"""Comparison over all types: `=`, `~`, `<` and their kin.

`equal` and the orderings answer true, false or null (not known); `equivalent` always answers true or false.
The order of single points is in `point_order`. Values of different types are not equal; only numbers, quantities with
numbers (in unit '1', as CQL promotes them) and dates with times mix.
https://cql.hl7.org/09-b-cqlreference.html#comparison-operators-4
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cds.engine.runtime import decimals, interval, point_order, quantities, temporal
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import Code, Concept, Long, Quantity, Ratio, Tuple

_NUMBERS = frozenset({int, Long, Decimal, float})
_SIMPLE = frozenset({bool, str, *_NUMBERS})
_ORDERED = frozenset({str, *_NUMBERS})
_TEMPORAL = frozenset({Date, DateTime, Time})


def equal(left: Any, right: Any) -> bool | None:
    """Return whether two values are the same, by CQL's `=`; null if one of them is null or it cannot be known."""
    if left is None or right is None:
        return None
    kind, other = type(left), type(right)
    if kind is other and kind in _SIMPLE:
        return bool(left == right)
    if kind in _NUMBERS and other in _NUMBERS:
        return _decimal(left) == _decimal(right)
    if kind in _TEMPORAL and other in _TEMPORAL:
        return temporal.equal(left, right)
    if kind is Quantity or other is Quantity:
        first, second = _quantity(left), _quantity(right)
        return False if first is None or second is None else quantities.equal(first, second)
    if kind is Uncertainty or other is Uncertainty:
        return point_order.same(left, right)
    if kind is not other:
        return False
    if kind is interval.Interval:
        return interval.equal(left, right)
    equal_of_kind = _EQUAL.get(kind)
    return bool(left == right) if equal_of_kind is None else equal_of_kind(left, right)


def not_equal(left: Any, right: Any) -> bool | None:
    """Return the opposite of `equal`; unknown stays unknown."""
    same = equal(left, right)
    return None if same is None else not same


def same(left: Any, right: Any) -> bool:
    """Return whether two elements of lists count as one: equal for certain, or both null."""
    if left is None or right is None:
        return left is right
    return left is right or equal(left, right) is True


def _all_equal(pairs: Sequence[tuple[Any, Any]]) -> bool | None:
    """Conjunction over members: one difference decides; two nulls are equal."""
    certain = True
    for left, right in pairs:
        if left is None and right is None:
            continue
        verdict = equal(left, right)
        if verdict is False:
            return False
        certain = certain and verdict is True
    return True if certain else None


def _lists_equal(left: Sequence[Any], right: Sequence[Any]) -> bool | None:
    return _all_equal(list(zip(left, right, strict=True))) if len(left) == len(right) else False


def _tuples_equal(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool | None:
    return _all_equal([(left.get(name), right.get(name)) for name in left.keys() | right.keys()])


def _concepts_equal(left: Concept, right: Concept) -> bool | None:
    return _all_equal([(list(left.codes), list(right.codes)), (left.display, right.display)])


def _codes_equal(left: Code, right: Code) -> bool | None:
    return _all_equal(
        [
            (left.code, right.code),
            (left.system, right.system),
            (left.version, right.version),
            (left.display, right.display),
        ]
    )


def equivalent(left: Any, right: Any) -> bool:
    """Return whether two values mean the same, by CQL's `~`: nulls match, text ignores case, codes ignore display."""
    if left is None or right is None:
        return left is right
    kind, other = type(left), type(right)
    if kind is str and other is str:
        return left == right or _normalised(left) == _normalised(right)
    if kind in _NUMBERS and other in _NUMBERS:
        return decimals.equivalent(_decimal(left), _decimal(right))
    if kind in _TEMPORAL and other in _TEMPORAL:
        return temporal.equivalent(left, right)
    if kind is Quantity or other is Quantity:
        first, second = _quantity(left), _quantity(right)
        return first is not None and second is not None and quantities.equivalent(first, second)
    if kind is Concept or other is Concept:
        return _share_a_code(left, right)
    if kind is Uncertainty or other is Uncertainty:
        return point_order.same(left, right) is True
    if kind is not other:
        return False
    if kind is interval.Interval:
        return interval.equivalent(left, right)
    equivalent_of_kind = _EQUIVALENT.get(kind)
    return bool(left == right) if equivalent_of_kind is None else equivalent_of_kind(left, right)


def _lists_equivalent(left: Sequence[Any], right: Sequence[Any]) -> bool:
    return len(left) == len(right) and all(map(equivalent, left, right))


def _members_equivalent(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    return all(equivalent(left.get(name), right.get(name)) for name in left.keys() | right.keys())


def codes_equivalent(left: Code, right: Code) -> bool:
    """Return whether two codes are the same code of the same system; version and display do not count."""
    return left.code == right.code and left.system == right.system


def _share_a_code(left: Any, right: Any) -> bool:
    first, second = _codes(left), _codes(right)
    return any(codes_equivalent(code, candidate) for code in first for candidate in second)


def _codes(value: Any) -> tuple[Code, ...]:
    if isinstance(value, Concept):
        return value.codes
    return (value,) if isinstance(value, Code) else ()


def _normalised(text: str) -> str:
    """Every run of white space is one blank, and case does not count."""
    return " ".join(text.split()).casefold()


def compare(left: Any, right: Any) -> int | None:
    """Return -1, 0 or 1 as the left comes before, with or after the right; None when null or not known.

    Raises EvaluationError for types that have no order.
    """
    if left is None or right is None:
        return None
    kind, other = type(left), type(right)
    if kind is other and kind in _ORDERED:
        return int(left > right) - int(left < right)
    if kind is Uncertainty or other is Uncertainty:
        return -1 if less(left, right) else 1 if less(right, left) else 0 if equal(left, right) else None
    return point_order.compare(*_promoted(left, right))


def less(left: Any, right: Any) -> bool | None:
    """Return whether left < right; null when null or not known."""
    if left is None or right is None:
        return None
    if type(left) is type(right) and type(left) in _ORDERED:
        return bool(left < right)
    return point_order.less(*_promoted(left, right))


def less_or_equal(left: Any, right: Any) -> bool | None:
    """Return whether left <= right; null when null or not known."""
    if left is None or right is None:
        return None
    if type(left) is type(right) and type(left) in _ORDERED:
        return bool(left <= right)
    return point_order.less_or_equal(*_promoted(left, right))


def greater(left: Any, right: Any) -> bool | None:
    """Return whether left > right; null when null or not known."""
    return less(right, left)


def greater_or_equal(left: Any, right: Any) -> bool | None:
    """Return whether left >= right; null when null or not known."""
    return less_or_equal(right, left)


def _promoted(left: Any, right: Any) -> tuple[Any, Any]:
    if type(left) is type(right):
        return left, right
    if type(left) is Quantity:
        return left, _quantity(right) or right
    if type(right) is Quantity:
        return _quantity(left) or left, right
    return left, right


def _decimal(value: Any) -> Decimal:
    return value if type(value) is Decimal else Decimal(str(value)) if type(value) is float else Decimal(value)


def _quantity(value: Any) -> Quantity | None:
    """Numbers meet quantities as CQL promotes them: in unit '1'."""
    if type(value) is Quantity:
        return value
    return Quantity(_decimal(value)) if type(value) in _NUMBERS else None


_EQUAL: dict[type, Callable[[Any, Any], bool | None]] = {
    list: _lists_equal,
    Tuple: _tuples_equal,
    Ratio: quantities.ratios_equal,
    Code: _codes_equal,
    Concept: _concepts_equal,
}
_EQUIVALENT: dict[type, Callable[[Any, Any], bool]] = {
    list: _lists_equivalent,
    Tuple: _members_equivalent,
    dict: _members_equivalent,
    Ratio: quantities.ratios_equivalent,
    Code: codes_equivalent,
}
