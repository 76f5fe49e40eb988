"""Three-valued logic and the nullological operators; None is unknown.

https://cql.hl7.org/09-b-cqlreference.html#logical-operators-3
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def and_(left: bool | None, right: bool | None) -> bool | None:
    """Return false if either is false, true if both are true, otherwise unknown."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def or_(left: bool | None, right: bool | None) -> bool | None:
    """Return true if either is true, false if both are false, otherwise unknown."""
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def xor(left: bool | None, right: bool | None) -> bool | None:
    """Return whether exactly one is true; unknown if either is unknown."""
    return None if left is None or right is None else left is not right


def not_(operand: bool | None) -> bool | None:
    """Return the opposite; the opposite of unknown is unknown."""
    return None if operand is None else not operand


def implies(left: bool | None, right: bool | None) -> bool | None:
    """Return `not left or right`: if the left is true the right must be."""
    return or_(not_(left), right)


def is_null(operand: Any) -> bool:
    """Return whether there is no value."""
    return operand is None


def is_true(operand: bool | None) -> bool:
    """Return whether the operand is known to be true."""
    return operand is True


def is_false(operand: bool | None) -> bool:
    """Return whether the operand is known to be false."""
    return operand is False


def coalesce(*operands: Any) -> Any:
    """Return the first operand that is not null; a single list operand is looked through instead."""
    if len(operands) == 1 and isinstance(operands[0], list):
        return _first_known(operands[0])
    return _first_known(operands)


def _first_known(values: Iterable[Any]) -> Any:
    return next((value for value in values if value is not None), None)
