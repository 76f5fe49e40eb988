"""Logic over true, false and unknown (None), as far as it is a function: and, or, not and implies are emitted in place.

https://cql.hl7.org/09-b-cqlreference.html#logical-operators-3
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def xor(left: bool | None, right: bool | None) -> bool | None:
    """Return whether exactly one is true; unknown if either is unknown."""
    return None if left is None or right is None else left is not right


def coalesce(*operands: Any) -> Any:
    """Return the first operand that is not null; a single list operand is looked through instead."""
    if len(operands) == 1 and isinstance(operands[0], list):
        return _first_known(operands[0])
    return _first_known(operands)


def _first_known(values: Iterable[Any]) -> Any:
    return next((value for value in values if value is not None), None)
