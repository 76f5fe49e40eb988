import cProfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime import comparison, lists
from cds.engine.runtime.temporal import Date, Time
from cds.engine.runtime.values import Code, Tuple

SMALL = st.lists(st.one_of(st.none(), st.integers(-3, 3), st.sampled_from(["a", "b"])), max_size=8)


def test_exists_asks_for_an_element_that_is_not_null():
    assert [lists.exists(value) for value in (None, [], [None], [None, 0], [False])] == [
        *(False, False, False),
        *(True, True),
    ]


def test_first_last_and_indexer_give_null_outside_the_list():
    assert (lists.first([]), lists.first(None), lists.first([None, 1])) == (None, None, None)
    assert (lists.last([]), lists.last(None), lists.last([1, None])) == (None, None, None)
    assert [lists.indexer(["a", "b"], index) for index in (-1, 0, 1, 2, None)] == [None, "a", "b", None, None]


def test_length_counts_nulls_and_a_null_list_has_none():
    assert [lists.length(value) for value in (None, [], [None, 1])] == [0, 0, 2]


def test_index_of():
    assert lists.index_of([1, 2, 1], 1) == 0
    assert lists.index_of([1, 2], 3) == -1
    assert lists.index_of([1, None], None) is None
    assert lists.index_of(None, 1) is None


def test_singleton_from_refuses_to_choose():
    assert lists.singleton_from([]) is None
    assert lists.singleton_from(None) is None
    assert lists.singleton_from([None]) is None
    assert lists.singleton_from([1]) == 1
    with pytest.raises(EvaluationError, match="2 elements"):
        lists.singleton_from([1, 1])


def test_distinct_keeps_the_first_of_each_and_one_null():
    assert lists.distinct(["a", None, "a", None]) == ["a", None]
    assert lists.distinct([3, 1, 3, 2, 1]) == [3, 1, 2]
    assert lists.distinct(None) is None


def test_distinct_tells_true_from_one_and_text_from_numbers():
    assert lists.distinct([1, True, "1"]) == [1, True, "1"]
    assert [type(element) for element in lists.distinct([1, True, "1"])] == [int, bool, str]


def test_what_may_or_may_not_be_the_same_stays_apart():
    assert lists.distinct([Date(2026), Date(2026, 1)]) == [Date(2026), Date(2026, 1)]
    assert lists.distinct([Tuple({"a": 1}), Tuple({"a": 1, "b": None}), Tuple({"a": 1, "b": 2})]) == [
        Tuple({"a": 1}),
        Tuple({"a": 1, "b": 2}),
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), [1, 2, 3, 4, 5]),
        ((1,), [2, 3, 4, 5]),
        ((None,), [1, 2, 3, 4, 5]),
        ((1, 3), [2, 3]),
        ((1, None), [2, 3, 4, 5]),
        ((-2,), [4, 5]),
        ((1, -1), [2, 3, 4]),
        ((5,), []),
        ((-9,), [1, 2, 3, 4, 5]),
        ((0, -9), []),
        ((4, 2), []),
    ],
)
def test_slice(arguments, expected):
    assert lists.slice([1, 2, 3, 4, 5], *arguments) == expected
    assert lists.slice(None, *arguments) is None


def test_flatten_takes_one_level_and_leaves_null_lists_out():
    assert lists.flatten([[1, 2], [3]]) == [1, 2, 3]
    assert lists.flatten([[None], [None]]) == [None, None]
    assert lists.flatten([[[1]], None]) == [[1]]
    assert lists.flatten([[], []]) == []
    assert lists.flatten(None) is None


def test_contains_is_never_unknown():
    assert lists.list_contains([1, None], None) is True
    assert lists.list_contains([1], None) is False
    assert lists.list_contains([None, 1], 2) is False
    assert lists.list_contains(None, 1) is False


@pytest.mark.parametrize(
    ("source", "element", "expected"),
    [
        (None, "a", False),
        ([], "a", False),
        (["a"], "a", False),
        (["a", "a"], "a", False),
        (["a", "b"], "a", True),
        (["a", "b"], "c", False),
        (["a", None], "a", None),
        (["a", "b", None], "a", True),
        ([None], None, False),
        ([None, None], None, False),
        (["a", None], None, True),
        (["a"], None, False),
        ([Time(15, 59, 59), Time(20, 59, 59, 999)], Time(15, 59, 59), True),
        ([Time(15, 59, 59, 999), Time(20, 59, 59, 999)], Time(15, 59, 59), None),
    ],
)
def test_a_list_properly_contains_an_element_when_it_has_others_too(source, element, expected):
    assert lists.list_proper_contains(source, element) is expected


