"""Value sets decide membership by their definition, and say when they cannot."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cds.terminology.operations import CannotExpand, expand, validate_code
from cds.terminology.value_sets import ValueSets

ICD = "http://hl7.org/fhir/sid/icd-10"
SCT = "http://snomed.info/sct"
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def value_set(url: str, *include: dict, version: str | None = None, **others: object) -> dict:
    resource = {"resourceType": "ValueSet", "status": "active", "url": url, "compose": {"include": list(include)}}
    if others.get("exclude"):
        resource["compose"]["exclude"] = others.pop("exclude")
    return resource | ({"version": version} if version else {}) | others


def listed(system: str, *codes: str) -> dict:
    return {"system": system, "concept": [{"code": code, "display": f"the {code}"} for code in codes]}


def filtered(system: str, operator: str, value: str, name: str = "code") -> dict:
    return {"system": system, "filter": [{"property": name, "op": operator, "value": value}]}


HIERARCHY = {
    "resourceType": "CodeSystem",
    "url": "http://example.org/anatomy",
    "content": "complete",
    "concept": [
        {"code": "body", "concept": [{"code": "arm", "concept": [{"code": "hand"}]}, {"code": "leg"}]},
        {"code": "thumb", "property": [{"code": "parent", "valueCode": "hand"}]},
    ],
}


def test_listed_codes_are_members_of_their_own_system_only():
    sets = ValueSets([value_set("u", listed(ICD, "C90.0"), listed(SCT, "109989006"))])
    assert sets.contains("u", None, ICD, "C90.0") is True
    assert sets.contains("u", None, SCT, "C90.0") is False
    assert sets.contains("u", None, None, "C90.0") is True
    assert sets.codes("u") == {ICD: {"C90.0"}, SCT: {"109989006"}}


@pytest.mark.parametrize(
    ("code", "member"), [("C90.0", True), ("C900", True), ("C90.00", True), ("C90.1", False), ("XC90.0", False)]
)
def test_a_pattern_matches_the_whole_code_and_its_subdivisions(code, member):
    sets = ValueSets([value_set("u", filtered(ICD, "regex", r"C90\.?0.*"))])
    assert sets.contains("u", None, ICD, code) is member
    assert sets.codes("u") is None


def test_a_value_set_that_is_not_loaded_is_unknown_and_never_empty():
    sets = ValueSets([])
    assert sets.contains("u", None, ICD, "C90.0") is None
    assert sets.codes("u") is None
    assert sets.undecidable("u") == "u is not loaded"


def test_descendants_come_from_a_loaded_hierarchy_nested_or_by_parent():
    system = HIERARCHY["url"]
    sets = ValueSets(
        [
            HIERARCHY,
            value_set("below", filtered(system, "descendent-of", "arm", "concept")),
            value_set("is", filtered(system, "is-a", "arm", "concept")),
            value_set("sct", filtered(SCT, "is-a", "109989006", "concept")),
        ]
    )
    assert sets.codes("below") == {system: {"hand", "thumb"}}
    assert sets.codes("is") == {system: {"arm", "hand", "thumb"}}
    assert sets.contains("sct", None, SCT, "109989006") is None
    assert "hierarchy" in sets.undecidable("sct")


def test_an_unknown_part_does_not_hide_a_member_that_another_part_lists():
    sets = ValueSets([value_set("u", listed(SCT, "1"), filtered(SCT, "is-a", "2", "concept"))])
    assert sets.contains("u", None, SCT, "1") is True
    assert sets.contains("u", None, SCT, "3") is None


def test_filters_of_one_include_are_all_required_and_exclude_takes_away():
    both = {
        "system": ICD,
        "filter": [*filtered(ICD, "regex", "C9.*")["filter"], *filtered(ICD, "regex", ".*0")["filter"]],
    }
    sets = ValueSets([value_set("u", both, exclude=[listed(ICD, "C95.0")])])
    assert sets.contains("u", None, ICD, "C90.0") is True
    assert sets.contains("u", None, ICD, "C90.1") is False
    assert sets.contains("u", None, ICD, "C95.0") is False


def test_imported_value_sets_are_read_and_a_circle_is_undecidable_without_a_hang():
    sets = ValueSets(
        [
            value_set("a", {"valueSet": ["b|2"]}),
            value_set("b", listed(ICD, "old"), version="1"),
            value_set("b", listed(ICD, "new"), version="2"),
            value_set("circle", {"valueSet": ["circle"]}),
        ]
    )
    assert sets.contains("a", None, ICD, "new") is True
    assert sets.contains("a", None, ICD, "old") is False
    assert sets.contains("circle", None, ICD, "new") is None


def test_an_expansion_decides_where_the_definition_cannot_but_one_page_of_it_does_not():
    contains = [{"system": SCT, "code": "1", "contains": [{"system": SCT, "code": "2"}]}, {"abstract": True}]
    definition = filtered(SCT, "is-a", "1", "concept")
    whole = value_set("whole", definition, expansion={"timestamp": "2026", "contains": contains})
    page = value_set("page", definition, expansion={"timestamp": "2026", "total": 9, "contains": contains})
    sets = ValueSets([whole, page])
    assert sets.codes("whole") == {SCT: {"1", "2"}}
    assert sets.contains("page", None, SCT, "1") is None


def test_a_definition_that_can_be_decided_wins_over_an_older_expansion():
    resource = value_set(
        "u", filtered(ICD, "regex", "C90.*"), expansion={"contains": [{"system": ICD, "code": "C90.0"}]}
    )
    assert ValueSets([resource]).contains("u", None, ICD, "C90.3") is True


def test_a_whole_code_system_is_listed_when_it_is_loaded_and_else_any_code_of_it_counts():
    sets = ValueSets([HIERARCHY, value_set("a", {"system": HIERARCHY["url"]}), value_set("b", {"system": SCT})])
    assert sets.contains("a", None, HIERARCHY["url"], "foot") is False
    assert sets.contains("b", None, SCT, "1") is True


def test_a_filter_that_is_not_supported_or_not_a_pattern_is_said():
    sets = ValueSets(
        [value_set("a", filtered(SCT, "exists", "true", "inactive")), value_set("b", filtered(ICD, "regex", "("))]
    )
    assert "not supported" in sets.undecidable("a")
    assert "no regular expression" in sets.undecidable("b")


def test_expand_lists_codes_with_their_displays_and_refuses_a_pattern():
    sets = ValueSets([value_set("u", listed(ICD, "b", "a")), value_set("p", filtered(ICD, "regex", "C.*"))])
    expansion = expand(sets, "u", now=NOW)["expansion"]
    assert expansion["contains"][0] == {"system": ICD, "code": "a", "display": "the a"}
    assert expansion["total"] == 2
    with pytest.raises(CannotExpand, match="pattern"):
        expand(sets, "p", now=NOW)
    with pytest.raises(CannotExpand, match="not loaded"):
        expand(sets, "nowhere", now=NOW)


def test_validate_code_gives_yes_no_and_cannot_know():
    sets = ValueSets([value_set("u", listed(ICD, "a"))])
    assert validate_code(sets, "u", "a", ICD).display == "the a"
    assert validate_code(sets, "u", "z", ICD).result is False
    assert validate_code(sets, "nowhere", "a", ICD).result is None
