"""From a retrieve of the logic, or what an author declared, to what is asked of the EHR."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cds.data.data_requirements import (
    DataRequirement,
    merge_requirements,
    requirement_of_element,
    requirement_of_retrieve,
    retrieved_codes,
)
from cds.errors import ContentError
from cds.fhir.systems import LOINC, NPU

EGFR = "https://example.org/ValueSet/egfr"


@dataclass
class Retrieve:
    type: str
    code_path: str | None = "code"
    value_set: str | None = None
    codes: list = field(default_factory=list)


@dataclass
class Code:
    code: str
    system: str | None


class ValueSets:
    def codes(self, url, version):
        return {LOINC: frozenset({"62238-1"}), NPU: frozenset({"DNK35302"})} if url == EGFR else None

    def undecidable(self, url, version):
        return None if url == "pattern" else "it is not loaded"


class LocalCodes:
    def sources(self, system, code):
        return [("urn:local", "GFR")] if code == "62238-1" else []


def test_a_value_set_is_expanded_and_gives_its_id_as_name():
    requirement = requirement_of_retrieve(Retrieve("Observation", value_set=f"{EGFR}|1.0"), ValueSets())
    assert requirement.codes == {(LOINC, "62238-1"), (NPU, "DNK35302")}
    assert requirement.name == "egfr"


def test_local_codes_that_mean_the_same_are_asked_for_too():
    requirement = requirement_of_retrieve(Retrieve("Observation", value_set=EGFR), ValueSets(), LocalCodes())
    assert ("urn:local", "GFR") in requirement.codes


def test_direct_codes_are_taken_as_they_are():
    requirement = requirement_of_retrieve(Retrieve("Observation", codes=[Code("2160-0", LOINC)]), ValueSets())
    assert requirement.codes == {(LOINC, "2160-0")}


def test_a_retrieve_without_filter_asks_for_the_whole_type():
    assert requirement_of_retrieve(Retrieve("Condition"), ValueSets()) == DataRequirement(type="Condition")


def test_a_value_set_that_is_a_pattern_asks_for_the_whole_type():
    requirement = requirement_of_retrieve(Retrieve("Condition", value_set="pattern"), ValueSets())
    assert requirement == DataRequirement(type="Condition")


def test_an_unknown_value_set_is_broken_content_and_never_an_empty_list():
    with pytest.raises(ContentError, match="not loaded"):
        requirement_of_retrieve(Retrieve("Observation", value_set="unknown"), ValueSets())


def test_a_declared_data_requirement_reads_the_same():
    element = {"type": "Observation", "codeFilter": [{"path": "code", "valueSet": EGFR}]}
    declared = requirement_of_element(element, ValueSets())
    assert declared == requirement_of_retrieve(Retrieve("Observation", value_set=EGFR), ValueSets())
    with_codes = {"type": "Observation", "codeFilter": [{"path": "code", "code": [{"system": LOINC, "code": "1"}]}]}
    assert requirement_of_element(with_codes, ValueSets()).codes == {(LOINC, "1")}
    assert requirement_of_element({"type": "Condition"}, ValueSets()).codes is None
    with pytest.raises(ContentError):
        requirement_of_element({}, ValueSets())


def test_merging_drops_doubles_and_what_a_whole_type_covers():
    some = DataRequirement(type="Observation", name="a", codes=frozenset({("s", "c")}))
    other = DataRequirement(type="Condition", name="a", codes=frozenset({("s", "c")}))
    every = DataRequirement(type="Observation")
    assert merge_requirements([some, other, some]) == (some, other)
    assert merge_requirements([some, other, every]) == (other, every)


CREATININE = DataRequirement(type="Observation", code_path="code", codes=frozenset({(LOINC, "2160-0")}))
PLATELETS = DataRequirement(type="Observation", code_path="code", codes=frozenset({(NPU, "NPU03568")}))


@pytest.mark.parametrize(
    ("others", "codes"),
    [
        ([], {(LOINC, "2160-0"), (NPU, "NPU03568")}),
        ([DataRequirement(type="Condition")], {(LOINC, "2160-0"), (NPU, "NPU03568")}),
        ([DataRequirement(type="Observation")], None),
        ([DataRequirement(type="Resource")], None),
        ([DataRequirement(type="Observation", code_path="category", codes=frozenset({("s", "c")}))], None),
        ([DataRequirement(type="Observation", codes=frozenset({("s", "c")}))], None),
        ([DataRequirement(type="Observation", code_path="code")], None),
    ],
)
def test_the_retrieved_codes_are_known_when_every_retrieve_of_the_type_is_by_code(others, codes):
    assert retrieved_codes([CREATININE, *others, PLATELETS], "Observation") == codes


def test_of_a_type_that_nobody_asks_for_any_code_may_be_read():
    assert retrieved_codes([DataRequirement(type="Condition")], "Observation") is None
