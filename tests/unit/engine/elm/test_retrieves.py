"""Retrieves as ELM can state them, beyond what the translator writes today."""

from __future__ import annotations

import pytest

from cds.engine import Engine, UnsupportedError
from cds.engine.runtime.values import Code
from tests.unit.engine.conftest import LOINC, NOW, ValueSets, observation

SYSTEM = "{urn:hl7-org:elm-types:r1}"
LIBRARY = {
    "identifier": {"id": "Retrieves", "version": "1"},
    "usings": {"def": [{"localIdentifier": "FHIR", "uri": "http://hl7.org/fhir", "version": "4.0.1"}]},
    "codeSystems": {"def": [{"name": "LOINC", "id": LOINC}, {"name": "C", "id": "c"}]},
    "valueSets": {"def": [{"name": "Unknown", "id": "http://example.org/unknown"}]},
    "codes": {"def": [{"name": "K", "id": "2823-3", "codeSystem": {"name": "LOINC"}}]},
}
K = {"type": "ToList", "operand": {"type": "CodeRef", "name": "K"}}
ENCOUNTER = {
    "resourceType": "Encounter",
    "id": "e1",
    "status": "finished",
    "period": {"start": "2026-03-02", "end": "2026-03-03"},
}
RESOURCES = [
    observation("in", "2823-3", "2026-03-01T10:00:00Z", 4),
    observation("edge", "2823-3", "2026-03", 4),
    observation("out", "2823-3", "2026-05-01", 4),
    observation("other", "1", "2026-03-01", 4, category=[{"coding": [{"system": "c", "code": "laboratory"}]}]),
    {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "period": {"start": "2026-03-02", "end": "2026-03-03"},
    },
    {"resourceType": "Encounter", "id": "e2", "period": {"start": "2026-03-02"}, "status": "planned"},
]


def codes(code, system):
    one = {"type": "Code", "code": code, "system": {"name": "LOINC" if system == LOINC else "C"}}
    return {"type": "ToList", "operand": one}


def literal(text, of="String"):
    return {"type": "Literal", "valueType": f"{SYSTEM}{of}", "value": str(text)}


def date(year, month):
    zone = {"type": "Literal", "valueType": f"{SYSTEM}Decimal", "value": "0.0"}
    parts = {"year": year, "month": month, "day": 1, "hour": 0, "minute": 0, "second": 0, "millisecond": 0}
    return {"type": "DateTime", "timezoneOffset": zone, **{n: literal(v, "Integer") for n, v in parts.items()}}


SPRING = {"type": "Interval", "low": date(2026, 3), "high": date(2026, 4), "lowClosed": True, "highClosed": False}


def engine_of(**retrieve):
    node = {"type": "Retrieve", "dataType": "{http://hl7.org/fhir}Observation", "locator": "9:9-9:30", **retrieve}
    definitions = {"def": [{"name": "Found", "context": "Patient", "expression": node}]}
    return Engine([{"library": {**LIBRARY, "statements": definitions}}], value_sets=ValueSets())


def found(**retrieve):
    return [r["id"] for r in engine_of(**retrieve).session(RESOURCES, now=NOW).evaluate("Retrieves", "Found")]


def test_codes_and_dates_restrict_together():
    restricted = {"codeProperty": "code", "codes": K, "dateProperty": "effective", "dateRange": SPRING}
    assert found(**restricted) == ["in"]  # the month alone is not known to be inside
    [requirement] = engine_of(**restricted).retrieves("Retrieves", "Found")
    assert requirement.codes == (Code("2823-3", LOINC),)
    assert (requirement.code_path, requirement.date_path) == ("code", "effective")
    assert str(requirement.date_range.low) == "2026-03-01T00:00:00.000+00:00"


def test_filters_may_be_given_as_lists():
    filters = {
        "codeFilter": [{"property": "code", "comparator": "~", "value": K}],
        "dateFilter": [{"property": "effective", "value": SPRING}],
    }
    assert found(**filters) == ["in"]


