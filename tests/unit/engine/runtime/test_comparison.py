from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.engine.errors import EvaluationError
from cds.engine.runtime import comparison
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import Code, Concept, Long, Quantity, Ratio, Tuple, ValueSet


def q(value, unit="1"):
    return Quantity(Decimal(value), unit)


SAMPLES = [
    True,
    0,
    Long(7),
    Decimal("1.50"),
    "text",
    Date(2026, 3),
    DateTime(2026, 3, 1, 10, offset=Decimal(1)),
    Time(10, 30),
    q("5", "mg"),
    Ratio(q("1"), q("8")),
    Code("a", "urn:s"),
    Concept((Code("a", "urn:s"),)),
    ValueSet("urn:v"),
    Tuple({"a": 1}),
    [1, None],
    Interval(1, 5),
    {"resourceType": "Patient", "id": "p"},
]


@pytest.mark.parametrize("value", SAMPLES, ids=lambda value: type(value).__name__)
def test_everything_equals_itself_and_is_unknown_against_null(value):
    assert comparison.equal(value, value) is True
    assert comparison.not_equal(value, value) is False
    assert comparison.equivalent(value, value) is True
    assert comparison.same(value, value) is True
    assert comparison.equal(value, None) is None
    assert comparison.not_equal(None, value) is None
    assert comparison.equivalent(value, None) is False
    assert comparison.equivalent(None, value) is False


@pytest.mark.parametrize(
    "value", [v for v in SAMPLES if not isinstance(v, str)], ids=lambda value: type(value).__name__
)
def test_a_value_is_not_the_text_that_looks_like_it(value):
    assert comparison.equal(value, str(value)) is False
    assert comparison.equivalent(value, str(value)) is False


def test_null_is_equivalent_to_null_and_unknown_against_null():
    assert comparison.equal(None, None) is None
    assert comparison.equivalent(None, None) is True
    assert comparison.same(None, None) is True


def test_true_is_not_the_number_one():
    assert comparison.equal(True, 1) is False
    assert comparison.equivalent(1, True) is False


def test_numbers_of_different_types_are_compared_by_value():
    assert comparison.equal(1, Decimal("1.00")) is True
    assert comparison.equal(Long(1), 1) is True
    assert comparison.less(1, Decimal("1.1")) is True
    assert comparison.equal(0.1, Decimal("0.1")) is True  # a number as JSON gives it
    assert comparison.equal(q("1"), 1) is True
    assert comparison.less(1, q("2")) is True
    assert comparison.equal(q("1", "mg"), 1) is None


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("1.0", "1.00", True),
        ("1.001", "1.000", True),
        ("1.5", "1.55", False),
        ("1.50", "1.55", False),
        ("1.5", "1.54", True),
    ],
)
def test_decimals_are_equivalent_at_the_precision_of_the_less_precise(left, right, expected):
    assert comparison.equivalent(Decimal(left), Decimal(right)) is expected


def test_text_is_equal_to_the_letter_and_equivalent_in_any_case_and_spacing():
    assert comparison.equal("Abel", "abel") is False
    assert comparison.equivalent("Abel  Baker", "abel\tbaker") is True
    assert comparison.equivalent("AbelBaker", "Abel Baker") is False
    assert comparison.less("a", "aa") is True
    assert comparison.less("Z", "a") is True


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"Id": 1, "Name": "John"}, {"Id": 1, "Name": "John"}, True),
        ({"Id": 1, "Name": "John"}, {"Id": 2, "Name": None}, False),
        ({"Id": None, "Name": "John"}, {"Id": 1, "Name": "James"}, False),
        ({"Id": None, "Name": "John"}, {"Id": 1, "Name": "John"}, None),
        ({"Id": 1, "Name": None}, {"Id": 1, "Name": None}, True),
        ({"Id": 1}, {"Id": 1, "Name": None}, True),
        ({"Id": 1}, {"Id": 1, "Name": "John"}, None),
    ],
)
def test_a_tuple_differs_as_soon_as_one_element_does(left, right, expected):
    assert comparison.equal(Tuple(left), Tuple(right)) is expected
    assert comparison.equal(Tuple(right), Tuple(left)) is expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([], [], True),
        ([None], [None], True),
        ([1, 2], [1, 2, 3], False),
        ([1, 2], [2, 1], False),
        ([1, None], [1, 2], None),
        ([1, None], [2, 2], False),
        ([Date(2026)], [Date(2026, 1)], None),
    ],
)
def test_lists_are_equal_element_by_element(left, right, expected):
    assert comparison.equal(left, right) is expected


def test_fhir_data_are_equal_when_all_of_their_elements_are():
    one = {"coding": [{"system": "urn:s", "code": "a"}], "text": "A"}
    assert comparison.equal(one, {"text": "A", "coding": [{"code": "a", "system": "urn:s"}]}) is True
    assert comparison.equal(one, {"coding": [{"system": "urn:s", "code": "a"}]}) is False
    assert comparison.equivalent(one, {**one, "text": "a"}) is True
    assert comparison.equivalent(one, {**one, "text": "b"}) is False


