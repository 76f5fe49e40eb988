"""The conversions that other UCUM libraries publish as their tests: our figure is theirs, or we convert nothing.

No package carries more than 30 conversions of the UCUM functional tests (`test_ucum_functional_tests`), so these are
the rest of the published pairs. The files are not part of this project; they are read from `.cache/ucum`:

- `ucum-tests.json` of ucumate-test-utils (Maven Central), 110 conversions and 94 pairs that meet or do not;
- `conversion.test.ts` and `special-functions.test.ts` of the sources of @atomic-ehr/ucum (npm).

What we do not convert, knowingly: mole to mass (a table per analyte does), mole to a count, logarithms and homeopathic
potencies, an angle to prism dioptres or slope, and a temperature scale with a factor (`5.Cel`).
"""

import json
import math
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from cds.engine.runtime import units

FOLDER = Path(__file__).parents[4] / ".cache" / "ucum"
EXPECTED = re.compile(r"convert\((-?[\d.e+-]+), *'([^']+)', *'([^']+)'\)\)\.toBe(?:CloseTo)?\((-?[\d.e+-]+)[,)]")


def text(name):
    if not (FOLDER / name).is_file():
        pytest.skip(f"put {name} into .cache/ucum: the docstring of this file says from where")
    return (FOLDER / name).read_text(encoding="utf-8")


@cache
def published():
    """(value, source, target, figure) of all suites; those that are said to be impossible are left out."""
    ucumate = json.loads(text("ucum-tests.json"))["convert"]
    pairs = [
        (row["conversionFactor"], row["from"], row["to"], row["resultingConversionFactor"])
        for row in ucumate
        if row["valid"]
    ]
    for name in ("conversion.test.ts", "special-functions.test.ts"):
        pairs += [match.groups() for match in EXPECTED.finditer(text(name))]
    return pairs


def figures():
    """(row, ours, theirs)"""
    return [(row, units.convert(Decimal(row[0]), row[1], row[2]), float(row[3])) for row in published()]


def test_no_published_conversion_gives_another_figure_here():
    different = [
        (row, ours)
        for row, ours, theirs in figures()
        # They print few digits ("0.08333", "1.60934").
        if ours is not None and not math.isclose(float(ours), theirs, rel_tol=1e-4, abs_tol=1e-9)
    ]
    assert different == []
    assert len(published()) >= 200


NOT_CONVERTED = re.compile(
    r"mol|osm|kat|\[pH\]|Np|d?B\b|B\[|\[hp'|p'diop|slope|bit_s|Hz\^|\.(Cel|\[degF\])|(Cel|\[degF\])\.|\[m/s2"
)


def test_what_is_not_converted_is_what_is_left_out_knowingly():
    others = [row for row, ours, _ in figures() if ours is None and not NOT_CONVERTED.search(f"{row[1]} {row[2]}")]
    assert others == []


def test_units_that_ucumate_says_do_not_meet_do_not_meet():
    rows = json.loads(text("ucum-tests.json"))["commensurable"]
    met = [row["id"] for row in rows if not row["commensurable"] and units.commensurable(row["expr1"], row["expr2"])]
    assert met == []