def test_several_filters_have_to_hold_together():
    by_category = {"property": "category", "value": codes("laboratory", "c")}
    by_code = {"property": "code", "comparator": "in", "value": codes("1", LOINC)}
    assert found(codeFilter=[by_code, by_category]) == ["other"]
    assert found(codeProperty="code", codes=K, codeFilter=[by_category]) == []
    assert found(codeProperty="code", codes=K, codeFilter=[by_code]) == []
    both = [{"property": "effective", "value": SPRING}, {"property": "issued", "value": SPRING}]
    assert found(codeProperty="code", codes=K, dateFilter=both) == []


def test_the_first_of_several_filters_is_the_data_requirement():
    by_category = {"property": "category", "value": codes("laboratory", "c")}
    [requirement] = engine_of(codeProperty="code", codes=K, codeFilter=[by_category]).retrieves("Retrieves", "Found")
    assert (requirement.code_path, requirement.codes) == ("code", (Code("2823-3", LOINC),))


def test_what_is_to_be_included_is_required_and_changes_nothing_of_the_result():
    include = [{"relatedDataType": "{http://hl7.org/fhir}Patient", "relatedProperty": "subject", "isReverse": False}]
    assert found(codes=K, include=include) == found(codes=K)
    assert [one.type for one in engine_of(include=include).retrieves("Retrieves", "Found")] == [
        "Observation",
        "Patient",
    ]
    with pytest.raises(UnsupportedError, match="to be included"):
        engine_of(include=[{"relatedDataType": f"{SYSTEM}Integer"}])


def test_other_filters_and_other_contexts_are_refused_with_their_place():
    with pytest.raises(UnsupportedError, match=r"9:9-9:30: .*other filters"):
        engine_of(otherFilter=[{"property": "status"}])
    with pytest.raises(UnsupportedError, match=r"9:9-9:30: .*somebody else"):
        engine_of(context=literal("p2"))


def test_a_period_lies_in_the_interval_as_a_whole():
    encounter = {"dataType": "{http://hl7.org/fhir}Encounter", "dateProperty": "period", "dateRange": SPRING}
    assert found(**encounter) == ["e1"]


def test_a_code_without_system_matches_elements_that_have_none():
    status = {"type": "ToList", "operand": literal("planned")}
    assert found(dataType="{http://hl7.org/fhir}Encounter", codeProperty="status", codes=status) == ["e2"]


def test_codes_computed_at_run_time():
    computed = {"type": "If", "condition": {"type": "Null"}, "then": K, "else": K}
    assert found(codeProperty="code", codes=computed) == ["in", "edge", "out"]
    [requirement] = engine_of(
        codeProperty="code", codes=computed | {"condition": {"type": "Exists", "operand": _all()}}
    ).retrieves("Retrieves", "Found")[1:]
    assert (requirement.code_path, requirement.codes) == ("code", None)


def _all():
    return {"type": "Retrieve", "dataType": "{http://hl7.org/fhir}Observation"}


@pytest.mark.parametrize(
    ("retrieve", "reason"),
    [
        ({"dataType": "{http://hl7.org/fhir}Observatory"}, "no resource type"),
        ({"dataType": "{http://hl7.org/fhir}Quantity"}, "no resource type"),
        ({"codeProperty": "cod", "codes": K}, "no element cod to match codes"),
        ({"dateProperty": "efective", "dateRange": SPRING}, "no element efective to match dates"),
        ({"codeProperty": "code", "codeComparator": "<", "codes": K}, "comparator"),
        ({"codeProperty": "code", "codes": {"type": "ValueSetRef", "name": "Missing"}}, "no value set 'Missing'"),
        ({"context": {"type": "Null"}}, "somebody else"),
    ],
)
def test_what_cannot_be_retrieved_is_refused_at_load(retrieve, reason):
    with pytest.raises(UnsupportedError, match=reason):
        engine_of(**retrieve)
