from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.runtime import quantities
from cds.engine.runtime.values import Quantity, Ratio


def q(value, unit="1"):
    return Quantity(Decimal(value), unit)


def ratio(numerator, denominator):
    return Ratio(q(*numerator), q(*denominator))


VOLUMES = st.builds(Quantity, st.decimals(-1000, 1000, places=3), st.sampled_from(["mL", "L", "dL", "cm3", "uL"]))


def test_quantities_compare_across_units_and_not_across_dimensions():
    assert quantities.compare(q("1", "m"), q("1", "cm")) == 1
    assert quantities.compare(q("99.9", "cm"), q("1", "m")) == -1
    assert quantities.equal(q("1", "cm"), q("0.01", "m")) is True
    assert quantities.equal(q("1", "cm"), q("1", "cm2")) is None


def test_creatinine_by_mass_is_not_comparable_with_creatinine_by_amount():
    assert quantities.compare(q("1.2", "mg/dL"), q("106", "umol/L")) is None


@pytest.mark.parametrize(
    ("calendar", "other", "equal", "equivalent"),
    [
        (("1", "year"), ("1", "a"), None, True),
        (("1", "month"), ("1", "mo"), None, True),
        (("1", "year"), ("12", "months"), True, True),
        (("1", "year"), ("11", "months"), False, False),
        (("1", "year"), ("12", "mo"), None, True),
        (("1", "year"), ("365", "days"), None, True),
        (("1", "year"), ("364", "d"), None, False),
        (("2", "years"), ("364", "days"), None, False),
        (("1", "month"), ("30", "days"), None, True),
        (("1", "month"), ("10", "days"), None, False),
        (("1", "week"), ("7", "days"), True, True),
        (("1", "day"), ("24", "hours"), True, True),
        (("1", "year"), ("1", "kg"), None, False),
    ],
)
def test_calendar_durations_equal_their_like_and_are_equivalent_to_more(calendar, other, equal, equivalent):
    assert quantities.equal(q(*calendar), q(*other)) is equal
    assert quantities.equal(q(*other), q(*calendar)) is equal
    assert quantities.equivalent(q(*calendar), q(*other)) is equivalent
    assert quantities.equivalent(q(*other), q(*calendar)) is equivalent


def test_equivalence_forgives_decimals_but_not_by_way_of_a_coarser_unit():
    assert not quantities.equivalent(q("140", "cm"), q("1", "m"))
    assert quantities.equivalent(q("1.4", "m"), q("1", "m"))
    assert quantities.equivalent(q("100", "cm"), q("1", "m"))
    assert quantities.equivalent(q("1.0", "cm"), q("1.04", "cm"))
    assert not quantities.equivalent(q("1.1", "cm"), q("1.04", "cm"))
    assert not quantities.equivalent(q("1", "mg/dL"), q("1", "umol/L"))


def test_sums_carry_the_more_granular_unit():
    assert quantities.add(q("1", "m"), q("1", "cm")) == q("101", "cm")
    assert quantities.add(q("1", "cm"), q("1", "m")) == q("101", "cm")
    assert quantities.subtract(q("1", "g"), q("1", "mg")) == q("999", "mg")
    assert quantities.add(q("1", "cm"), q("1", "cm2")) is None
    assert quantities.add(q("1", "{score}"), q("1")) == q("2", "{score}")


def test_temperatures_are_added_only_in_one_scale():
    assert quantities.subtract(q("38.5", "Cel"), q("37", "Cel")) == q("1.5", "Cel")
    assert quantities.add(q("37", "Cel"), q("1", "[degF]")) is None


def test_products_and_quotients_carry_theirs():
    assert quantities.multiply(q("1", "cm"), q("2", "cm")) == q("2", "cm2")
    assert quantities.multiply(q("5", "mg/kg"), q("70", "kg")) == q("350", "mg")
    assert quantities.divide(q("12", "cm2"), q("3", "cm")) == q("4", "cm")
    assert quantities.divide(q("30", "mg"), q("1", "g")) == q("30", "mg/g")
    assert quantities.divide(q("6", "g"), q("2", "g")) == q("3")
    assert quantities.divide(q("6", "g"), q("0", "g")) is None
    assert quantities.multiply(q("37", "Cel"), q("2", "m")) is None


def test_the_body_mass_index_comes_out_in_its_unit():
    height = q("1.8", "m")
    index = quantities.divide(q("81", "kg"), quantities.multiply(height, height))
    assert index == q("25", "kg/m2")


def test_truncated_division_and_remainder_keep_the_dividends_unit():
    assert quantities.truncated_divide(q("10.1", "cm"), q("-3.1", "cm")) == q("-3", "cm")
    assert quantities.modulo(q("10.1", "cm"), q("3.1", "cm")) == q("0.8", "cm")
    assert quantities.modulo(q("1", "m"), q("30", "cm")) == q("10", "cm")
    assert quantities.modulo(q("10", "g"), q("0", "g")) is None
    assert quantities.modulo(q("10", "g"), q("3", "cm")) is None


def test_a_conversion_keeps_small_numbers_alive():
    assert quantities.convert_quantity(q("5", "mg"), "g") == q("0.005", "g")
    assert quantities.convert_quantity(q("12", "pmol/L"), "mol/L") == q("0.000000000012", "mol/L")
    assert quantities.convert_quantity(q("1", "cm"), "[in_i]") == q("0.39370079", "[in_i]")


def test_what_does_not_convert_is_null_and_said_so():
    assert quantities.convert_quantity(q("1", "mg/dL"), "umol/L") is None
    assert quantities.can_convert_quantity(q("1", "mg/dL"), "umol/L") is False
    assert quantities.can_convert_quantity(q("1", "mg/dL"), "g/L") is True
    assert quantities.convert_quantity(None, "g") is None
    assert quantities.can_convert_quantity(q("1"), None) is None


def test_ratios_are_equal_by_their_parts_and_equivalent_by_their_proportion():
    one_to_eight, two_to_sixteen = ratio(("1",), ("8",)), ratio(("2",), ("16",))
    assert quantities.ratios_equal(one_to_eight, one_to_eight) is True
    assert quantities.ratios_equal(one_to_eight, two_to_sixteen) is False
    assert quantities.ratios_equivalent(one_to_eight, two_to_sixteen) is True
    assert quantities.ratios_equivalent(ratio(("1",), ("1",)), ratio(("5",), ("4",))) is False
    assert quantities.ratios_equal(ratio(("1", "mg"), ("1", "mL")), ratio(("1", "mg"), ("1", "kg"))) is None
    assert quantities.ratios_equal(ratio(("1", "mg"), ("1", "mL")), ratio(("2", "mg"), ("1", "kg"))) is False
    assert quantities.ratios_equivalent(ratio(("1", "mg"), ("1", "mL")), ratio(("1", "g"), ("1", "L"))) is True


@given(VOLUMES, VOLUMES)
def test_what_was_added_can_be_taken_away(one, other):
    total = quantities.add(one, other)
    assert total is not None
    assert quantities.equal(quantities.subtract(total, other), one) is True


@given(VOLUMES, VOLUMES)
def test_equal_quantities_are_equivalent(one, other):
    if quantities.equal(one, other):
        assert quantities.equivalent(one, other)
