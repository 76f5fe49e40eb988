"""Whether two engine values are the same answer, more strictly than CQL's `~`.

`~` ignores the case of strings and says nothing of precision, so that a suite compared with it passes too easily.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from cds.engine.runtime import comparison
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import Quantity


def same_value(actual: Any, expected: Any) -> bool:
    """Compare an answer with the expected value.

    Null is only null; strings match exactly; decimals match to the places that the expectation states; quantities may
    differ in unit but not in amount; an uncertain answer matches the interval of its possible values.
    """
    if actual is None or expected is None:
        return actual is expected
    if isinstance(actual, bool) or isinstance(expected, bool):
        return actual is expected
    if isinstance(actual, Uncertainty) and not isinstance(expected, Uncertainty):
        actual = Interval(actual.low, actual.high)
    if _is_number(actual) and _is_number(expected):
        return _same_number(actual, expected)
    if isinstance(actual, Quantity) and isinstance(expected, Quantity):
        return bool(comparison.equivalent(actual, expected))
    if type(actual) is not type(expected):
        return False
    if isinstance(actual, Interval):
        return _same_interval(actual, expected)
    if isinstance(actual, Mapping):
        return actual.keys() == expected.keys() and all(same_value(actual[name], expected[name]) for name in actual)
    if isinstance(actual, list | tuple):
        return len(actual) == len(expected) and all(map(same_value, actual, expected))
    if isinstance(actual, Date | DateTime | Time):
        return bool(actual.precision == expected.precision and comparison.equivalent(actual, expected))
    if is_dataclass(actual):
        return _same_members(actual, expected)
    return bool(actual == expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal)


def _same_number(actual: Any, expected: Any) -> bool:
    if actual == expected:
        return True
    if not (isinstance(actual, Decimal) and isinstance(expected, Decimal)):
        return False
    exponent = expected.as_tuple().exponent
    return isinstance(exponent, int) and exponent < 0 and actual.quantize(Decimal(1).scaleb(exponent)) == expected


def _same_interval(actual: Interval, expected: Interval) -> bool:
    members = (
        same_value(actual.low, expected.low)
        and same_value(actual.high, expected.high)
        and actual.low_closed == expected.low_closed
        and actual.high_closed == expected.high_closed
    )
    return members or comparison.equivalent(actual, expected) is True


def _same_members(actual: Any, expected: Any) -> bool:
    return all(same_value(getattr(actual, f.name), getattr(expected, f.name)) for f in fields(actual))
