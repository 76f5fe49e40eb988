from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime.collapse import collapse
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.values import INTEGER_MAX
from tests.unit.engine.runtime.temporal_from_text import dates, instants, quantity, time


def test_overlapping_and_meeting_intervals_become_one():
    assert collapse([Interval(1, 5), Interval(3, 7), Interval(12, 19), Interval(7, 10)]) == [
        Interval(1, 10),
        Interval(12, 19),
    ]
    assert collapse([Interval(4, 6), Interval(7, 8)]) == [Interval(4, 8)]
    assert collapse([Interval(4, 6), Interval(8, 9)]) == [Interval(4, 6), Interval(8, 9)]


_PAIRS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=8)


@given(_PAIRS, st.integers(1, 4))
def test_collapsing_keeps_the_points_and_leaves_only_gaps_wider_than_the_step(pairs, per):
    items = [Interval(low, low + width) for low, width in pairs]
    covered = {point for low, width in pairs for point in range(low, low + width + 1)}
    found = collapse(items)
    assert {point for item in found for point in range(item.low, item.high + 1)} == covered
    wide = collapse(items, quantity(per))
    assert all(later.low - earlier.high > per for earlier, later in pairwise(wide))
    assert sorted(wide, key=lambda item: item.low) == wide
    assert collapse(wide, quantity(per)) == wide


def test_null_and_nothing():
    assert collapse(None) is None
    assert collapse([]) == []
    assert collapse([None, Interval(1, 2), None]) == [Interval(1, 2)]
    assert collapse([Interval(None, None, False, False)]) == []
    assert collapse([Interval(None, None), None]) == [Interval(None, None)]


def test_decimals_meet_at_their_smallest_step():
    left, right = Interval(Decimal("4.0"), Decimal("6.0")), Interval(Decimal("6.00000001"), Decimal("8.0"))
    assert collapse([right, left]) == [Interval(Decimal("4.0"), Decimal("8.0"))]
    assert len(collapse([left, Interval(Decimal("6.00000002"), Decimal("8.0"))])) == 2


def test_days_meet_at_the_day_and_hours_per_day():
    assert collapse([dates("2012-01-01", "2012-01-15"), dates("2012-01-16", "2012-05-25")]) == [
        dates("2012-01-01", "2012-05-25")
    ]
    nights = [
        instants("2012-01-01T08:00:00.000", "2012-01-01T12:00:00.000"),
        instants("2012-01-02T22:00:00.000", "2012-01-02T23:00:00.000"),
    ]
    assert len(collapse(nights)) == 2
    assert collapse(nights, quantity(1, "day")) == [instants("2012-01-01T08:00:00.000", "2012-01-02T23:00:00.000")]


def test_weeks_count_seven_days():
    courses = [dates("2026-01-01", "2026-01-05"), dates("2026-01-12", "2026-01-20")]
    assert len(collapse(courses, quantity(1, "week"))) == 1
    assert len(collapse(courses, quantity(6, "days"))) == 2


def test_the_coarsest_precision_decides_without_per():
    mixed = [instants("2026-01-01T10", "2026-01-01T11"), instants("2026-01-01T12:30", "2026-01-01T13:00")]
    assert collapse(mixed) == [instants("2026-01-01T10", "2026-01-01T13:00")]


def test_quantities_are_collapsed_per_a_quantity():
    doses = [Interval(quantity(1, "g"), quantity(2, "g")), Interval(quantity(2500, "mg"), quantity(3000, "mg"))]
    assert len(collapse(doses)) == 2
    assert collapse(doses, quantity(500, "mg")) == [Interval(quantity(1, "g"), quantity(3000, "mg"))]
    with pytest.raises(EvaluationError):
        collapse(doses, quantity(1, "mL"))


def test_numbers_are_not_collapsed_per_a_unit():
    with pytest.raises(EvaluationError):
        collapse([Interval(1, 2), Interval(5, 6)], quantity(1, "mg"))


def test_intervals_of_different_types_are_not_collapsed_together():
    with pytest.raises(EvaluationError, match="different types"):
        collapse([Interval(1, 2), dates("2026-01-01", "2026-01-02")])
    with pytest.raises(EvaluationError, match="list of intervals"):
        collapse([1, 2])


def test_ongoing_intervals_take_in_what_follows():
    assert collapse([dates("2026-01-01", None), dates("2027-01-01", "2028-01-01")]) == [dates("2026-01-01", None)]
    assert collapse([Interval(1, INTEGER_MAX), Interval(5, 6)]) == [Interval(1, INTEGER_MAX)]


def test_an_interval_that_may_not_touch_stays_by_itself():
    unknown = Interval(1, None, True, False)
    assert collapse([unknown, Interval(5, 6)]) == [unknown, Interval(5, 6)]
    assert collapse([unknown, Interval(2, 6)]) == [Interval(1, None, True, False)]


def test_times_meet_at_the_coarsest_precision():
    morning = Interval(time("01:59:59.999"), time("10:59:59.999"))
    assert collapse([morning, Interval(time("11:00:00.000"), time("15:59:59.999"))]) == [
        Interval(time("01:59:59.999"), time("15:59:59.999"))
    ]
    assert len(collapse([morning, Interval(time("11:00:00.001"), time("15:59:59.999"))])) == 2
    assert len(collapse([morning, Interval(time("11:00:00.001"), time("15"))])) == 1
