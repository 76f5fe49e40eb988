"""Queries over lists, single values and resources; parameters; the Unfiltered context."""

from __future__ import annotations

import pytest

from cds.engine import Engine, EvaluationError
from tests.unit.engine.conftest import NOW, elm


def request(id_, date, status="active", **more):
    return {"resourceType": "MedicationRequest", "id": id_, "status": status, "authoredOn": date, **more}


DOSE = {"dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": 5}}]}]}
RESOURCES = [
    request("m1", "2026-01-01", encounter={"reference": "Encounter/e1"}, **DOSE),
    request("m2", "2026-03-01"),
    request("m3", "2026-02", "stopped"),
    request("m4", None),
    {"resourceType": "Encounter", "id": "e1", "status": "finished"},
]


@pytest.fixture(scope="module")
def engine():
    return Engine([elm("Queries")])


def ask(engine, definition, resources=RESOURCES, **parameters):
    found = engine.session(resources, now=NOW, parameters=parameters).evaluate("Queries", definition)
    if isinstance(found, list) and found and isinstance(found[0], dict) and "resourceType" in found[0]:
        return [resource["id"] for resource in found]
    return found


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("Descending", [5, 4, 2, 1, None]),
        ("Ascending", [None, 1, 2, 4, 5]),
        ("Doubled", [10, 2, 8, 4]),
        ("Distinct parity", [1, 0]),
        ("Pairs", [{"A": 1, "B": 2}, {"A": 1, "B": 3}, {"A": 2, "B": 3}]),
        ("Pair sums", [11, 21, 12, 22]),
        ("With let", [25, 16]),
        ("Sum of squares", 46),
        ("Single source", "a"),
        ("Single source fails", None),
        ("Null source", None),
        ("Exists in null source", False),
        ("With encounter", ["m1"]),
        ("Without encounter", ["m2", "m3", "m4"]),
        ("Newest first", ["m2", "m3", "m1", "m4"]),
        ("Nested", ["m1"]),
        ("Everything", ["m1", "m2", "m3", "m4"]),
        ("One number per patient", [46]),
    ],
)
def test_the_clauses_of_a_query(engine, definition, value):
    assert ask(engine, definition) == value


def test_rows_are_sorted_by_several_columns(engine):
    rows = ask(engine, "By status and date")
    assert [(row["status"], row["at"] and str(row["at"])) for row in rows] == [
        ("active", "2026-03-01"), ("active", "2026-01-01"), ("active", None), ("stopped", "2026-02"),
    ]  # fmt: skip


def test_a_parameter_has_its_default_until_it_is_given(engine):
    assert ask(engine, "Above limit") == [5, 4]
    assert ask(engine, "Above limit", Limit=4) == [5]
    assert ask(engine, "Above limit", Limit=None) == []


def test_a_parameter_of_another_type_is_an_error(engine):
    with pytest.raises(EvaluationError, match=r"'Limit' is a String, which is no System\.Integer"):
        ask(engine, "Above limit", Limit="4")


def test_an_interval_is_given_as_a_period(engine):
    period = {"start": "2026-02-28T00:00:00Z", "end": "2026-03-31T00:00:00Z"}
    assert ask(engine, "In period", Period=period) == ["m2"]
    assert ask(engine, "In period") == []


def test_resources_are_given_as_a_list(engine):
    assert ask(engine, "Draft ids", draftOrders=[RESOURCES[0]]) == ["m1"]
    assert ask(engine, "Draft count", draftOrders=[]) == 0
    assert ask(engine, "Draft ids") is None
    with pytest.raises(EvaluationError, match="draftOrders"):
        ask(engine, "Draft ids", draftOrders="none")


def test_parameters_are_listed(engine):
    listed = {p.name: (p.type, p.has_default) for p in engine.parameters("Queries")}
    assert listed == {
        "Limit": ("System.Integer", True),
        "Period": ("Interval<System.DateTime>", False),
        "draftOrders": ("List<FHIR.MedicationRequest>", False),
    }
