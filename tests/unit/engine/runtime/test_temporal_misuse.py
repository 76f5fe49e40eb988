"""Operands of any type: an answer, or the engine's own error; nothing else ever comes out."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime import interval_algebra as algebra
from cds.engine.runtime import membership
from cds.engine.runtime.boundaries import predecessor, successor
from cds.engine.runtime.boundary_digits import high_boundary, low_boundary
from cds.engine.runtime.collapse import collapse
from cds.engine.runtime.durations import difference_between, duration_between
from cds.engine.runtime.expand import expand
from cds.engine.runtime.interval import end, interval, point_from, size, start, width
from cds.engine.runtime.temporal_arithmetic import add, subtract
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import Quantity
from tests.unit.engine.runtime.temporal_from_text import date, date_time, time

_POINTS = st.sampled_from(
    [
        None,
        0,
        7,
        2**31 - 1,
        True,
        Decimal("1.5"),
        "a",
        date("2024-02-29"),
        date("2024"),
        date("9999-12-31"),
        date("0001-01-01"),
        date_time("2024-02-29T23:59:59.999+01:00"),
        date_time("2024-02-29"),
        date_time("9999-12-31T23:59:59.999-05:00"),
        date_time("0001-01-01T00:00:00.000+05:00"),
        time("23"),
        time("10:30:00.000"),
        Quantity(Decimal(1), "mg"),
        Quantity(Decimal(2), "days"),
        Uncertainty(1, 5),
        Uncertainty(date("2024-01-01"), date("2024-03-01")),
        {"resourceType": "Patient"},
    ]
)


def _interval_or_none(low, high, low_closed, high_closed, point_type):
    try:
        return interval(low, high, low_closed, high_closed, point_type=point_type)
    except EvaluationError:
        return None


_INTERVALS = st.builds(
    _interval_or_none,
    _POINTS,
    _POINTS,
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "Date", "Integer", "Boolean"]),
)
_OPERANDS = _POINTS | _INTERVALS | st.lists(_POINTS | _INTERVALS, max_size=3)
_PRECISIONS = st.sampled_from([None, "year", "day", "hour", "millisecond", "week", "decade"])
_RELATIONS = [
    *(algebra.before, algebra.after, algebra.same_or_before, algebra.same_or_after, algebra.same_as),
    *(algebra.overlaps, algebra.overlaps_before, algebra.overlaps_after, algebra.starts, algebra.ends),
    *(algebra.meets, algebra.meets_before, algebra.meets_after),
    *(membership.contains, membership.in_, membership.proper_contains, membership.proper_in),
    *(membership.includes, membership.included_in, membership.proper_includes, membership.proper_included_in),
]
_DURATIONS = [duration_between, difference_between]
_OF_ONE = [start, end, width, size, point_from, successor, predecessor, low_boundary, high_boundary, collapse, expand]
_OF_TWO = [add, subtract, interval]


@pytest.mark.parametrize("operator", [*_RELATIONS, *_DURATIONS], ids=lambda operator: operator.__name__)
@given(left=_OPERANDS, right=_OPERANDS, precision=_PRECISIONS)
def test_relations_answer_or_raise_the_engines_error(operator, left, right, precision):
    with contextlib.suppress(EvaluationError):
        answer = operator(left, right, precision)
        assert answer is None or isinstance(answer, bool | int | Uncertainty)


@pytest.mark.parametrize("operator", _OF_TWO, ids=lambda operator: operator.__name__)
@given(left=_POINTS, right=_POINTS)
def test_operators_on_two_points_answer_or_raise_the_engines_error(operator, left, right):
    with contextlib.suppress(EvaluationError):
        operator(left, right)


@pytest.mark.parametrize("operator", _OF_ONE, ids=lambda operator: operator.__name__)
@given(operand=_OPERANDS)
def test_operators_on_one_value_answer_or_raise_the_engines_error(operator, operand):
    with contextlib.suppress(EvaluationError):
        operator(operand)
