"""The work of a load and of a call stays within what is recorded: no clock is asked, so a busy machine is no matter."""

from __future__ import annotations

import json

from tests.benchmarks.work import BUDGET, measure

GROWTH = 1.15


def test_no_scenario_does_fifteen_percent_more_than_is_recorded() -> None:
    allowed = json.loads(BUDGET.read_text())
    counted = measure()
    assert counted.keys() == allowed.keys()
    above = {
        name: f"{count} calls, {allowed[name]} recorded"
        for name, count in counted.items()
        if count > allowed[name] * GROWTH
    }
    assert not above, "find out why, or record it on purpose: python -m tests.benchmarks.work"
