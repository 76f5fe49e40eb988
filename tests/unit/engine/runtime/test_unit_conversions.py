"""Known conversions, from the definitions of the units, and what another library makes of them.

Figures with a dozen digits are exact by definition (inch, pound, calorie, standard atmosphere, Celsius' zero point).
"""

from decimal import Decimal

import pytest

from cds.engine.runtime import units

KNOWN = [
    # mass and amount in a volume
    ("1", "g/L", "g/dL", "0.1"),
    ("100", "mg/dL", "g/L", "1"),
    ("13.5", "g/dL", "g/L", "135"),
    ("1", "mg/dL", "mg/L", "10"),
    ("1", "ng/mL", "ug/L", "1"),
    ("1", "pg/mL", "ng/L", "1"),
    ("1", "ug/dL", "ug/L", "10"),
    ("1", "g%", "g/dL", "1"),
    ("5.5", "mmol/L", "umol/mL", "5.5"),
    ("1", "umol/L", "nmol/mL", "1"),
    ("140", "meq/L", "mmol/L", "140"),
    ("290", "mosm/kg", "mmol/kg", "290"),
    ("250", "pmol/L", "nmol/L", "0.25"),
    # counts
    ("7.2", "10*9/L", "10*3/uL", "7.2"),
    ("4.5", "10*12/L", "10*6/uL", "4.5"),
    ("150000", "/uL", "10*9/L", "150"),
    ("1", "/mm3", "/uL", "1"),
    ("1000", "{copies}/mL", "10*3{copies}/mL", "1"),
    ("3", "10^3/uL", "10*3/uL", "3"),
    # enzymes
    ("60", "U/L", "ukat/L", "1"),
    ("1", "kat", "mol/s", "1"),
    ("1", "U", "umol/min", "1"),
    ("40", "U/L", "nkat/mL", "0.6666666666666666666666666667"),
    # arbitrary units
    ("2.5", "m[iU]/L", "u[iU]/mL", "2.5"),
    ("1000", "[iU]/L", "[iU]/mL", "1"),
    ("5", "k[iU]/L", "[iU]/mL", "5"),
    # flow and clearance
    ("60", "mL/min", "L/h", "3.6"),
    ("60", "mL/min", "mL/s", "1"),
    ("5", "L/min", "mL/s", "83.33333333333333333333333333"),
    ("100", "mL/min/{1.73_m2}", "mL/s/{1.73_m2}", "1.666666666666666666666666667"),
    # doses
    ("1000", "mg", "g", "1"),
    ("1", "mg", "ug", "1000"),
    ("0.5", "mg/kg/h", "ug/kg/min", "8.333333333333333333333333333"),
    ("10", "mg/kg/d", "mg/(kg.d)", "10"),
    ("2", "mg/kg", "ug/g", "2"),
    ("20", "[drp]", "mL", "1"),
    # lengths, areas, volumes
    ("1", "m", "cm", "100"),
    ("1", "[in_i]", "cm", "2.54"),
    ("6", "[ft_i]", "cm", "182.88"),
    ("1", "[mi_i]", "km", "1.609344"),
    ("1.8", "m2", "cm2", "18000"),
    ("1", "L", "dm3", "1"),
    ("1", "mL", "cm3", "1"),
    ("1", "dL", "mL", "100"),
    ("1", "[foz_us]", "mL", "29.5735295625"),
    ("1", "[gal_us]", "L", "3.785411784"),
    ("28", "kg/m2", "g/cm2", "2.8"),
    # weights
    ("1", "[lb_av]", "g", "453.59237"),
    ("150", "[lb_av]", "kg", "68.0388555"),
    ("16", "[oz_av]", "[lb_av]", "1"),
    ("1", "[stone_av]", "[lb_av]", "14"),
    ("1", "t", "kg", "1000"),
    ("1", "[gr]", "mg", "64.79891"),
    # temperatures
    ("37", "Cel", "[degF]", "98.6"),
    ("98.6", "[degF]", "Cel", "37"),
    ("-40", "Cel", "[degF]", "-40"),
    ("0", "Cel", "K", "273.15"),
    ("0", "K", "[degF]", "-459.67"),
    ("30", "[degRe]", "Cel", "37.5"),
    # pressure and energy
    ("760", "mm[Hg]", "kPa", "101.32472"),
    ("1", "atm", "Pa", "101325"),
    ("1", "bar", "kPa", "100"),
    ("1", "kcal_th", "kJ", "4.184"),
    ("1", "[Cal]", "kcal_th", "1"),
    # time
    ("90", "min", "h", "1.5"),
    ("2", "wk", "d", "14"),
    ("1", "a", "d", "365.25"),
    ("12", "mo", "a", "1"),
    ("36", "months", "years", "3"),
    ("2", "weeks", "days", "14"),
    ("48", "hours", "d", "2"),
    ("1500", "milliseconds", "s", "1.5"),
    # ratios and angles
    ("25", "%", "1", "0.25"),
    ("1", "[ppth]", "%", "0.1"),
    ("30", "mg/g", "g/kg", "30"),
    ("180", "'", "deg", "3"),
    # units of equipment
    ("72", "/min", "Hz", "1.2"),
    ("10", "mV", "V", "0.01"),
    ("1", "Sv", "REM", "100"),
    ("37", "MBq", "mCi", "1"),
    ("20", "dB", "B", "2"),
]


@pytest.mark.parametrize(("value", "source", "target", "expected"), KNOWN)
def test_a_known_conversion(value, source, target, expected):
    assert units.convert(Decimal(value), source, target) == Decimal(expected)


@pytest.mark.parametrize(("value", "source", "target", "expected"), KNOWN)
def test_a_known_conversion_compares_as_equal_unless_it_was_rounded(value, source, target, expected):
    if len(expected) < 20:
        assert units.compare(Decimal(value), source, Decimal(expected), target) == 0
    assert units.compare(Decimal(value), source, Decimal(expected) + 1, target) == -1
    assert units.compare(Decimal(value), source, Decimal(expected) - 1, target) == 1


def test_there_are_at_least_sixty_known_conversions():
    assert len({(source, target) for _, source, target, _ in KNOWN}) >= 60


PINT_CANNOT = {
    *("Cel", "[degF]", "[degRe]", "dB"),  # offset and logarithmic scales are not multiplied there
    *units.CALENDAR_UNITS,  # CQL's, not UCUM's
    "mm[Hg]",  # its own conventional millimetre of mercury, 4e-7 off UCUM's figure
    "g%",  # read as gram times per cent
    "[Cal]",  # read as the small calorie
    "'",  # read as a minute of time
}


def test_pint_agrees_where_it_reads_ucum():
    """Pint with ucumvert's definitions is a second opinion: other code, other tables, binary numbers."""
    from ucumvert import PintUcumRegistry

    registry = PintUcumRegistry()
    compared = [row for row in KNOWN if not PINT_CANNOT & {row[1], row[2]}]
    assert len(compared) >= 60
    for value, source, target, expected in compared:
        theirs = (float(value) * registry.from_ucum(source) / registry.from_ucum(target)).to_base_units()
        assert theirs.dimensionless, (source, target)
        assert theirs.magnitude == pytest.approx(float(expected), rel=1e-9), (source, target)
