from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cds.engine.runtime import comparison
from cds.engine.runtime.buckets import Members, bucket
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import Date, DateTime
from cds.engine.runtime.values import Code, Long, Quantity, Tuple

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.integers(-2, 2).map(Long),
    st.sampled_from([Decimal("0.0"), Decimal("1.00"), Decimal(-2)]),
    st.sampled_from(["", "0", "a"]),
    st.sampled_from([Date(2026), Date(2026, 1), Date(2026, 1, 1), DateTime(2026, 1, 1)]),
    st.builds(lambda hour: DateTime(2026, 1, 1, 12 + hour, offset=Decimal(hour)), st.integers(-2, 2)),
    st.sampled_from([Quantity(Decimal(1), "g"), Quantity(Decimal(1000), "mg"), Quantity(Decimal(1), "m")]),
    st.builds(Code, st.sampled_from("ab"), st.sampled_from(["urn:s", "urn:t"])),
    st.sampled_from([Interval(1, 2), Interval(1, 3, high_closed=False)]),
    st.fixed_dictionaries({"resourceType": st.just("Patient"), "id": st.sampled_from("12")}),
)
ELEMENTS = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=2),
    st.dictionaries(st.sampled_from("ab"), SCALARS, max_size=2).map(Tuple),
    st.dictionaries(st.sampled_from("ab"), st.integers(0, 1), max_size=2),
)


@given(ELEMENTS, ELEMENTS)
def test_elements_that_are_the_same_share_a_bucket(left, right):
    if comparison.same(left, right):
        assert bucket(left) == bucket(right)


@given(st.lists(ELEMENTS, max_size=8), ELEMENTS)
def test_a_collection_answers_as_comparing_with_each_would(elements, sought):
    assert (sought in Members(elements)) == any(comparison.same(sought, element) for element in elements)


def test_adding_says_whether_the_element_was_new():
    members = Members()
    assert members.add(Quantity(Decimal(1), "g"))
    assert not members.add(Quantity(Decimal(1000), "mg"))
    assert members.add(Quantity(Decimal(1), "m"))
