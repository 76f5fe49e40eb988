"""What a case shows is told from its data and its name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cds.tester.cases import Case
from tools.case_kinds import kinds

RECOMMENDATION = "g-low"


def egfr(value, system="http://loinc.org", unit="mL/min"):
    return {
        "resourceType": "Observation",
        "code": {"coding": [{"system": system, "code": "1"}]},
        "valueQuantity": {"value": value, "unit": unit},
    }


def case(name, *resources, fires=False):
    expect = {"fires" if fires else "silent": [RECOMMENDATION]}
    return Case(
        file="g/tests/low.json",
        name=name,
        recommendation=RECOMMENDATION,
        hook="order-sign",
        now=datetime(2026, 3, 2, tzinfo=UTC),
        resources=tuple(resources),
        draft_orders=(),
        selections=None,
        context={},
        expect=expect,
    )


USUAL = [case("low", egfr(20), fires=True), case("high", egfr(60)), case("higher", egfr(70))]


@pytest.mark.parametrize(
    ("added", "kind"),
    [
        ([case("just below", egfr(29.9), fires=True), case("at the limit", egfr(30))], "boundary pair"),
        ([case("no result: unknown")], "data missing"),
        ([case("already ordered", egfr(20))], "already done"),
        ([case("local", egfr(20, system="urn:local"), fires=True)], "other code"),
        ([case("per second", egfr(0.3, unit="mL/s"), fires=True)], "other unit"),
    ],
)
def test_a_kind_is_counted_where_a_case_shows_it(added, kind):
    assert kinds(USUAL)[RECOMMENDATION][kind] == 0
    assert kinds([*USUAL, *added])[RECOMMENDATION][kind] == 1


@pytest.mark.parametrize(
    "other",
    [
        case("far from it", egfr(40)),
        case("with the same answer", egfr(30), fires=True),
        case("with a second difference", egfr(30, system="urn:local")),
    ],
)
def test_a_pair_differs_in_one_number_by_little_and_in_the_answer(other):
    assert kinds([case("just below", egfr(29.9), fires=True), other])[RECOMMENDATION]["boundary pair"] == 0


def test_days_that_are_close_make_a_pair():
    def dated(day):
        return {**egfr(20), "effectiveDateTime": day}

    pair = [case("in", dated("2026-02-02"), fires=True), case("out", dated("2026-02-01"))]
    assert kinds(pair)[RECOMMENDATION]["boundary pair"] == 1