def test_includes_and_its_proper_form():
    assert lists.list_includes([1, 2, 3], [2]) is True
    assert lists.list_includes([1, 2, 3], []) is True
    assert lists.list_includes([1, 2, 3], [4]) is False
    assert lists.list_includes([None], [None]) is True
    assert lists.list_includes(None, [1]) is None
    assert lists.list_proper_includes([1, 2], [1, 2]) is False
    assert lists.list_proper_includes([1, 2], [1]) is True
    assert lists.list_proper_includes([1, 2], [3]) is False


def test_union_intersect_and_except_are_sets_and_treat_null_each_their_own_way():
    assert lists.list_union([1, 2, 2], [2, 3]) == [1, 2, 3]
    assert lists.list_union(None, [1]) == [1]
    assert lists.list_union(None, None) == []
    assert lists.list_union([None], [None]) == [None]
    assert lists.list_intersect([None, 1, 3, 3], [None, 3]) == [None, 3]
    assert lists.list_intersect([1], None) is None
    assert lists.list_except([1, 4, 4], [1]) == [4]
    assert lists.list_except([1, 4], None) == [1, 4]
    assert lists.list_except(None, [1]) is None
    assert lists.list_except([1, None], [None]) == [1]


def test_resources_are_told_apart_by_their_content():
    one = {"resourceType": "Observation", "id": "1", "status": "final"}
    amended = {**one, "status": "amended"}
    assert lists.list_union([one], [dict(one), amended]) == [one, amended]
    assert lists.distinct([{"text": "a"}, {"text": "b"}, {"text": "a"}]) == [{"text": "a"}, {"text": "b"}]
    assert lists.list_intersect([Code("a", "urn:s")], [Code("a", "urn:s")]) == [Code("a", "urn:s")]


def test_the_cost_of_a_union_grows_with_the_data_and_not_with_its_square():
    def calls_for(count: int) -> int:
        observations = [
            {"resourceType": "Observation", "id": str(number), "status": "final"} for number in range(count)
        ]
        copies = [dict(observation) for observation in observations]
        profile = cProfile.Profile()
        assert len(profile.runcall(lists.list_union, observations, copies)) == count
        return sum(entry.callcount for entry in profile.getstats())

    assert calls_for(800) < 3 * calls_for(400)  # the square would be four times


def test_children_and_descendents():
    patient = {"resourceType": "Patient", "name": [{"family": "A", "given": ["B", "C"]}]}
    assert lists.children(patient) == ["Patient", {"family": "A", "given": ["B", "C"]}]
    assert lists.descendents(patient) == ["Patient", {"family": "A", "given": ["B", "C"]}, "A", "B", "C"]
    assert lists.children([patient, None]) == lists.children(patient)
    assert lists.children(None) is None
    assert lists.descendents(None) is None
    assert lists.children("text") == []


def test_to_list_of_null_is_empty():
    assert lists.to_list(None) == []
    assert lists.to_list(0) == [0]


@given(SMALL, SMALL)
def test_every_element_of_the_union_comes_from_a_side_and_none_twice(left, right):
    union = lists.list_union(left, right)
    assert all(lists.list_contains(union, element) for element in [*left, *right])
    assert all(lists.list_contains(left, element) or lists.list_contains(right, element) for element in union)
    assert all(not comparison.same(a, b) for index, a in enumerate(union) for b in union[:index])


@given(SMALL, SMALL)
def test_intersect_and_except_share_the_left_list_between_them(left, right):
    both, rest = lists.list_intersect(left, right), lists.list_except(left, right)
    assert sorted(map(repr, [*both, *rest])) == sorted(map(repr, lists.distinct(left)))
    assert lists.list_includes(right, both)
    assert not any(lists.list_contains(right, element) for element in rest)


@given(SMALL)
def test_no_operator_changes_its_operand(source):
    before = list(source)
    lists.distinct(source)
    lists.slice(source).append("changed")
    assert source == before
