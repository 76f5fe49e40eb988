"""Library resources made from ELM, without a translator."""

import base64
import json
from pathlib import Path

from fhir.resources.R4B.library import Library

from cds.authoring.library_resource import library_resource
from cds.authoring.sources import CqlFile

FHIR = "{http://hl7.org/fhir}"
SYSTEM = "{urn:hl7-org:elm-types:r1}"

FILE = CqlFile(Path("g/cql/Doses.cql"), "Doses", "1.2.0", "library Doses version '1.2.0'")


def named(name):
    return {"type": "NamedTypeSpecifier", "name": name}


def retrieve(resource_type, **more):
    return {"type": "Retrieve", "dataType": FHIR + resource_type, **more}


def definition(name, expression, **more):
    return {"name": name, "context": "Patient", "accessLevel": "Public", "expression": expression, **more}


def document(*statements, **sections):
    library = {"identifier": {"id": "Doses", "version": "1.2.0"}, "statements": {"def": list(statements)}}
    return {"library": library | {name: {"def": defs} for name, defs in sections.items()}}


def test_the_resource_is_a_valid_logic_library_with_both_forms_of_the_logic():
    elm = document(definition("X", {"type": "Null"}, resultTypeName=SYSTEM + "Boolean", annotation=[]))
    resource = library_resource(FILE, elm, {})
    Library.model_validate(resource)
    assert resource["url"] == "https://fhir-cds.example.org/fhir/Library/Doses"
    assert resource["version"] == "1.2.0"
    cql, compiled = resource["content"]
    assert cql["contentType"] == "text/cql"
    assert base64.b64decode(cql["data"]).decode() == FILE.text
    assert compiled["contentType"] == "application/elm+json"
    assert json.loads(base64.b64decode(compiled["data"]))["library"]["identifier"]["id"] == "Doses"


def test_the_same_elm_in_another_member_order_gives_the_same_text():
    one = document(definition("X", {"type": "Literal", "value": "1"}))
    other = {"library": dict(reversed(one["library"].items()))}
    assert library_resource(FILE, one, {})["content"] == library_resource(FILE, other, {})["content"]


def test_what_the_author_wrote_stays_and_what_is_derived_is_replaced():
    existing = {
        "title": "Doses by renal function",
        "status": "draft",
        "publisher": "Ward 4",
        "version": "0.9",
        "dataRequirement": [{"type": "Device"}],
        "relatedArtifact": [
            {"type": "citation", "label": "page 3"},
            {"type": "depends-on", "resource": "http://example.org/gone"},
        ],
    }
    resource = library_resource(FILE, document(), {}, existing=existing)
    assert resource["title"] == "Doses by renal function"
    assert resource["status"] == "draft"
    assert resource["publisher"] == "Ward 4"
    assert resource["version"] == "1.2.0"
    assert "dataRequirement" not in resource
    assert resource["relatedArtifact"] == [{"type": "citation", "label": "page 3"}]


def test_included_libraries_and_terminology_are_dependencies_but_fhir_helpers_is_not():
    elm = document(
        includes=[
            {"localIdentifier": "FHIRHelpers", "path": "FHIRHelpers", "version": "4.0.1"},
            {"localIdentifier": "CD", "path": "ClinicalData", "version": "2.0.0"},
        ],
        valueSets=[{"name": "VTE", "id": "http://example.org/ValueSet/vte"}],
    )
    assert library_resource(FILE, elm, {})["relatedArtifact"] == [
        {"type": "depends-on", "resource": "http://example.org/ValueSet/vte"},
        {"type": "depends-on", "resource": "https://fhir-cds.example.org/fhir/Library/ClinicalData|2.0.0"},
    ]


def test_parameters_come_in_and_public_definitions_come_out_with_fhir_types():
    list_of_orders = {"type": "ListTypeSpecifier", "elementType": named(FHIR + "MedicationRequest")}
    period = {"type": "IntervalTypeSpecifier", "pointType": named(SYSTEM + "DateTime")}
    elm = document(
        {"name": "Patient", "context": "Patient", "expression": {"type": "SingletonFrom"}},
        definition("Has VTE", {"type": "Null"}, resultTypeName=SYSTEM + "Boolean"),
        definition("Window", {"type": "Null"}, resultTypeSpecifier=period),
        definition("Row", {"type": "Null"}, resultTypeSpecifier={"type": "TupleTypeSpecifier", "element": []}),
        definition("Hidden", {"type": "Null"}, resultTypeName=SYSTEM + "Boolean") | {"accessLevel": "Private"},
        definition("F", {"type": "Null"}) | {"type": "FunctionDef"},
        parameters=[{"name": "draftOrders", "parameterTypeSpecifier": list_of_orders}],
    )
    assert library_resource(FILE, elm, {})["parameter"] == [
        {"name": "draftOrders", "use": "in", "min": 0, "max": "*", "type": "MedicationRequest"},
        {"name": "Has VTE", "use": "out", "min": 0, "max": "1", "type": "boolean"},
        {"name": "Window", "use": "out", "min": 0, "max": "1", "type": "Period"},
        {"name": "Row", "use": "out", "min": 0, "max": "1", "type": "Any"},
    ]


def test_retrieves_become_data_requirements_with_value_sets_and_codes_of_included_libraries():
    included = document(
        codeSystems=[{"name": "LOINC", "id": "http://loinc.org"}],
        codes=[{"name": "eGFR", "id": "62238-1", "display": "GFR", "codeSystem": {"name": "LOINC"}}],
        valueSets=[{"name": "VTE", "id": "http://example.org/ValueSet/vte"}],
    )
    egfr = {"type": "ToList", "operand": {"type": "CodeRef", "name": "eGFR", "libraryName": "CD"}}
    vte = {"type": "ValueSetRef", "name": "VTE", "libraryName": "CD"}
    elm = document(
        definition("Labs", retrieve("Observation", codeProperty="code", codes=egfr, templateId="http://t")),
        definition("Again", retrieve("Observation", codeProperty="code", codes=egfr, templateId="http://t")),
        definition("History", {"type": "Exists", "operand": retrieve("Condition", codeProperty="code", codes=vte)}),
        includes=[{"localIdentifier": "CD", "path": "ClinicalData", "version": "1"}],
    )
    assert library_resource(FILE, elm, {"ClinicalData": included})["dataRequirement"] == [
        {"type": "Condition", "codeFilter": [{"path": "code", "valueSet": "http://example.org/ValueSet/vte"}]},
        {
            "type": "Observation",
            "profile": ["http://t"],
            "codeFilter": [
                {
                    "path": "code",
                    "code": [{"system": "http://loinc.org", "code": "62238-1", "display": "GFR"}],
                }
            ],
        },
    ]


def test_a_code_filter_that_cannot_be_resolved_asks_for_more_not_for_less():
    computed = {"type": "ExpressionRef", "name": "Codes of the day"}
    elm = document(definition("Labs", retrieve("Observation", codeProperty="code", codes=computed)))
    assert library_resource(FILE, elm, {})["dataRequirement"] == [{"type": "Observation"}]
