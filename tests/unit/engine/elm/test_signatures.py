"""Static types, and which overload a call means."""

from __future__ import annotations

import pytest

from cds.engine import ir
from cds.engine.elm import types
from cds.engine.elm.signatures import FunctionSignature, distance, pick
from cds.engine.elm.types import Choice, IntervalOf, ListOf, Named, TupleOf

OBSERVATION, RESOURCE, CODE = Named("Observation"), Named("Resource"), Named("code")
LIST = {
    "type": "ListTypeSpecifier",
    "elementType": {"type": "NamedTypeSpecifier", "name": "{http://hl7.org/fhir}Coding"},
}


@pytest.mark.parametrize(
    ("given", "wanted", "near"),
    [
        (OBSERVATION, OBSERVATION, 0),
        (OBSERVATION, RESOURCE, 1),
        (Named("ObservationStatus"), CODE, 1),
        (RESOURCE, OBSERVATION, None),
        (types.INTEGER, types.DECIMAL, None),
        (OBSERVATION, Choice((OBSERVATION, CODE)), 2),
        (Choice((OBSERVATION, CODE)), OBSERVATION, 3),
        (types.ANY, OBSERVATION, 4),
        (OBSERVATION, types.ANY, 5),
        (ListOf(OBSERVATION), ListOf(RESOURCE), 1),
        (IntervalOf(types.DATE), IntervalOf(types.DATETIME), None),
        (TupleOf((("a", types.INTEGER),)), TupleOf((("a", types.ANY),)), 1),
        (TupleOf((("a", types.INTEGER),)), TupleOf((("b", types.INTEGER),)), None),
    ],
)
def test_distance_between_types(given, wanted, near):
    assert distance(given, wanted) == near


def overload(*of):
    operands = tuple((f"p{i}", type_) for i, type_ in enumerate(of))
    return FunctionSignature(f"f{of}", operands, types.ANY, tuple(ir.Reads() for _ in of))


def test_the_nearest_overload_is_picked():
    any_, resource, exact, two = (
        overload(types.ANY),
        overload(RESOURCE),
        overload(OBSERVATION),
        overload(RESOURCE, RESOURCE),
    )
    every = (any_, resource, exact, two)
    assert pick(every, [OBSERVATION]) is exact
    assert pick(every, [Named("Condition")]) is resource
    assert pick(every, [types.STRING]) is any_
    assert pick(every, [OBSERVATION, OBSERVATION]) is two
    assert pick((resource,), [types.STRING]) is None


def test_specifiers_are_read_and_written_as_cql_writes_types():
    assert str(types.from_specifier(LIST)) == "List<FHIR.Coding>"
    choice = {
        "type": "ChoiceTypeSpecifier",
        "choice": [
            LIST,
            {
                "type": "IntervalTypeSpecifier",
                "pointType": {"type": "NamedTypeSpecifier", "name": "{urn:hl7-org:elm-types:r1}Date"},
            },
        ],
    }
    assert str(types.from_specifier(choice)) == "Choice<List<FHIR.Coding>, Interval<System.Date>>"
    tuple_ = {"type": "TupleTypeSpecifier", "element": [{"name": "a", "elementType": LIST}]}
    assert str(types.from_specifier(tuple_)) == "Tuple{a List<FHIR.Coding>}"
    assert types.from_specifier(None) == types.ANY


def test_a_choice_of_one_is_itself_and_with_any_is_any():
    assert types.choice([CODE, Choice((CODE,))]) == CODE
    assert types.choice([CODE, types.ANY]) == types.ANY
    assert types.common([CODE, types.ANY]) == CODE
