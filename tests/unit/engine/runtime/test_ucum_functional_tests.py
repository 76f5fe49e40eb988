"""The UCUM functional tests that org.fhir:ucum keeps: which units are valid, conversions, products.

The file is not part of this project; it is read from `.cache/ucum`, and the tests are skipped where it is absent.
"""

from decimal import Decimal
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest

from cds.engine.runtime import units

FILE = Path(__file__).parents[4] / ".cache" / "ucum" / "UcumFunctionalTests.xml"


@cache
def rows(name):
    if not FILE.is_file():
        pytest.skip("put src/test/resources/UcumFunctionalTests.xml of github.com/FHIR/Ucum-java into .cache/ucum")
    return [case.attrib for case in parse(FILE).getroot().find(name)]


def rounded(value, like):
    """Round as the suite prints its figures: to the digits of the expected one."""
    digits = len(Decimal(like).as_tuple().digits)
    return abs(value - Decimal(like)) <= abs(Decimal(like)) * Decimal(10) ** (1 - digits)


def test_every_unit_is_valid_or_invalid_as_the_suite_says():
    wrong = [
        (row["id"], row["unit"])
        for row in rows("validation")
        if (units.validate(row["unit"]) is None) is not (row["valid"] == "true")
    ]
    assert wrong == []
    assert len(rows("validation")) >= 500


def test_every_conversion_gives_the_figure_of_the_suite():
    wrong = []
    for row in rows("conversion"):
        value = units.convert(Decimal(row["value"]), row["srcUnit"], row["dstUnit"])
        if value is None or not rounded(value, row["outcome"]):
            wrong.append((row["id"], value))
    assert wrong == []
    assert len(rows("conversion")) >= 30


def test_products_and_quotients_have_the_unit_of_the_suite():
    for name, combine in (("multiplication", units.multiply), ("division", units.divide)):
        for row in rows(name):
            unit = combine(row["u1"], row["u2"])
            assert units.convert(Decimal(1), unit, row["uRes"] or "1") is not None, row["id"]
