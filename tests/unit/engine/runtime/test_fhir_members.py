"""Members of values whose type is known only at run time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds.engine.errors import EvaluationError
from cds.engine.run import Run
from cds.engine.runtime.fhir_members import children, descendents, member
from cds.engine.runtime.fhir_values import Element
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import DateTime
from cds.engine.runtime.values import Code, Concept, Quantity, Tuple

RUN = Run(now=DateTime(2026, 11, 20, 12, 0, 0, 0, Decimal(1)))
EXTENSION = {"url": "urn:x", "valueString": "y"}
PATIENT = {
    "resourceType": "Patient",
    "birthDate": "1950-06-15",
    "name": [{"given": ["A"]}, {"given": ["B", "C"], "_given": [None, {"extension": [EXTENSION]}]}],
    "deceasedDateTime": "2020",
    "contained": [{"resourceType": "Organization"}],
}


@pytest.mark.parametrize(
    ("target", "name", "value"),
    [
        (None, "x", None),
        (PATIENT, "birthDate", Element("date", "1950-06-15")),
        (PATIENT, "deceased", Element("dateTime", "2020")),
        (PATIENT, "multipleBirth", None),
        (PATIENT, "contained", [{"resourceType": "Organization"}]),
        (PATIENT, "nonsense", None),
        (Element("dateTime", "2020"), "value", DateTime(2020, offset=Decimal(1))),
        (Element("string", "a", {"id": "i", "extension": [EXTENSION]}), "id", "i"),
        (Element("string", "a", {"extension": [EXTENSION]}), "extension", [Element("Extension", EXTENSION)]),
        (Element("string", "a"), "extension", None),
        (Element("Quantity", {"value": 5}), "value", Element("decimal", 5)),
        ([PATIENT, None, PATIENT], "birthDate", [Element("date", "1950-06-15")] * 2),
        (Tuple(a=1), "a", 1),
        (Quantity(Decimal(5), "mg"), "unit", "mg"),
        (Concept((Code("c"),)), "codes", [Code("c")]),
        (Interval(1, 2, False), "lowClosed", False),
    ],
)
def test_a_member_is_read_and_says_its_type(target, name, value):
    assert member(RUN, target, name) == value


def test_lists_in_lists_are_flattened_and_keep_extensions():
    given = member(RUN, member(RUN, PATIENT, "name"), "given")
    assert [(element.type, element.value) for element in given] == [("string", "A"), ("string", "B"), ("string", "C")]
    assert given[2].extra == {"extension": [EXTENSION]}


@pytest.mark.parametrize(("target", "name"), [(5, "value"), ("text", "length"), (Quantity(Decimal(1)), "code")])
def test_a_value_without_such_a_member_is_an_error(target, name):
    with pytest.raises(EvaluationError, match=f"has no {name}"):
        member(RUN, target, name)


def test_data_of_a_wrong_shape_is_an_error():
    with pytest.raises(EvaluationError, match="where FHIR has an object"):
        member(RUN, Element("Quantity", "5 mg"), "value")
    with pytest.raises(EvaluationError, match="where FHIR has a list"):
        member(RUN, {"resourceType": "Patient", "name": {"family": "A"}}, "name")


def test_children_and_descendents():
    assert children(RUN, None) is None
    assert children(RUN, Tuple(a=1, b=[2, 3], c=None)) == [1, 2, 3]
    below = descendents(RUN, [{"resourceType": "Patient", "name": [{"family": "A"}]}])
    assert [element.type for element in below if isinstance(element, Element)] == ["HumanName", "string"]
