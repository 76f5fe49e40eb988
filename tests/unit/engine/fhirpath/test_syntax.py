"""FHIRPath text: what is refused, what binds tighter, what literals mean."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from cds.engine.errors import FHIRPathSyntaxError
from cds.engine.fhirpath import fhirpath
from cds.engine.fhirpath.parser import MAX_CHAIN, MAX_NESTING, parse
from cds.engine.fhirpath.syntax import Literal
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.values import Long, Quantity

NOW = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)


def evaluate(expression, focus=None, **variables):
    return fhirpath(expression).evaluate(focus, variables, now=NOW)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("gender == 'male'", "found '='"),
        ("", "empty"),
        ("   // only a comment", "empty"),
        ("name.", "expected a name"),
        ("name..given", "expected a name"),
        ("name given", "unexpected 'given'"),
        ("(1", "expected ')'"),
        ("1)", "unexpected ')'"),
        ("name.first(", "too early"),
        ("name[0", "expected ']'"),
        ("'open", "string is not closed"),
        ("`open", "delimited identifier is not closed"),
        ("1 /* open", "comment is not closed"),
        ("$that", "$this, $index and $total"),
        ("name.$this", "cannot follow"),
        ("1 + ", "too early"),
        ("and true", "expected a name"),
        ("{1}", "expected '}'"),
        ("a ! b", "unexpected character"),
        ("@2024-13-01", "no date or time"),
        ("@2024-02-30", "no date or time"),
        ("@T25:00", "no date or time"),
        ("@T10:00Z", "not a date or time"),
        ("@x", "begins a date"),
        ("2147483648", "too large for an Integer"),
        ("9223372036854775808L", "too large for a Long"),
        ("'\\ud83d'", "surrogate"),
        ("name.is(1)", "expected a name"),
        ("x is Nothing", "there is no type Nothing"),
        ("name.shout()", "there is no function shout()"),
        ("name.where()", "takes 1 argument, not 0"),
        ("name.first(1)", "takes 0 arguments, not 1"),
        ("substring(1, 2, 3)", "takes 1 to 2 arguments, not 3"),
        ("$total", "only known within aggregate()"),
    ],
)
def test_text_that_is_not_fhirpath_is_refused_with_a_reason(text, complaint):
    with pytest.raises(FHIRPathSyntaxError, match=r".*") as caught:
        fhirpath(text)
    assert complaint in str(caught.value)


def test_a_syntax_error_says_where_it_is():
    with pytest.raises(FHIRPathSyntaxError) as caught:
        parse("gender == 'male'")
    assert caught.value.position == 8


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("42", 42),
        ("42L", Long(42)),
        ("007", 7),
        ("1.50", Decimal("1.50")),
        ("'a\\'b\\\\\\n\\u0041\\p'", "a'b\\\nAp"),
        ("'\\ud83d\\udd25'", "🔥"),
        ("10 'mg'", Quantity(Decimal(10), "mg")),
        ("4.5 days", Quantity(Decimal("4.5"), "days")),
        ("1 ''", Quantity(Decimal(1), "1")),
        ("@2024", Date(2024)),
        ("@2024-02-29", Date(2024, 2, 29)),
        ("@2024T", DateTime(2024)),
        ("@2024-02-29T10:30", DateTime(2024, 2, 29, 10, 30)),
        ("@2024-02-29T10:30:01.5+05:30", DateTime(2024, 2, 29, 10, 30, 1, 500, Decimal("5.5"))),
        ("@2024-02-29T10Z", DateTime(2024, 2, 29, 10, offset=Decimal(0))),
        ("@T10", Time(10)),
        ("@T10:30:00.123", Time(10, 30, 0, 123)),
    ],
)
def test_literals(text, value):
    node = parse(text)
    assert isinstance(node, Literal)
    assert node.value == value
    assert type(node.value) is type(value)


def test_a_decimal_literal_keeps_its_places():
    assert str(parse("1.500").value) == "1.500"


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("1 + 2 * 3", "1 + (2 * 3)"),
        ("-1 + 2", "(-1) + 2"),
        ("-(1 + 2)", "0 - 3"),
        ("10 - 2 - 3", "(10 - 2) - 3"),
        ("2 * 6 div 4", "(2 * 6) div 4"),
        ("1 | 2 is Integer", "1 | (2 is Integer)"),
        ("true or false and false", "true or (false and false)"),
        ("false implies true or true", "false implies (true or true)"),
        ("1 in 1 | 2", "1 in (1 | 2)"),
        ("1 < 2 = true", "(1 < 2) = true"),
        ("'a' & 'b' = 'ab'", "('a' & 'b') = 'ab'"),
        ("true and 1 in (1 | 2)", "true and (1 in (1 | 2))"),
    ],
)
def test_precedence_is_that_of_the_specification(text, same_as):
    assert evaluate(text) == evaluate(same_as)


def test_keywords_that_are_element_names_work_behind_a_dot_and_in_backticks():
    value_set = {"resourceType": "ValueSet", "expansion": {"contains": [{"code": "a"}, {"code": "b"}]}}
    assert evaluate("expansion.contains.code", value_set) == ["a", "b"]
    assert evaluate("ValueSet.expansion.`contains`.code", value_set) == ["a", "b"]


def test_nesting_is_bounded_by_a_clean_error():
    fine = "(" * (MAX_NESTING - 1) + "1" + ")" * (MAX_NESTING - 1)
    assert evaluate(fine) == [1]
    with pytest.raises(FHIRPathSyntaxError, match="deeper than"):
        fhirpath("(" * 5000 + "1" + ")" * 5000)
    with pytest.raises(FHIRPathSyntaxError):
        fhirpath("-" * 5000 + "1")
    with pytest.raises(FHIRPathSyntaxError, match="steps"):
        fhirpath("a" + ".a" * 5000)
    with pytest.raises(FHIRPathSyntaxError, match="operators in a row"):
        fhirpath(" + ".join(["1"] * 5000))


def test_long_paths_within_deep_nesting_compile():
    path = "%a" + ".a" * (MAX_CHAIN - 5)
    nested = path
    for _ in range(MAX_NESTING - 5):
        nested = f"{path}.where({nested}.exists())"
    assert evaluate(nested, a=None) == []


def test_a_path_and_a_sum_may_be_as_long_as_the_bound():
    assert evaluate(" + ".join(["1"] * MAX_CHAIN)) == [MAX_CHAIN]


def test_and_or_and_union_have_no_bound():
    many = 3000
    assert evaluate(" or ".join(f"{n} = -1" for n in range(many))) == [False]
    assert evaluate(" and ".join(["true"] * many)) == [True]
    assert evaluate("(" + "|".join(str(n) for n in range(many)) + ").count()") == [many]


def test_the_message_about_a_long_expression_stays_short():
    with pytest.raises(FHIRPathSyntaxError) as caught:
        fhirpath("true and " * 2000 + "==")
    assert len(str(caught.value)) < 400
    assert caught.value.position == 18_000


def test_an_over_long_text_is_refused():
    with pytest.raises(FHIRPathSyntaxError, match="characters"):
        fhirpath(" " * 100_001)


def test_the_same_text_is_compiled_once():
    assert fhirpath("name.given") is fhirpath("name.given")
    assert fhirpath("name.given") is not fhirpath("name.given", strict=False)
