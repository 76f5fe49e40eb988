from decimal import Decimal

import pytest

from cds.engine.errors import EvaluationError
from cds.engine.runtime import clinical
from cds.engine.runtime.temporal import Date, DateTime
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import Code, CodeSystem, Concept, ValueSet

DIABETES = ValueSet("http://example.org/ValueSet/diabetes")
TWO_SYSTEMS = ValueSet("http://example.org/ValueSet/two-systems")
EMPTY = ValueSet("http://example.org/ValueSet/empty")
MISSING = ValueSet("http://example.org/ValueSet/missing", "2")
SYSTEM = CodeSystem("urn:s")


class Known:
    def codes(self, url, version):
        return {
            DIABETES.id: {"urn:s": frozenset({"a", "b"})},
            TWO_SYSTEMS.id: {"urn:s": frozenset({"a"}), "urn:t": frozenset({"a", "c"})},
            EMPTY.id: {},
            SYSTEM.id: {"urn:s": frozenset({"a", "b", "z"})},
        }.get(url)


KNOWN = Known()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Code("a", "urn:s"), True),
        (Code("a", "urn:s", "2031", "another display"), True),
        (Code("a", "urn:t"), False),
        (Code("z", "urn:s"), False),
        (Code("a"), False),
        ("a", True),
        ("z", False),
        (Concept((Code("z", "urn:s"), Code("b", "urn:s"))), True),
        (Concept((Code("z", "urn:s"),)), False),
        (Concept(()), False),
        (None, False),
    ],
)
def test_a_code_is_in_a_value_set_by_code_and_system(code, expected):
    assert clinical.in_value_set(code, DIABETES, KNOWN) is expected


def test_any_of_several_codes():
    assert clinical.any_in_value_set([Code("z", "urn:s"), None, Code("a", "urn:s")], DIABETES, KNOWN) is True
    assert clinical.any_in_value_set([Code("z", "urn:s")], DIABETES, KNOWN) is False
    assert clinical.any_in_value_set([], DIABETES, KNOWN) is False
    assert clinical.any_in_value_set(None, DIABETES, KNOWN) is False


def test_an_empty_value_set_has_no_members_and_an_unknown_one_is_an_error():
    assert clinical.in_value_set(Code("a", "urn:s"), EMPTY, KNOWN) is False
    for question in (
        lambda: clinical.in_value_set(Code("a", "urn:s"), MISSING, KNOWN),
        lambda: clinical.any_in_value_set([], MISSING, KNOWN),
        lambda: clinical.expand_value_set(MISSING, KNOWN),
    ):
        with pytest.raises(EvaluationError, match=r"ValueSet http://example.org/ValueSet/missing\|2 is not known"):
            question()


def test_a_string_has_no_system_and_must_not_be_ambiguous():
    assert clinical.in_value_set("c", TWO_SYSTEMS, KNOWN) is True
    with pytest.raises(EvaluationError, match="ambiguous"):
        clinical.in_value_set("a", TWO_SYSTEMS, KNOWN)
    assert clinical.in_value_set(Code("a"), TWO_SYSTEMS, KNOWN) is False


def test_what_is_no_code_is_an_error():
    with pytest.raises(EvaluationError, match="Integer is no code"):
        clinical.in_value_set(5, DIABETES, KNOWN)


def test_a_code_system_defines_its_codes():
    assert clinical.in_code_system(Code("z", "urn:s"), SYSTEM, KNOWN) is True
    assert clinical.in_code_system(Code("z", "urn:t"), SYSTEM, KNOWN) is False
    assert clinical.in_code_system(None, SYSTEM, KNOWN) is False
    assert clinical.any_in_code_system([Code("z", "urn:s")], SYSTEM, KNOWN) is True
    with pytest.raises(EvaluationError, match="CodeSystem urn:unknown is not known"):
        clinical.in_code_system(Code("z", "urn:s"), CodeSystem("urn:unknown"), KNOWN)


def test_without_a_reference_the_answer_is_null():
    assert clinical.in_value_set(Code("a"), None, KNOWN) is None
    assert clinical.any_in_value_set([Code("a")], None, KNOWN) is None
    assert clinical.in_code_system(Code("a"), None, KNOWN) is None
    assert clinical.any_in_code_system([Code("a")], None, KNOWN) is None
    assert clinical.expand_value_set(None, KNOWN) is None


def test_an_expansion_lists_every_code_once_in_a_fixed_order():
    assert clinical.expand_value_set(TWO_SYSTEMS, KNOWN) == [Code("a", "urn:s"), Code("a", "urn:t"), Code("c", "urn:t")]


@pytest.mark.parametrize(
    ("as_of", "precision", "age"),
    [
        (Date(2026, 2, 27), "year", 17),
        (Date(2026, 2, 28), "year", 18),
        (Date(2026, 2, 28), "month", 216),
        (Date(2008, 3, 6), "week", 1),
        (Date(2008, 3, 5), "week", 0),
        (Date(2008, 2, 29), "day", 1),
    ],
)
def test_age_counts_whole_units(as_of, precision, age):
    assert clinical.calculate_age_at(Date(2008, 2, 28), as_of, precision) == age


def test_the_age_by_an_imprecise_birth_date_is_uncertain():
    assert clinical.calculate_age_at(Date(2008), Date(2026, 6, 1), "year") == Uncertainty(17, 18)
    assert clinical.calculate_age_at(Date(2008), Date(2026, 12, 31), "year") == 18
    assert clinical.calculate_age_at(None, Date(2026), "year") is None
    assert clinical.calculate_age_at(Date(2008), None, "year") is None


def test_a_birth_date_meets_a_moment_on_the_day_or_on_the_clock():
    moment = DateTime(2008, 2, 28, 6, 0, 0, 0, Decimal(1))
    assert clinical.calculate_age_at(Date(2008, 2, 28), moment, "day") == 0
    assert clinical.calculate_age_at(Date(2008, 2, 28), moment, "year") == 0
    assert clinical.calculate_age_at(Date(2008, 2, 27), moment, "hour") == Uncertainty(6, 30)
