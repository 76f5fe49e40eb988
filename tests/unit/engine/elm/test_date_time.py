"""Components of dates and times, read without a call where the type is known."""

from __future__ import annotations

import pytest

from cds.engine import Engine
from tests.unit.engine.conftest import NOW

SYSTEM = "{urn:hl7-org:elm-types:r1}"


def literal(value):
    return {"type": "Literal", "valueType": f"{SYSTEM}Integer", "value": str(value)}


DATE = {"type": "Date", "year": literal(2026), "month": literal(3)}
MOMENT = {"type": "DateTime", **{name: literal(n) for n, name in enumerate(("year", "month", "day", "hour"), 5)}}
TIME = {"type": "Time", "hour": literal(7), "minute": literal(30)}
NOTHING = {"type": "As", "operand": {"type": "Null"}, "asType": f"{SYSTEM}DateTime"}


def component(operand, precision):
    node = {"type": "DateTimeComponentFrom", "operand": operand, "precision": precision}
    definitions = {"def": [{"name": "Found", "context": "Patient", "expression": node}]}
    library = {"identifier": {"id": "Parts"}, "statements": definitions}
    return Engine([{"library": library}]).session([], now=NOW).evaluate("Parts", "Found")


@pytest.mark.parametrize(
    ("operand", "precision", "value"),
    [
        (DATE, "Year", 2026),
        (DATE, "Month", 3),
        (DATE, "Day", None),
        (DATE, "Hour", None),
        (MOMENT, "Hour", 8),
        (MOMENT, "Minute", None),
        (TIME, "Minute", 30),
        (TIME, "Year", None),
        (NOTHING, "Year", None),
        ({"type": "Now"}, "Day", 20),
        ({"type": "Null"}, "Year", None),
    ],
)
def test_a_component_is_read_as_written_and_null_where_there_is_none(operand, precision, value):
    assert component(operand, precision) == value
