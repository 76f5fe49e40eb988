"""Hierarchies of code systems: what lies below what, and when nobody can say."""

from __future__ import annotations

import pytest

from cds.expressions.code_members import EngineValueSets
from cds.terminology.code_systems import CodeSystems
from cds.terminology.value_sets import ValueSets


def code_system(**changes):
    blood = {"code": "blood", "concept": [{"code": "leukaemia", "concept": [{"code": "aml"}]}]}
    asthma = {"code": "asthma", "property": [{"code": "parent", "valueCode": "lung"}]}
    concepts = [blood, {"code": "lung"}, asthma]
    return {"resourceType": "CodeSystem", "url": "urn:s", "content": "complete", "concept": concepts} | changes


@pytest.mark.parametrize(
    ("ancestor", "descendant", "answer"),
    [
        ("blood", "aml", True),
        ("lung", "asthma", True),
        ("aml", "blood", False),
        ("lung", "aml", False),
        ("blood", "no-such-code", None),
        ("no-such-code", "blood", None),
    ],
)
def test_a_code_lies_below_its_parents_and_theirs(ancestor, descendant, answer):
    assert CodeSystems([code_system()]).subsumes("urn:s", ancestor, descendant) is answer
    asked = EngineValueSets(ValueSets([code_system()]))
    assert [asked.subsumes("urn:s", ancestor, descendant) for _ in range(2)] == [answer, answer]


def test_a_part_of_a_code_system_can_say_yes_and_not_no():
    part = CodeSystems([code_system(content="fragment")])
    assert part.subsumes("urn:s", "blood", "aml") is True
    assert part.subsumes("urn:s", "lung", "aml") is None


def test_a_hierarchy_of_parts_says_nothing_of_kinds():
    parts = CodeSystems([code_system(hierarchyMeaning="part-of")])
    assert parts.subsumes("urn:s", "blood", "aml") is None
    assert CodeSystems([code_system(hierarchyMeaning="is-a")]).subsumes("urn:s", "blood", "aml") is True


def test_a_code_system_that_is_not_loaded_says_nothing():
    assert CodeSystems([]).subsumes("urn:s", "blood", "aml") is None
