"""cds check on orders that are offered: the repeat alone must give the doses of the listed days."""

import pytest

from cds.checks.order_rules import ORDER_RULES
from cds.content.artifact import Artifact
from cds.content.shelf import Shelf

DAYS_OF_CYCLE = "http://hl7.org/fhir/StructureDefinition/timing-daysOfCycle"
WEEKLY = (1, 8, 15, 22)


def timing(days, frequency, period, unit, bounds=None, bounds_unit="d"):
    repeat = {"frequency": frequency, "period": period, "periodUnit": unit}
    if bounds is not None:
        repeat["boundsDuration"] = {"value": bounds, "system": "http://unitsofmeasure.org", "code": bounds_unit}
    listed = [{"url": "day", "valueInteger": day} for day in days]
    return {"extension": [{"url": DAYS_OF_CYCLE, "extension": listed}], "repeat": repeat}


def found(*timings):
    activity = {"resourceType": "ActivityDefinition", "id": "x", "dosage": [{"timing": one} for one in timings]}
    shelf = Shelf([Artifact(activity, "x.json", ".")])
    return [(one.rule, one.path, one.message) for rule in ORDER_RULES for one in rule.findings(shelf)]


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(timing(range(1, 22), 1, 1, "d", 21), id="days 1-21: daily for 21 days"),
        pytest.param(timing(range(1, 22), 1, 24, "h", 3, "wk"), id="the same in hours and weeks"),
        pytest.param(timing(range(1, 5), 2, 1, "d", 4), id="days 1-4: twice daily for 4 days"),
        pytest.param(timing(WEEKLY, 1, 1, "wk", 28), id="weekly for 28 days"),
        pytest.param(timing(WEEKLY, 1, 7, "d", 25), id="weekly, the last week cut short"),
        pytest.param(timing((1, 4, 8, 11), 4, 21, "d", 21), id="four times in a cycle"),
        pytest.param(timing((1, 4, 8, 11), 2, 1, "wk", 14), id="twice a week for two weeks"),
        pytest.param(timing((1,), 1, 28, "d", 112), id="day 1 of four cycles"),
        pytest.param(timing((), 1, 1, "d"), id="no days listed"),
        pytest.param({"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}, id="no extension"),
    ],
)
def test_a_repeat_that_gives_the_listed_days_has_no_finding(sound):
    assert found(sound) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param(timing((1, 4, 8, 11), 1, 1, "d", 21), "every day for 21 days", id="daily for the cycle"),
        pytest.param(timing(WEEKLY, 1, 1, "d"), "every day for an unlimited time", id="daily without an end"),
        pytest.param(timing(range(1, 5), 1, 1, "d", 28), "every day for 28 days", id="days 1-4, bounds of the cycle"),
        pytest.param(timing(range(1, 5), 1, 1, "d", 3), "every day for 3 days", id="a day too few"),
        pytest.param(timing(range(2, 6), 1, 1, "d", 4), "every day for 4 days", id="unbroken, but not from day 1"),
        pytest.param(
            timing(WEEKLY, 1, 1, "wk"), "1 times in 7 days, for an unlimited time", id="weekly without an end"
        ),
        pytest.param(timing(WEEKLY, 1, 1, "wk", 29), "5 times in 29 days", id="a week too many"),
        pytest.param(
            timing(range(1, 29), 1, 2, "d", 28), "14 times in 28 days", id="every other day, every day listed"
        ),
        pytest.param(timing((1, 4, 8, 11), 3, 21, "d", 21), "3 times in 21 days", id="a dose too few in the cycle"),
    ],
)
def test_a_repeat_that_gives_other_doses_is_found(wrong, said):
    [(rule, path, message)] = found(timing(WEEKLY, 1, 1, "wk", 28), wrong)
    assert (rule, path) == ("order-timing", "ActivityDefinition.dosage[1].timing.repeat")
    assert message.startswith(f"says {said}, but the days listed are ")


def test_bounds_in_a_unit_that_is_no_length_of_days_do_not_count_as_bounds():
    [(_, _, message)] = found(timing(range(1, 22), 1, 1, "d", 21, "mo"))
    assert message.startswith("says every day for an unlimited time")
