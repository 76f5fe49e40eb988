import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime import strings


@pytest.mark.parametrize(
    ("operator", "arity"),
    [
        (strings.concatenate, 2),
        (strings.starts_with, 2),
        (strings.ends_with, 2),
        (strings.position_of, 2),
        (strings.last_position_of, 2),
        (strings.matches, 2),
        (strings.matches_full, 2),
        (strings.replace_matches, 3),
        (strings.upper, 1),
        (strings.lower, 1),
        (strings.length, 1),
    ],
)
def test_null_in_any_place_gives_null(operator, arity):
    for position in range(arity):
        arguments = ["a"] * arity
        arguments[position] = None
        assert operator(*arguments) is None


def test_combine_leaves_nulls_out_and_has_nothing_to_say_about_nothing():
    assert strings.combine(["a", None, "b"], "-") == "a-b"
    assert strings.combine(["a", "b"]) == "ab"
    assert strings.combine(["a", "b"], None) == "ab"
    assert strings.combine([]) is None
    assert strings.combine([None], "-") is None
    assert strings.combine(None) is None


def test_characters_count_from_zero():
    assert [strings.indexer("ab", index) for index in (-1, 0, 1, 2, None)] == [None, "a", "b", None, None]
    assert strings.indexer(None, 0) is None


def test_positions():
    assert strings.position_of("b", "abcb") == 1
    assert strings.last_position_of("b", "abcb") == 3
    assert strings.position_of("x", "abcb") == -1
    assert strings.last_position_of("x", "abcb") == -1
    assert strings.position_of("", "ab") == 0
    assert strings.last_position_of("", "ab") == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("ab", 0), "ab"),
        (("ab", 1), "b"),
        (("ab", 2), None),
        (("ab", -1), None),
        (("", 0), ""),
        (("", 1), None),
        (("abc", 1, 1), "b"),
        (("ab", 0, 3), "ab"),
        (("ab", 0, 0), ""),
        (("ab", 0, -1), ""),
        (("ab", None), None),
        ((None, 0), None),
    ],
)
def test_substring(arguments, expected):
    assert strings.substring(*arguments) == expected


def test_split_needs_a_separator():
    assert strings.split("a,b,,c", ",") == ["a", "b", "", "c"]
    assert strings.split("a,b", None) == ["a,b"]
    assert strings.split("a,b", "") == ["a,b"]
    assert strings.split(None, ",") is None


def test_split_on_matches_ignores_groups_and_empty_matches():
    assert strings.split_on_matches("a1b22c", r"\d+") == ["a", "b", "c"]
    assert strings.split_on_matches("a1b", r"(\d)") == ["a", "b"]
    assert strings.split_on_matches("ab", r"x*") == ["ab"]
    assert strings.split_on_matches("ab", None) == ["ab"]
    assert strings.split_on_matches(None, "x") is None


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("1,2three", r"\d,\d\w+", True),
        ("1,2three", r"^\w+$", False),
        ("http://fhir.org/Library/FHIR-ModelInfo|4.0.1", "Library", True),
        ("Not all who wander are lost", r".*\d+", False),
        (" \n\t", r"\s+", True),
        ("a\nb", "^a.b$", True),
        ("ABC", "abc", False),
    ],
)
def test_matches_finds_a_part_unless_anchored(text, pattern, expected):
    assert strings.matches(text, pattern) is expected


def test_matches_full_wants_the_whole_string():
    assert strings.matches_full("N8000123123", "N[0-9]{10}") is True
    assert strings.matches_full("N8000123123", "N[0-9]{8}") is False


def test_replacements_may_name_groups_and_escape_the_dollar():
    assert strings.replace_matches("All that", r"\s", r"\$") == "All$that"
    assert strings.replace_matches("12/2026", r"(\d+)/(\d+)", "$2-$1") == "2026-12"
    assert strings.replace_matches("12/2026", r"(?P<month>\d+)/", "${month}.") == "12.2026"
    assert strings.replace_matches("abc", "x", "y") == "abc"
    assert strings.replace_matches("bop", "bop", r"b\\g") == r"b\g"


def test_a_bad_pattern_or_group_is_an_error():
    with pytest.raises(EvaluationError, match="not a regular expression"):
        strings.matches("a", "(")
    with pytest.raises(EvaluationError, match="no group 3"):
        strings.replace_matches("a", "a", "$3")


def test_a_pattern_without_end_is_given_up():
    with pytest.raises(EvaluationError, match="took over"):
        strings.matches("a" * 60 + "!", r"^(a|aa)+$")


def test_a_pattern_whose_time_others_used_has_another_try(monkeypatch):
    class Paused:
        tries = 0

        def search(self, _string, timeout):
            self.tries += 1
            if self.tries < 3:
                raise TimeoutError(timeout)

    paused = Paused()
    monkeypatch.setattr(strings, "_compiled", lambda _pattern: paused)
    assert strings.matches("simvastatin 20 mg", "[0-9]{3}") is False
    assert paused.tries == 3


@pytest.mark.parametrize("pattern", ["(" * 5000 + ")" * 5000, "a{99999999999999999999}", "[", "\\", "(?P<a>)(?P<a>"])
def test_an_impossible_pattern_is_the_engines_own_error_or_an_answer(pattern):
    with contextlib.suppress(EvaluationError):
        assert strings.matches("a", pattern) in (True, False)


@given(st.lists(st.text(alphabet="abc", max_size=3), min_size=1))
def test_what_was_joined_can_be_split_again(parts):
    assert strings.split(strings.combine(parts, ","), ",") == parts


@given(st.text(), st.text())
def test_a_concatenation_starts_and_ends_with_its_parts(left, right):
    whole = strings.concatenate(left, right)
    assert strings.starts_with(whole, left)
    assert strings.ends_with(whole, right)
    assert strings.length(whole) == strings.length(left) + strings.length(right)
