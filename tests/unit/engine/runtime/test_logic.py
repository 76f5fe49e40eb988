import itertools

import pytest

from cds.engine.runtime import logic

TRUTH = (True, False, None)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (True, True, True),
        (True, False, False),
        (True, None, None),
        (False, True, False),
        (False, False, False),
        (False, None, False),
        (None, True, None),
        (None, False, False),
        (None, None, None),
    ],
)
def test_and_is_false_as_soon_as_one_side_is_false(left, right, expected):
    assert logic.and_(left, right) is expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (True, True, True),
        (True, False, True),
        (True, None, True),
        (False, True, True),
        (False, False, False),
        (False, None, None),
        (None, True, True),
        (None, False, None),
        (None, None, None),
    ],
)
def test_or_is_true_as_soon_as_one_side_is_true(left, right, expected):
    assert logic.or_(left, right) is expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [(True, True, False), (True, False, True), (False, True, True), (False, False, False)],
)
def test_xor_needs_exactly_one(left, right, expected):
    assert logic.xor(left, right) is expected


@pytest.mark.parametrize(("left", "right"), [pair for pair in itertools.product(TRUTH, TRUTH) if None in pair])
def test_xor_is_unknown_when_a_side_is_unknown(left, right):
    assert logic.xor(left, right) is None


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (True, True, True),
        (True, False, False),
        (True, None, None),
        (False, True, True),
        (False, False, True),
        (False, None, True),
        (None, True, True),
        (None, False, None),
        (None, None, None),
    ],
)
def test_implies_asks_nothing_when_the_left_is_false(left, right, expected):
    assert logic.implies(left, right) is expected


def test_the_opposite_of_unknown_is_unknown():
    assert [logic.not_(value) for value in TRUTH] == [False, True, None]


@pytest.mark.parametrize(("left", "right"), list(itertools.product(TRUTH, TRUTH)))
def test_de_morgan_holds_with_unknowns(left, right):
    assert logic.not_(logic.and_(left, right)) is logic.or_(logic.not_(left), logic.not_(right))


def test_is_true_and_is_false_always_know():
    assert [logic.is_true(value) for value in TRUTH] == [True, False, False]
    assert [logic.is_false(value) for value in TRUTH] == [False, True, False]


def test_zero_and_the_empty_string_and_the_empty_list_are_not_null():
    assert [logic.is_null(value) for value in (None, 0, "", [], False)] == [True, False, False, False, False]


def test_coalesce_keeps_false_zero_and_empty():
    assert logic.coalesce(None, False, True) is False
    assert logic.coalesce(None, 0, 1) == 0
    assert logic.coalesce(None, [], [1]) == []


def test_coalesce_looks_into_a_single_list_only():
    assert logic.coalesce([None, "a"]) == "a"
    assert logic.coalesce(["a"], None, None) == ["a"]
    assert logic.coalesce([]) is None
    assert logic.coalesce(None, None) is None
