import pytest

from cds.engine.errors import EvaluationError
from cds.engine.runtime import membership
from cds.engine.runtime.interval import Interval
from tests.unit.engine.runtime.temporal_from_text import date_time, instants


def test_points_and_elements_are_found_from_both_sides():
    assert membership.in_(5, Interval(1, 5)) is True
    assert membership.contains(Interval(1, 5), 6) is False
    assert membership.in_(5, [1, 5]) is True
    assert membership.contains([1, 5], 6) is False


def test_nothing_is_in_null():
    assert membership.in_(5, None) is False
    assert membership.contains(None, 5) is False
    assert membership.proper_in(5, None) is False
    assert membership.proper_contains(None, 5) is False


def test_inclusion_is_of_intervals_of_lists_or_of_one_value():
    assert membership.includes(Interval(1, 5), Interval(2, 5)) is True
    assert membership.included_in(Interval(2, 6), Interval(1, 5)) is False
    assert membership.includes([1, 2, 3], [1, 2]) is True
    assert membership.included_in([1, 4], [1, 2, 3]) is False
    assert membership.includes(Interval(1, 5), 5) is True
    assert membership.includes([1, 2], 3) is False


def test_proper_inclusion_needs_more():
    assert membership.proper_includes(Interval(1, 5), Interval(1, 5)) is False
    assert membership.proper_included_in(Interval(2, 5), Interval(1, 5)) is True
    assert membership.proper_includes([1, 2], [1, 2]) is False
    assert membership.proper_included_in([1], [1, 2]) is True
    assert membership.proper_includes(Interval(1, 5), 5) is False
    assert membership.proper_includes([1, 2], 2) is True
    assert membership.proper_in(3, Interval(1, 5)) is True
    assert membership.proper_contains([1], 1) is False


@pytest.mark.parametrize(
    "operator",
    [membership.includes, membership.included_in, membership.proper_includes, membership.proper_included_in],
)
def test_inclusion_of_null_is_unknown(operator):
    assert operator(None, Interval(1, 2)) is None
    assert operator([1], None) is None


def test_the_precision_reaches_the_interval():
    window = instants("2026-01-05T10:00:00.000", "2026-01-08T10:00:00.000")
    assert membership.in_(date_time("2026-01-05T08:00:00.000"), window) is False
    assert membership.in_(date_time("2026-01-05T08:00:00.000"), window, "day") is True
    assert membership.included_in(instants("2026-01-05", "2026-01-06"), window, "day") is True


def test_sets_go_by_their_operands():
    assert membership.union(Interval(1, 5), Interval(4, 9)) == Interval(1, 9)
    assert membership.union([1, 2], [2, 3]) == [1, 2, 3]
    assert membership.intersect(Interval(1, 5), Interval(4, 9)) == Interval(4, 5)
    assert membership.intersect([1, 2], [2, 3]) == [2]
    assert membership.except_(Interval(1, 5), Interval(4, 9)) == Interval(1, 3)
    assert membership.except_([1, 2], [2, 3]) == [1]
    assert membership.union(None, Interval(1, 5)) is None
    assert membership.intersect(Interval(1, 5), None) is None
    assert membership.except_(Interval(1, 5), None) is None
    assert membership.except_(None, Interval(1, 5)) is None


@pytest.mark.parametrize("operator", [membership.contains, membership.proper_contains, membership.includes])
def test_a_container_that_is_none_is_refused(operator):
    with pytest.raises(EvaluationError, match="neither a list nor an interval"):
        operator(5, 5)
