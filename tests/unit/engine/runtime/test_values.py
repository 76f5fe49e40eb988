from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest

from cds.engine.runtime.values import Code, Concept, Long, Quantity, Tuple, type_name


def test_a_long_is_a_number_of_another_type():
    assert Long(5) == 5
    assert type(Long(5)) is not int
    assert repr(Long(5)) == "Long(5)"


def test_values_cannot_be_changed():
    quantity = Quantity(Decimal(5), "mg")
    with pytest.raises(FrozenInstanceError):
        quantity.unit = "g"


def test_a_quantity_without_unit_counts():
    assert Quantity(Decimal(5)).unit == "1"


def test_values_may_be_members_of_sets():
    assert len({Code("a", "urn:s"), Code("a", "urn:s"), Concept((Code("a"),))}) == 2


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "Boolean"),
        (1, "Integer"),
        (Long(1), "Long"),
        (Decimal(1), "Decimal"),
        ("", "String"),
        ([], "List"),
        (Tuple({}), "Tuple"),
        (Quantity(Decimal(1)), "Quantity"),
        ({"resourceType": "Observation"}, "Observation"),
        ({"value": 1}, "FHIR element"),
    ],
)
def test_types_have_the_names_cql_gives_them(value, name):
    assert type_name(value) == name