def test_codes_are_equivalent_whatever_their_version_and_display():
    old, new = Code("a", "urn:s", "1", "A"), Code("a", "urn:s", "2", "a")
    assert comparison.equal(old, new) is False
    assert comparison.equivalent(old, new) is True
    assert comparison.equivalent(old, Code("a", "urn:t", "1", "A")) is False
    assert comparison.equivalent(old, Code("A", "urn:s")) is False


def test_concepts_are_equivalent_when_they_share_a_code():
    a, b, c = Code("a", "urn:s"), Code("b", "urn:s"), Code("c", "urn:s")
    assert comparison.equivalent(Concept((a, b)), Concept((b, c))) is True
    assert comparison.equivalent(Concept((a,)), Concept((b, c))) is False
    assert comparison.equivalent(Concept((a, b)), b) is True
    assert comparison.equivalent(b, Concept((a, b))) is True
    assert comparison.equivalent(Concept(()), Concept(())) is False
    assert comparison.equal(Concept((a, b)), Concept((b, a))) is False


def test_a_date_and_a_time_of_day_on_it_are_neither_equal_nor_different():
    day, hour = Date(2026, 3, 1), DateTime(2026, 3, 1, 10, offset=Decimal(1))
    assert comparison.equal(day, hour) is None
    assert comparison.equivalent(day, hour) is False
    assert comparison.less(day, hour) is None
    assert comparison.less(day, DateTime(2026, 3, 2, 10, offset=Decimal(1))) is True


def test_intervals_are_compared_by_their_ends():
    assert comparison.equal(Interval(1, 5), Interval(1, 6, high_closed=False)) is True
    assert comparison.equivalent(Interval(1, 5), Interval(0, 5, low_closed=False)) is True
    assert comparison.equal(Interval(1, 5), Interval(2, 5)) is False


def test_ratios_are_equal_by_parts_and_equivalent_by_proportion():
    assert comparison.equal(Ratio(q("1"), q("8")), Ratio(q("2"), q("16"))) is False
    assert comparison.equivalent(Ratio(q("1"), q("8")), Ratio(q("2"), q("16"))) is True


@pytest.mark.parametrize(
    ("left", "right", "less", "less_or_equal", "equal"),
    [
        (Uncertainty(18, 49), 17, False, False, False),
        (Uncertainty(18, 49), 18, False, None, None),
        (Uncertainty(18, 49), 30, None, None, None),
        (Uncertainty(18, 49), 49, None, True, None),
        (Uncertainty(18, 49), 50, True, True, False),
        (Uncertainty(1, 1), 1, False, True, True),
        (Uncertainty(1, 2), Uncertainty(2, 3), None, True, None),
        (Uncertainty(1, 2), Uncertainty(3, 4), True, True, False),
    ],
)
def test_an_uncertain_number_is_compared_as_far_as_it_is_known(left, right, less, less_or_equal, equal):
    assert comparison.less(left, right) is less
    assert comparison.less_or_equal(left, right) is less_or_equal
    assert comparison.equal(left, right) is equal
    assert comparison.greater(right, left) is less
    assert comparison.greater_or_equal(right, left) is less_or_equal
    assert comparison.equivalent(left, right) is (equal is True)


def test_the_order_of_an_uncertain_number():
    assert comparison.compare(Uncertainty(1, 2), 3) == -1
    assert comparison.compare(Uncertainty(4, 5), 3) == 1
    assert comparison.compare(Uncertainty(3, 5), 3) is None
    assert comparison.compare(Uncertainty(3, 3), 3) == 0


@pytest.mark.parametrize(
    "operator", [comparison.less, comparison.less_or_equal, comparison.greater, comparison.compare]
)
def test_null_has_no_order(operator):
    assert operator(None, 1) is None
    assert operator(1, None) is None


@pytest.mark.parametrize(
    ("left", "right"),
    [(True, False), ("1", 1), ([1], [2]), (Code("a"), Code("b")), (q("1"), "1"), (Time(10), Date(2026))],
)
def test_what_has_no_order_is_an_error_and_never_false(left, right):
    with pytest.raises(EvaluationError):
        comparison.less(left, right)
    with pytest.raises(EvaluationError):
        comparison.compare(left, right)


NUMBERS = st.one_of(st.integers(-1000, 1000), st.integers(-1000, 1000).map(Long), st.decimals(-1000, 1000, places=2))


@given(NUMBERS, NUMBERS)
def test_exactly_one_of_less_equal_and_greater_holds_for_numbers(left, right):
    verdicts = [comparison.less(left, right), comparison.equal(left, right), comparison.greater(left, right)]
    assert sorted(verdicts) == [False, False, True]
    assert comparison.less_or_equal(left, right) is not comparison.greater(left, right)


@given(NUMBERS, NUMBERS)
def test_equality_is_symmetric_and_implies_equivalence(left, right):
    assert comparison.equal(left, right) is comparison.equal(right, left)
    if comparison.equal(left, right):
        assert comparison.equivalent(left, right)
