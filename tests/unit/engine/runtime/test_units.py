from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cds.engine.runtime import units

DECIMALS = st.decimals(-(10**9), 10**9, places=4)
CONCENTRATIONS = st.sampled_from(["g/L", "mg/dL", "ug/mL", "kg/m3", "g%", "ng/uL", "mg%"])
ANY_UNIT = st.sampled_from(
    [
        *("g/L", "mg/dL", "mmol/L", "meq/L", "[iU]/L", "m[iU]/mL", "10*9/L", "/uL", "%", "1", "{score}", "{points}"),
        *("Cel", "[degF]", "K", "year", "months", "a", "mo", "days", "d", "wk", "[pH]", "mmol/mol", "[HPF]", "mm[Hg]"),
    ]
)


def d(text):
    return Decimal(text)


def test_one_gram_per_litre_is_a_tenth_of_a_gram_per_decilitre():
    assert units.compare(d("1"), "g/L", d("0.1"), "g/dL") == 0
    assert units.compare(d("1"), "g/L", d("0.10000001"), "g/dL") == -1
    assert units.compare(d("1"), "g/L", d("0.09999999"), "g/dL") == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mg/dL", "umol/L"),
        ("cm", "cm2"),
        ("mmol/L", "/L"),
        ("mmol/L", "10*9/L"),
        ("kg", "L"),
        ("Cel", "m"),
        ("Cel/min", "K/min"),
        ("mm[Hg]", "cm"),
    ],
)
def test_what_measures_different_things_is_never_compared(one, other):
    assert units.compare(d("1"), one, d("1"), other) is None
    assert units.convert(d("1"), one, other) is None
    assert not units.commensurable(one, other)


@pytest.mark.parametrize(
    ("arbitrary", "other"),
    [
        ("[iU]/L", "/L"),
        ("[iU]/L", "10*9/L"),
        ("[iU]", "1"),
        ("[iU]/L", "U/L"),
        ("[arb'U]/mL", "[iU]/mL"),
        ("[CFU]/mL", "{cells}/mL"),
        ("[GPL'U]", "[MPL'U]"),
        ("{cells}/[HPF]", "{cells}"),
        ("{cells}/[HPF]", "{cells}/[LPF]"),
    ],
)
def test_an_arbitrary_unit_is_no_count(arbitrary, other):
    assert units.convert(d("1"), arbitrary, other) is None


def test_an_arbitrary_unit_converts_to_itself_with_a_prefix():
    assert units.convert(d("1"), "[iU]/L", "m[iU]/L") == 1000
    assert units.convert(d("1"), "m[iU]/mL", "[iU]/L") == 1
    assert units.convert(d("1"), "[IU]", "[iU]") == 1


def test_glycated_haemoglobin_in_mmol_per_mol_is_no_percentage():
    assert units.convert(d("48"), "mmol/mol", "%") is None
    assert units.convert(d("48"), "mmol/mol", "1") is None
    assert units.convert(d("48"), "mmol/mol", "umol/mmol") == 48
    assert units.convert(d("30"), "mg/g", "%") == 3


def test_annotations_alone_meet_themselves_and_the_plain_number_only():
    assert units.commensurable("{score}", "{score}")
    assert units.commensurable("{score}", "1")
    assert units.commensurable("1", "{score}")
    assert not units.commensurable("{score}", "{points}")


def test_annotations_beside_a_unit_mean_nothing():
    assert units.convert(d("90"), "umol{Cr}/L", "umol/L") == 90
    assert units.convert(d("60"), "mL/min/{1.73_m2}", "mL/min") == 60
    assert units.convert(d("72"), "{beats}/min", "/min") == 72


@pytest.mark.parametrize(
    ("calendar", "ucum"),
    [("week", "wk"), ("day", "d"), ("hour", "h"), ("minute", "min"), ("second", "s"), ("millisecond", "ms")],
)
def test_calendar_units_up_to_weeks_are_ucum_units(calendar, ucum):
    assert units.compare(d("1"), calendar, d("1"), ucum) == 0
    assert units.compare(d("1"), f"{calendar}s", d("1"), calendar) == 0


def test_calendar_years_and_months_meet_no_definite_duration():
    assert units.convert(d("1"), "year", "months") == 12
    for definite in ("a", "mo", "d", "wk", "days", "weeks", "s"):
        assert units.compare(d("1"), "year", d("1"), definite) is None
        assert units.compare(d("1"), "month", d("1"), definite) is None
    assert units.convert(d("1"), "a", "d") == d("365.25")


@given(DECIMALS, CONCENTRATIONS, CONCENTRATIONS)
def test_converting_there_and_back_gives_the_value(value, one, other):
    there = units.convert(value, one, other)
    assert there is not None
    back = units.convert(there, other, one)
    assert back is not None
    assert abs(back - value) <= abs(value) * d("1e-24")


@given(DECIMALS, CONCENTRATIONS, DECIMALS, CONCENTRATIONS)
def test_the_order_of_two_quantities_turns_round_with_them(left, one, right, other):
    order = units.compare(left, one, right, other)
    reverse = units.compare(right, other, left, one)
    assert order is not None
    assert reverse == -order


