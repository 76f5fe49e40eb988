"""The comparison of the CQL suite is stricter than CQL's own equivalence."""

from decimal import Decimal

import pytest

from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import Date, DateTime
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import Code, Quantity, Tuple
from tools.conformance.same_value import same_value


@pytest.mark.parametrize(
    ("actual", "expected", "same"),
    [
        (None, None, True),
        (None, False, False),
        (False, None, False),
        (0, False, False),
        (1, True, False),
        ("abc", "abc", True),
        ("abc", "ABC", False),
        (1, Decimal("1.0"), True),
        (Decimal("1.33333333"), Decimal("1.333"), True),
        (Decimal("1.33433333"), Decimal("1.333"), False),
        (Decimal("1.4"), Decimal(1), False),
        (Quantity(Decimal(1), "g"), Quantity(Decimal(1000), "mg"), True),
        (Quantity(Decimal(1), "g"), Quantity(Decimal(1), "mg"), False),
        (Date(2026, 3), Date(2026, 3), True),
        (Date(2026, 3), Date(2026, 3, 1), False),
        (Date(2026, 3, 1), DateTime(2026, 3, 1), False),
        ([1, None], [1, None], True),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        (Tuple({"a": 1}), Tuple({"a": 1, "b": None}), False),
        (Code("a", "urn:s"), Code("a", "urn:t"), False),
        (Interval(1, 10), Interval(1, 10), True),
        (Interval(1, 10), Interval(1, 11, True, False), True),
        (Interval(1, 10), Interval(1, 11), False),
        (Uncertainty(17, 44), Interval(17, 44), True),
        (Uncertainty(16, 44), Interval(17, 44), False),
        (17, Interval(17, 17), False),
    ],
)
def test_an_answer_is_the_expected_one(actual, expected, same):
    assert same_value(actual, expected) is same
