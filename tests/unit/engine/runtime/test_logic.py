import itertools

import pytest

from cds.engine.runtime import logic

TRUTH = (True, False, None)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [(True, True, False), (True, False, True), (False, True, True), (False, False, False)],
)
def test_xor_needs_exactly_one(left, right, expected):
    assert logic.xor(left, right) is expected


@pytest.mark.parametrize(("left", "right"), [pair for pair in itertools.product(TRUTH, TRUTH) if None in pair])
def test_xor_is_unknown_when_a_side_is_unknown(left, right):
    assert logic.xor(left, right) is None


def test_coalesce_keeps_false_zero_and_empty():
    assert logic.coalesce(None, False, True) is False
    assert logic.coalesce(None, 0, 1) == 0
    assert logic.coalesce(None, [], [1]) == []


def test_coalesce_looks_into_a_single_list_only():
    assert logic.coalesce([None, "a"]) == "a"
    assert logic.coalesce(["a"], None, None) == ["a"]
    assert logic.coalesce([]) is None
    assert logic.coalesce(None, None) is None
