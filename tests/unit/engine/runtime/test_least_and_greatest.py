from decimal import Decimal

import pytest

from cds.engine.errors import EvaluationError
from cds.engine.runtime.boundaries import greatest_like, least_like, max_value, min_value, predecessor, successor
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import DECIMAL_MAX, INTEGER_MAX, Long
from tests.unit.engine.runtime.temporal_from_text import date, date_time, quantity, time


@pytest.mark.parametrize(
    ("value", "following"),
    [
        (0, 1),
        (-1, 0),
        (Decimal("1.01"), Decimal("1.01000001")),
        (Decimal("-0.00000001"), Decimal(0)),
        (quantity("1.0", "cm"), quantity("1.00000001", "cm")),
        (date("2014"), date("2015")),
        (date("2014-12"), date("2015-01")),
        (date("2024-02-28"), date("2024-02-29")),
        (date_time("1999-12-31"), date_time("2000-01-01")),
        (date_time("1999-12-31T23:59+01:00"), date_time("2000-01-01T00:00+01:00")),
        (time("11:59:59.999"), time("12:00:00.000")),
        (time("22"), time("23")),
    ],
)
def test_a_value_steps_at_its_own_precision(value, following):
    assert successor(value) == following
    assert predecessor(following) == value


def test_an_uncertain_value_steps_with_both_its_bounds_and_stops_at_the_last():
    assert successor(Uncertainty(1, 5)) == Uncertainty(2, 6)
    assert successor(Uncertainty(1, INTEGER_MAX)) == Uncertainty(2, INTEGER_MAX)
    assert predecessor(Uncertainty(date("0001-01-01"), date("0001-01-02"))) == date("0001-01-01")


def test_a_long_stays_a_long():
    assert type(successor(Long(1))) is Long
    assert successor(Long(2**40)) == Long(2**40 + 1)


def test_null_has_null_neighbours():
    assert successor(None) is predecessor(None) is None


@pytest.mark.parametrize("name", ["Integer", "Long", "Decimal", "Date", "DateTime", "Time", "Quantity"])
def test_the_last_value_of_a_type_has_no_neighbour_beyond(name):
    with pytest.raises(EvaluationError):
        successor(max_value(name))
    with pytest.raises(EvaluationError):
        predecessor(min_value(name))
    assert predecessor(successor(min_value(name))) == min_value(name)


def test_the_last_hour_of_a_time_does_not_wrap():
    with pytest.raises(EvaluationError):
        successor(time("23"))


@pytest.mark.parametrize("value", [True, "a", [1]])
def test_values_without_steps_are_refused(value):
    with pytest.raises(EvaluationError):
        successor(value)


def test_types_are_named_as_elm_names_them():
    assert min_value("{urn:hl7-org:elm-types:r1}Date") == date("0001-01-01")
    assert max_value("{urn:hl7-org:elm-types:r1}DateTime") == date_time("9999-12-31T23:59:59.999Z")
    assert max_value("System.Time") == time("23:59:59.999")
    with pytest.raises(EvaluationError):
        min_value("Boolean")


def test_limits_like_a_value_keep_its_unit():
    assert greatest_like(quantity(3, "mg")) == quantity(str(DECIMAL_MAX), "mg")
    assert greatest_like(3) == INTEGER_MAX
    assert least_like(date("2014")) == date("0001-01-01")
    assert least_like("text") is None