@given(ANY_UNIT, ANY_UNIT, ANY_UNIT)
def test_what_converts_does_so_both_ways(one, other, third):
    assert units.commensurable(one, other) == units.commensurable(other, one)
    if "{" not in one + other + third and "1" not in (one, other, third):
        assume(units.commensurable(one, other) and units.commensurable(other, third))
        assert units.commensurable(one, third)


@given(st.integers(1, 10**9))
def test_a_whole_number_before_a_unit_multiplies_it(number):
    assert units.convert(d("1"), f"{number}.h", "h") == number


@pytest.mark.parametrize(
    ("a", "b", "product", "quotient"),
    [
        ("cm", "cm", "cm2", "1"),
        ("cm", "cm2", "cm3", "/cm"),
        ("mg/dL", "dL", "mg", "mg/dL2"),
        ("mg/kg/d", "kg", "mg/d", "mg/kg2/d"),
        ("mg", "g", "mg.g", "mg/g"),
        ("mL", "1", "mL", "mL"),
        ("1", "min", "min", "/min"),
        ("", "d", "d", "/d"),
        ("days", "1", "days", "days"),
        ("days", "days", "d2", "1"),
        ("mg", "day", "mg.d", "mg/d"),
        ("10*9/L", "L", "10*9", "10*9/L2"),
        ("24.h", "24.h", "576.h2", "1"),
        ("umol{Cr}/L", "L", "umol{Cr}", "umol{Cr}/L2"),
        ("{score}", "d", "{score}.d", "{score}/d"),
        ("{score}", "{score}", "{score}", "1"),
    ],
)
def test_units_of_products_and_quotients(a, b, product, quotient):
    assert units.multiply(a, b) == product
    assert units.divide(a, b) == quotient


@pytest.mark.parametrize("special", ["Cel", "[degF]", "[pH]", "B", "no unit"])
def test_special_units_and_non_units_are_no_factors(special):
    assert units.multiply(special, "m") is None
    assert units.divide("m", special) is None
    assert units.multiply(special, "1") == special


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("mL/min/1.73.m2", "{1.73_m2}"),
        ("mL/min/1.73m2", "{1.73_m2}"),
        ("mL/min/1.73 m2", "{1.73_m2}"),
        ("IU/L", "[iU]"),
        ("mIU/L", "m[iU]"),
        ("mcg", "ug"),
        ("µg/L", "ug"),
        ("mmHg", "mm[Hg]"),
        ("mEq/L", "meq"),
        ("°C", "Cel"),
        ("lbs", "[lb_av]"),
        ("x10^9/L", "10*9"),
        ("10+3/uL", "10*3"),
        ("mg / dL", "no spaces"),
        ("points", "braces"),
        ("", "'1'"),
        ("g" * 101, "too long"),
        ("m99", "exponent"),
        ("mg/", "its end"),
    ],
)
def test_a_misspelt_unit_is_reported_with_what_may_be_meant(misspelt, meant):
    reason = units.validate(misspelt)
    assert reason is not None
    assert meant in reason


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "mg/dL",
        "mL/min/{1.73_m2}",
        "[iU]/L",
        "{score}",
        "10*9/L",
        "%",
        "year",
        "months",
        "mm[Hg]",
        "g/(8.h)",
        "/min",
    ],
)
def test_a_unit_as_ucum_or_cql_writes_it_is_not_reported(unit):
    assert units.validate(unit) is None


def test_a_misspelt_unit_still_equals_itself_and_nothing_else():
    assert units.compare(d("1"), "IU/L", d("2"), "IU/L") == -1
    assert units.compare(d("1"), "IU/L", d("1"), "[iU]/L") is None
    assert units.compare(d("1"), "mL/min/1.73.m2", d("1"), "mL.m2/min") is None


@pytest.mark.parametrize("text", ["((((((((((m))))))))))", "{" * 50, "m." * 49 + "m", "/" * 100, "\x00", "m\n"])
def test_odd_text_is_answered_and_never_raises(text):
    assert units.validate(text) is None or isinstance(units.validate(text), str)
    units.convert(d("1"), text, "m")


@given(st.text(max_size=12))
def test_no_text_at_all_raises(text):
    units.validate(text)
    units.commensurable(text, "mg/dL")


def test_the_finer_of_two_units():
    assert units.finer("m", "cm") == "cm"
    assert units.finer("cm", "m") == "cm"
    assert units.finer("mL", "cm3") == "mL"
    assert units.finer("months", "year") == "months"


def test_factors_are_exact():
    day_in_seconds = units.convert(d("1"), "d", "s")
    assert day_in_seconds == 86400
    assert Fraction(units.convert(d("1"), "[in_i]", "cm")) == Fraction(254, 100)
    assert units.compare(d("24"), "h", d("1"), "d") == 0
    assert units.compare(d("12"), "months", d("1"), "year") == 0
