"""The functions FHIR adds: references, extensions, value sets, hierarchies, narrative."""

from __future__ import annotations

import datetime as dt

import pytest

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath import fhirpath

NOW = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
SNOMED = "http://snomed.info/sct"
ORGANIZATION = {"resourceType": "Organization", "id": "org", "name": "Inside"}
PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "contained": [ORGANIZATION],
    "managingOrganization": {"reference": "#org"},
    "generalPractitioner": [{"reference": "Practitioner/d"}, {"reference": "Practitioner/gone"}, {"display": "?"}],
    "extension": [
        {"url": "http://example.org/a", "valueCode": "x"},
        {"url": "http://example.org/b", "valueInteger": 3},
    ],
}
DOCTOR = {"resourceType": "Practitioner", "id": "d", "active": True}
CONDITION = {"resourceType": "Condition", "code": {"coding": [{"system": SNOMED, "code": "709044004"}], "text": "CKD"}}


class ValueSets:
    def codes(self, url, version):
        if url != "http://example.org/vs/ckd" or version not in (None, "1"):
            return None
        return {SNOMED: frozenset({"709044004", "431855005"})}


class Hierarchy(ValueSets):
    def subsumes(self, system, general, special):
        return (general, special) == ("1", "2")


def evaluate(expression, focus=PATIENT, variables=None, **world):
    return fhirpath(expression).evaluate(focus, variables or {}, now=NOW, **world)


def test_extensions_are_found_by_url():
    assert evaluate("extension('http://example.org/a').value") == ["x"]
    assert evaluate("extension('http://example.org/b').value + 1") == [4]
    assert evaluate("extension('http://example.org/c').exists()") == [False]
    assert evaluate("(%a | %b).extension('http://example.org/b').value", None, {"a": PATIENT, "b": DOCTOR}) == [3]


def test_a_reference_is_resolved_among_what_was_handed_in():
    assert evaluate("generalPractitioner.resolve().id") == []
    assert evaluate("generalPractitioner.resolve().active", resources=[DOCTOR]) == [True]
    assert evaluate("generalPractitioner.resolve().ofType(Practitioner).id", None, {}) == []
    assert evaluate("generalPractitioner.exists(resolve() is Practitioner)", variables={"x": DOCTOR}) == [True]
    assert evaluate("'Practitioner/d'.resolve().id", resources=[DOCTOR]) == ["d"]
    versioned = {"resourceType": "Encounter", "subject": {"reference": "Patient/p/_history/3"}}
    assert evaluate("subject.resolve().id", versioned, resources=[PATIENT]) == ["p"]


def test_a_contained_resource_is_found_in_the_resource_that_refers_to_it():
    other = {**PATIENT, "id": "q", "contained": [{**ORGANIZATION, "name": "Other"}]}
    other["managingOrganization"] = {"reference": "#org"}
    assert evaluate("managingOrganization.resolve().name") == ["Inside"]
    found = evaluate("%all.managingOrganization.resolve().name", None, {"all": [PATIENT, other]})
    assert found == ["Inside", "Other"]
    assert evaluate("managingOrganization.resolve().name", {**PATIENT, "contained": []}) == []


def test_references_of_a_bundle_are_resolved_by_full_url_and_by_id():
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": "p"}},
            {"resource": {"resourceType": "Encounter", "subject": {"reference": "urn:uuid:1"}}},
            {"resource": {"resourceType": "Encounter", "subject": {"reference": "Patient/p"}}},
        ],
    }
    assert evaluate("entry.resource.ofType(Encounter).subject.resolve().id", bundle) == ["p", "p"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("code.memberOf('http://example.org/vs/ckd')", [True]),
        ("code.coding.memberOf('http://example.org/vs/ckd|1')", [True]),
        ("code.coding.code.memberOf('http://example.org/vs/ckd')", [True]),
        ("code.coding.where(false).memberOf('http://example.org/vs/ckd')", []),
        ("code.memberOf({})", []),
    ],
)
def test_codes_are_looked_up_in_value_sets(expression, expected):
    assert evaluate(expression, CONDITION, value_sets=ValueSets()) == expected


def test_a_code_of_another_system_is_not_a_member():
    local = {**CONDITION, "code": {"coding": [{"system": "urn:local", "code": "709044004"}, {"code": "709044004"}]}}
    assert evaluate("code.memberOf('http://example.org/vs/ckd')", local, value_sets=ValueSets()) == [False]


def test_an_unknown_value_set_is_an_error_and_never_an_empty_one():
    for url in ("http://example.org/vs/other", "http://example.org/vs/ckd|2"):
        with pytest.raises(EvaluationError, match="is not known"):
            evaluate(f"code.memberOf('{url}')", CONDITION, value_sets=ValueSets())
    with pytest.raises(EvaluationError, match="is not known"):
        evaluate("code.memberOf('http://example.org/vs/ckd')", CONDITION)


def test_subsumption_asks_a_terminology_that_knows_hierarchies():
    variables = {"c": {"resourceType": "Condition", "code": {"coding": [{"system": SNOMED, "code": "2"}]}}}
    general = {"resourceType": "Condition", "code": {"coding": [{"system": SNOMED, "code": "1"}]}}
    assert evaluate("code.subsumes(code)", general) == [True]
    assert evaluate(
        "code.coding.first().subsumes(%c.code.coding.first())", general, variables, value_sets=Hierarchy()
    ) == [True]
    assert evaluate("code.subsumedBy(%c.code)", general, variables, value_sets=Hierarchy()) == [False]
    with pytest.raises(EvaluationError, match="hierarchies"):
        evaluate("code.subsumes(%c.code)", general, variables, value_sets=ValueSets())


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<div xmlns='http://www.w3.org/1999/xhtml'><p>Text<br/></p></div>", True),
        ("<div><p>Text</div>", False),
        ("<div><script>alert(1)</script></div>", False),
        ("<div onclick='x'>Text</div>", False),
        ("<div></div>", False),
        ("Text", False),
    ],
)
def test_a_narrative_has_only_what_fhir_allows(markup, expected):
    patient = {"resourceType": "Patient", "text": {"status": "generated", "div": markup}}
    assert evaluate("text.`div`.htmlChecks()", patient) == [expected]
