"""The index over the resources of one patient."""

from __future__ import annotations

import pytest

from cds.engine import ResourceIndex
from cds.engine.listed_value_sets import ListedValueSets


def coded(id_, *codings, type_="Observation", **members):
    return {"resourceType": type_, "id": id_, "code": {"coding": list(codings)}, **members}


A, B = {"system": "s", "code": "a"}, {"system": "s", "code": "b"}


def ids(resources):
    return [resource["id"] for resource in resources]


def test_resources_come_in_the_order_given_and_each_once():
    index = ResourceIndex([coded("2", B, A), coded("1", A), coded("3", B), coded("x", A, type_="Condition")])
    both = frozenset({("s", "a"), ("s", "b")})
    assert ids(index.with_codes("Observation", "code", both)) == ["2", "1", "3"]
    assert ids(index.with_codes("Observation", "code", frozenset({("s", "a")}))) == ["2", "1"]
    assert ids(index.of_type("Condition")) == ["x"]
    assert index.of_type("Encounter") == []
    assert len(index.of_type("Resource")) == 4


def test_the_system_belongs_to_the_code():
    index = ResourceIndex([coded("1", {"code": "a"}), coded("2", {"system": "t", "code": "a"})])
    assert index.with_codes("Observation", "code", frozenset({("s", "a")})) == []
    assert ids(index.with_codes("Observation", "code", frozenset({(None, "a")}))) == ["1"]


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ({"resourceType": "MedicationRequest", "medicationCodeableConcept": {"coding": [A]}}, "medication"),
        ({"resourceType": "Observation", "category": [{"coding": [B]}, {"coding": [A]}]}, "category"),
        ({"resourceType": "Encounter", "class": A}, "class"),
        ({"resourceType": "Observation", "status": "a"}, "status"),
        ({"resourceType": "HealthcareService", "id": "x", "type": [{"coding": [A]}]}, "type"),
    ],
)
def test_codes_are_found_in_every_form_of_coded_element(resource, path):
    index = ResourceIndex([resource])
    type_name = resource["resourceType"]
    assert index.with_codes(type_name, path, frozenset({("s", "a")})) == [resource]
    assert index.in_value_set(type_name, path, ("v", None), {"s": frozenset({"a"})}) == [resource]
    assert index.in_value_set(type_name, path, ("w", None), {"t": frozenset({"b"})}) == []


@pytest.mark.parametrize(
    "code", ["a", 5, [], {"coding": "a"}, {"coding": ["a", None]}, {"coding": [{"code": ["a"]}]}, {}]
)
def test_a_malformed_code_matches_nothing(code):
    index = ResourceIndex([{"resourceType": "Observation", "id": "1", "code": code}])
    assert index.with_codes("Observation", "code", frozenset({("s", "a"), (None, "a")})) == []


def test_a_resource_is_found_by_its_id():
    first, second = coded("1", A), coded("1", B)
    index = ResourceIndex([first, second])
    assert index.by_id("Observation", "1") is first
    assert index.by_id("Condition", "1") is None


class Lists:
    def __init__(self, **codes):
        self._codes = codes

    def codes(self, url, _version):
        return self._codes.get(url)


MEMBERS = {
    "none": {"s": frozenset({"x"})},
    "a": {"s": frozenset({"a", "x"})},
    "both": {"s": frozenset({"a", "b"}), "t": frozenset({"c"})},
}


@pytest.mark.parametrize("url", MEMBERS)
def test_listed_value_sets_find_what_asking_for_each_member_finds(url):
    resources = [
        coded("1", B, A),
        coded("2", A, A),
        coded("3", {"system": "t", "code": "c"}),
        coded("4", {"code": "a"}),
    ]
    listed = ListedValueSets(Lists(**MEMBERS), MEMBERS)
    key = (url, None)
    found = ResourceIndex(resources).in_value_set("Observation", "code", key, listed)
    assert found == ResourceIndex(resources).in_value_set("Observation", "code", key, MEMBERS[url])
    assert ids(found) == {"none": [], "a": ["1", "2"], "both": ["1", "2", "3"]}[url]


def test_a_code_without_system_is_in_every_listed_value_set_that_has_it():
    listed = ListedValueSets(Lists(**MEMBERS), MEMBERS)
    index = ResourceIndex([{"resourceType": "Observation", "status": "c"}])
    assert index.in_value_set("Observation", "status", ("both", None), listed) == list(index.resources)
    assert index.in_value_set("Observation", "status", ("a", None), listed) == []


def test_the_same_resources_are_the_same_list_whatever_they_were_asked_by():
    index = ResourceIndex([coded("1", A, B), coded("2", A)])
    listed = ListedValueSets(Lists(**MEMBERS), MEMBERS)
    found = index.in_value_set("Observation", "code", ("a", None), listed)
    assert index.in_value_set("Observation", "code", ("both", None), listed) is found
    assert index.with_codes("Observation", "code", frozenset({("s", "a")})) is found
    assert index.in_value_set("Observation", "code", ("pattern", None), {"s": frozenset({"a"})}) is found
    assert index.retrieved["Observation", "code", "a", None] is found


def test_what_one_terminology_lists_is_not_taken_for_what_another_does():
    index = ResourceIndex([coded("1", A)])
    assert index.in_value_set("Observation", "code", ("none", None), ListedValueSets(Lists(**MEMBERS), MEMBERS)) == []
    other = ListedValueSets(Lists(none={"s": frozenset({"a"})}), ["none"])
    assert ids(index.in_value_set("Observation", "code", ("none", None), other)) == ["1"]


class TestPartial:
    """An index that is given the resources of one type only as far as retrieves by code find them."""

    found, rest, other = coded("1", A), coded("2", B), coded("x", A, type_="Condition")

    def index(self):
        whole = [self.found, self.rest, self.other]
        return ResourceIndex([self.found, self.other], whole=whole, partial_type="Observation")

    def test_by_code_and_of_other_types_the_part_answers(self):
        class Never:
            def __iter__(self):
                pytest.fail("nobody asked for all")

        index = ResourceIndex([self.found, self.other], whole=Never(), partial_type="Observation")
        assert ids(index.with_codes("Observation", "code", frozenset({("s", "a"), ("s", "b")}))) == ["1"]
        assert ids(index.in_value_set("Observation", "code", ("v", None), {"s": frozenset("ab")})) == ["1"]
        assert ids(index.of_type("Condition")) == ["x"]
        assert index.of_type("Encounter") == []

    @pytest.mark.parametrize(
        ("type_name", "expected"), [("Observation", ["1", "2"]), ("Resource", ["1", "2", "x"]), ("Condition", ["x"])]
    )
    def test_who_asks_for_all_of_the_type_gets_all(self, type_name, expected):
        assert ids(self.index().of_type(type_name)) == expected

    def test_who_asks_by_id_finds_any(self):
        index = self.index()
        assert index.by_id("Observation", "2") is self.rest
        assert index.by_id("Observation", "1") is self.found

    def test_after_all_were_asked_for_the_codes_find_them_too(self):
        index = self.index()
        before = index.with_codes("Observation", "code", frozenset({("s", "b")}))
        index.of_type("Observation")
        assert before == []
        assert ids(index.with_codes("Observation", "code", frozenset({("s", "b")}))) == ["2"]
