"""The FHIR operations under /fhir over HTTP: what they answer, from which data, and how they refuse."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from cds.content.artifact import KNOWLEDGE_TYPES
from cds.web.fhir_operations.knowledge_artifact import MAX_ACTIONS, MAX_ELEMENTS, MAX_LOGIC
from cds.web.fhir_operations.routes import OPERATIONS
from tests.server.client_tokens import PUBLIC_URL, bearer, clients_file
from tests.server.conftest import running
from tests.server.test_fhir_content_changes import write
from tests.unit.expressions.small_elm import BASE, boolean, exists, library

APPLY = "/fhir/PlanDefinition/demo/$apply"
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1980-01-01"}
EGFR = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"text": "eGFR"},
    "subject": {"reference": "Patient/p1"},
}
VALUE_SET = {
    "resourceType": "ValueSet",
    "id": "drugs",
    "url": f"{BASE}/ValueSet/drugs",
    "version": "1",
    "name": "Drugs",
    "title": "Some Drugs",
    "status": "active",
    "compose": {
        "include": [
            {
                "system": "urn:drugs",
                "concept": [{"code": "a", "display": "Aspirin"}, {"code": "b", "display": "Bisoprolol"}],
            }
        ]
    },
}
PATTERN = {
    "resourceType": "ValueSet",
    "id": "pattern",
    "url": f"{BASE}/ValueSet/pattern",
    "status": "draft",
    "compose": {"include": [{"system": "urn:icd", "filter": [{"property": "code", "op": "regex", "value": "C90.*"}]}]},
}
MAP = {
    "resourceType": "ConceptMap",
    "id": "map",
    "url": f"{BASE}/ConceptMap/map",
    "status": "active",
    "group": [
        {
            "source": "urn:local",
            "target": "urn:drugs",
            "element": [{"code": "x", "target": [{"code": "a", "display": "Aspirin", "equivalence": "equivalent"}]}],
        }
    ],
}
ACTIVITY = {
    "resourceType": "ActivityDefinition",
    "id": "test",
    "url": f"{BASE}/ActivityDefinition/test",
    "version": "2",
    "status": "active",
    "kind": "ServiceRequest",
    "intent": "order",
    "code": {"text": "eGFR"},
}


def when(name: str, language: str = "text/cql-identifier") -> list[dict]:
    return [{"kind": "applicability", "expression": {"language": language, "expression": name}}]


PLAN = {
    "resourceType": "PlanDefinition",
    "id": "demo",
    "url": f"{BASE}/PlanDefinition/demo",
    "version": "1",
    "name": "Demo",
    "title": "Demo plan",
    "status": "active",
    "library": [f"{BASE}/Library/Logic|1"],
    "goal": [{"id": "g", "description": {"text": "be well"}}],
    "action": [
        {
            "id": "measured",
            "title": "Measured",
            "trigger": [{"type": "named-event", "name": "patient-view"}],
            "condition": when("Has Observation"),
            "definitionCanonical": f"{BASE}/ActivityDefinition/test|2",
        },
        {"id": "signed", "title": "Signed", "trigger": [{"type": "named-event", "name": "order-sign"}]},
        {
            "id": "inpatient",
            "title": "In hospital",
            "condition": when("%setting.coding.exists(code = 'IMP')", "text/fhirpath"),
        },
        {
            "id": "ward",
            "title": "The ward",
            "subjectCodeableConcept": {"coding": [{"code": "Location"}]},
            "condition": when("%subject.name = 'Ward 7'", "text/fhirpath"),
            "definitionCanonical": f"{BASE}/ActivityDefinition/test|2",
        },
        {
            "id": "seen-by",
            "title": "Seen",
            "condition": when("%practitioner.exists() and %encounter.exists()", "text/fhirpath"),
        },
    ],
}
CONTENT = (
    PLAN,
    ACTIVITY,
    VALUE_SET,
    PATTERN,
    MAP,
    library(boolean("Yes", True), exists("Has Observation", "Observation"), exists("In Set", "Condition")),
)


@pytest.fixture(scope="module")
def fhir(tmp_path_factory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("content")
    write(folder, *CONTENT)
    with running(content=(folder,), cors_origins=()) as started:
        yield started


def parameters(**given: Any) -> dict[str, Any]:
    """A Parameters resource: text, flags, resources and CodeableConcepts by name; a list repeats the parameter."""
    listed = []
    for name, values in given.items():
        for value in values if isinstance(values, list) else [values]:
            listed.append({"name": name, **_member(value)})
    return {"resourceType": "Parameters", "parameter": listed}


def _member(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, str):
        return {"valueString": value}
    if "part" in value:
        return value
    return {"resource": value} if "resourceType" in value else {"valueCodeableConcept": value}


def bundle(*resources: dict) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


DATA = bundle(PATIENT, EGFR)


def post(fhir, path: str, status: int = 200, **given: Any) -> dict[str, Any]:
    return answered(fhir.http.post(path, json=parameters(**given)), status)


def get(fhir, path: str, expected: int = 200, **query: Any) -> dict[str, Any]:
    return answered(fhir.http.get(path, params=query), expected)


def answered(response: Any, status: int) -> dict[str, Any]:
    """The resource of an answer: valid R4, and an OperationOutcome where it is a refusal."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/fhir+json")
    resource = response.json()
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    assert (resource["resourceType"] == "OperationOutcome") == (status >= 400)
    return resource


def ids_of(result: dict[str, Any]) -> list[str]:
    """The actions that apply."""
    return [one["id"] for one in actions_of(result)]


def actions_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The actions of the RequestGroup."""
    return next(one for one in contents(result) if one["resourceType"] == "RequestGroup").get("action", [])


def contents(result: dict[str, Any]) -> list[dict[str, Any]]:
    if result["resourceType"] == "Bundle":
        return [entry["resource"] for entry in result["entry"]]
    return result["contained"]


# What is there


def test_metadata_lists_what_is_there_and_asks_for_nothing(fhir):
    statement = get(fhir, "/fhir/metadata")
    resources = {one["type"]: one for one in statement["rest"][0]["resource"]}
    assert resources.keys() == KNOWLEDGE_TYPES | {"RequestGroup"}
    assert resources["RequestGroup"].keys() == {"type", "operation"}
    operations = {f"{kind}/${op['name']}" for kind, one in resources.items() for op in one.get("operation", ())}
    assert operations == {
        "PlanDefinition/$apply",
        "PlanDefinition/$data-requirements",
        "ActivityDefinition/$apply",
        "ActivityDefinition/$data-requirements",
        "Library/$evaluate",
        "Library/$data-requirements",
        "RequestGroup/$choose",
        "ValueSet/$expand",
        "ValueSet/$validate-code",
        "ConceptMap/$translate",
    }
    for path in operations:
        assert fhir.http.get(f"/fhir/{path}").status_code in (200, 400), path


@pytest.mark.pd("PD-023")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 2),
        ({"url": f"{BASE}/ValueSet/drugs"}, 1),
        ({"url": f"{BASE}/ValueSet/drug"}, 0),
        ({"name": "dru"}, 1),
        ({"name:exact": "drugs"}, 0),
        ({"title:contains": "DRUGS"}, 1),
        ({"status": "active"}, 1),
        ({"status": "active,draft"}, 2),
        ({"version": "1", "status": "draft"}, 0),
        ({"_id": "pattern"}, 1),
        ({"_count": "1"}, 2),
    ],
)
def test_artefacts_are_found_by_their_search_parameters(fhir, query, found):
    own_ones = {} if "url" in query else {"url": f"{BASE}/ValueSet/drugs,{BASE}/ValueSet/pattern"}
    result = get(fhir, "/fhir/ValueSet", **own_ones, **query)
    own = result.get("entry", [])
    if "_count" in query:
        assert (result["total"], len(own)) == (2, 1)
        (following,) = [link["url"] for link in result["link"] if link["relation"] == "next"]
        (second,) = fhir.http.get(following).json()["entry"]
        assert second["resource"]["id"] != own[0]["resource"]["id"]
    else:
        assert len(own) == found


def test_an_artefact_is_read_unchanged_and_what_is_not_there_is_404(fhir):
    assert get(fhir, "/fhir/PlanDefinition/demo") == PLAN
    for path in ("PlanDefinition/none", "Patient/p1", "Patient", "PlanDefinition/demo/$nothing", "Foo/$apply"):
        get(fhir, f"/fhir/{path}", expected=404)
    get(fhir, "/fhir/PlanDefinition", expected=400, publisher="x")


# PlanDefinition/$apply


@pytest.mark.pd("PD-001", "PD-007", "PD-016", "PD-062", "PD-063")
def test_a_plan_is_applied_to_the_data_of_the_call(fhir):
    result = post(fhir, APPLY, subject="Patient/p1", data=DATA)
    assert result["resourceType"] == "CarePlan"
    assert len(result["activity"]) == 1
    assert ids_of(result) == ["measured", "signed"]
    (made,) = [one for one in contents(result) if one["resourceType"] == "ServiceRequest"]
    assert (made["intent"], made["status"]) == ("option", "draft")
    assert made["instantiatesCanonical"] == [f"{BASE}/ActivityDefinition/test|2"]
    without = post(fhir, APPLY, subject="Patient/p1", data=bundle(PATIENT))
    assert ids_of(without) == ["signed"]
    told = [one for one in contents(without) if one["resourceType"] == "OperationOutcome"]
    assert told == [] or told[0]["issue"]


@pytest.mark.pd("PD-008", "PD-009", "PD-011", "PD-074")
def test_the_bundle_form_begins_with_the_request_group(fhir):
    result = post(fhir, APPLY, subject="Patient/p1", data=DATA, resultForm="bundle")
    kinds = [one["resourceType"] for one in contents(result)]
    assert kinds[0] == "RequestGroup"
    assert {"ServiceRequest", "Goal"} <= set(kinds)
    names = {f"{one['resourceType']}/{one['id']}" for one in contents(result)}
    leaf = contents(result)[0]["action"][0]
    assert leaf["resource"]["reference"] in names


@pytest.mark.pd("PD-001")
def test_the_plan_is_the_one_of_the_address_or_of_a_parameter(fhir):
    for given in (
        {"planDefinition": PLAN},
        {"url": PLAN["url"]},
        {"url": PLAN["url"], "version": "1"},
    ):
        result = post(fhir, "/fhir/PlanDefinition/$apply", subject="Patient/p1", data=DATA, **given)
        assert ids_of(result) == ["measured", "signed"]
    post(fhir, "/fhir/PlanDefinition/$apply", 400, subject="Patient/p1", data=DATA)
    post(fhir, "/fhir/PlanDefinition/$apply", 404, subject="Patient/p1", data=DATA, url=PLAN["url"], version="9")
    post(fhir, APPLY, 400, subject="Patient/p1", data=DATA, planDefinition=PLAN)
    post(fhir, APPLY, 400, subject="Patient/p1", data=DATA, url=PLAN["url"])


@pytest.mark.pd("PD-006", "PD-016", "PD-199")
def test_get_and_post_and_every_source_of_data_give_the_same_answer(fhir):
    """The sandbox stands for the EHR; its patient and Observations are sent along, prefetched, or read from it."""
    patient = fhir.http.get("/sandbox/fhir/Patient/renal-failure").json()
    found = fhir.http.get("/sandbox/fhir/Observation?patient=renal-failure&_count=200").json()
    everything = bundle(patient, *(entry["resource"] for entry in found["entry"]))
    subject = {"subject": "Patient/renal-failure"}
    endpoint = {"resourceType": "Endpoint", "status": "active", "address": fhir.fhir, "payloadType": [{"text": "any"}]}
    endpoint["connectionType"] = {"code": "hl7-fhir-rest"}
    answers = [
        post(fhir, APPLY, **subject, data=everything),
        post(fhir, APPLY, **subject, data=everything, useServerData=False),
        post(fhir, APPLY, **subject, dataEndpoint=endpoint),
        post(fhir, APPLY, **subject, fhirServer=fhir.fhir),
        get(fhir, APPLY, **subject, fhirServer=fhir.fhir),
        post(fhir, APPLY, **subject, data=bundle(patient), dataEndpoint=endpoint),
        post(fhir, APPLY, **subject, prefetchData=[prefetched("patient", patient), prefetched("observations", found)]),
    ]
    assert ids_of(answers[0]) == ["measured", "signed"]
    assert all(one == answers[0] for one in answers)


def prefetched(key: str, resource: dict) -> dict[str, Any]:
    return {"part": [{"name": "key", "valueString": key}, {"name": "data", "resource": resource}]}


@pytest.mark.pd("PD-002", "PD-015", "PD-241")
@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"data": DATA}, 400),
        ({"subject": "p1", "data": DATA}, 400),
        ({"subject": "Observation/o1", "data": DATA}, 400),
        ({"subject": "Patient/p1"}, 400),
        ({"subject": "Patient/other", "data": DATA}, 404),
        ({"subject": "Location/l", "data": DATA, "resultForm": "bundle"}, 404),
        ({"subject": "Patient/p1", "data": DATA, "colour": "red"}, 400),
        ({"subject": "Patient/p1", "data": DATA, "resultForm": "pdf"}, 400),
        ({"subject": "Patient/p1", "data": DATA, "contentEndpoint": {"text": "x"}}, 400),
        ({"subject": "Patient/p1", "data": DATA, "terminologyEndpoint": {"text": "x"}}, 400),
        ({"subject": "Patient/p1", "data": DATA, "prefetchData": prefetched("patient", PATIENT)}, 400),
        ({"subject": "Patient/p1", "data": DATA, "evaluationTime": "yesterday"}, 400),
        ({"subject": "Patient/p1", "data": DATA, "encounter": ["Encounter/1", "Encounter/2"]}, 400),
        ({"subject": "Patient/p1", "prefetchData": prefetched("patient", PATIENT)}, 422),
        ({"subject": "Patient/p1", "fhirServer": "https://elsewhere.example/fhir"}, 400),
    ],
)
def test_what_cannot_be_answered_is_refused_and_nothing_of_it_is_repeated(fhir, given, status):
    outcome = post(fhir, APPLY, status, **given)
    text = json.dumps(outcome)
    assert not any(word in text for word in ("colour", "elsewhere", "yesterday", "pdf", "1980"))


@pytest.mark.parametrize(
    ("operation", "parameter"),
    [(one, parameter) for one in OPERATIONS.values() for parameter in one.parameters if parameter.is_resource],
    ids=lambda one: f"{one.resource_type}-{one.name}" if hasattr(one, "resource_type") else one.name,
)
def test_a_resource_stands_in_the_member_for_resources_and_nowhere_else(fhir, operation, parameter):
    """A FHIR data type in its place has no resourceType to go by."""
    path = f"/fhir/{operation.resource_type}/${operation.name}"
    for member, value in (
        (f"value{parameter.type}", {"code": "1751-7"}),
        (f"value{parameter.type}", {"resourceType": parameter.type, "status": "active"}),
        ("resource", {"code": "1751-7"}),
        ("resource", {"resourceType": "Patient"}),
    ):
        sent = {"resourceType": "Parameters", "parameter": [{"name": parameter.name, member: value}]}
        (issue,) = answered(fhir.http.post(path, json=sent), 400)["issue"]
        assert parameter.name in issue["diagnostics"]
        assert issue["expression"][0].startswith("Parameters.parameter[0]")


@pytest.mark.pd("PD-025", "PD-241")
def test_a_plan_that_cannot_be_processed_is_422_with_what_is_missing(fhir):
    plan = PLAN | {"library": [f"{BASE}/Library/Other"], "url": f"{BASE}/PlanDefinition/sent"}
    outcome = post(fhir, "/fhir/PlanDefinition/$apply", 422, planDefinition=plan, subject="Patient/p1", data=DATA)
    assert f"{BASE}/Library/Other" in outcome["issue"][0]["diagnostics"]
    invalid = PLAN | {"status": "somewhen"}
    outcome = post(fhir, "/fhir/PlanDefinition/$apply", 422, planDefinition=invalid, subject="Patient/p1", data=DATA)
    assert "PlanDefinition.status" in outcome["issue"][0]["diagnostics"]
    assert "somewhen" not in json.dumps(outcome)


@pytest.mark.parametrize(
    ("parts", "limit"),
    [
        ({"action": [{"title": "A"}] * (MAX_ACTIONS + 1)}, f"{MAX_ACTIONS} actions"),
        ({"action": [{"title": "A", "action": [{"title": "B"}] * MAX_ACTIONS}]}, f"{MAX_ACTIONS} actions"),
        ({"useContext": [{}] * MAX_ELEMENTS}, f"{MAX_ELEMENTS} elements"),
        (
            {"action": [{"condition": when("'" + "a" * MAX_LOGIC + "'", "text/fhirpath")}]},
            f"{MAX_LOGIC} characters in its expressions",
        ),
    ],
    ids=["wide", "deep", "elements", "expressions"],
)
def test_a_plan_that_is_too_large_for_a_call_is_422_with_the_parameter_and_the_limit(fhir, parts, limit):
    sent = {"planDefinition": {**PLAN, **parts}, "subject": "Patient/p1", "data": DATA}
    (issue,) = post(fhir, "/fhir/PlanDefinition/$apply", 422, **sent)["issue"]
    assert (issue["code"], issue["expression"]) == ("too-costly", ["planDefinition"])
    assert limit in issue["diagnostics"]


@pytest.mark.pd("PD-004", "PD-005", "PD-037", "PD-038", "PD-050")
def test_what_the_call_says_of_user_and_setting_is_seen_by_expressions(fhir):
    inpatient = {"coding": [{"code": "IMP"}]}
    result = post(
        fhir,
        APPLY,
        subject="Patient/p1",
        data=DATA,
        setting=inpatient,
        practitioner="Practitioner/7",
        encounter="Encounter/3",
    )
    assert ids_of(result) == ["measured", "signed", "inpatient", "seen-by"]
    group, request = (
        next(one for one in contents(result) if one["resourceType"] == kind)
        for kind in ("RequestGroup", "ServiceRequest")
    )
    assert group["author"] == request["requester"] == result["author"] == {"reference": "Practitioner/7"}
    assert group["encounter"] == request["encounter"] == result["encounter"] == {"reference": "Encounter/3"}
    other = post(fhir, APPLY, subject="Patient/p1", data=DATA, setting={"coding": [{"code": "AMB"}]})
    assert "inpatient" not in ids_of(other)


@pytest.mark.pd("PD-002", "PD-003", "PD-032", "PD-036", "PD-252")
def test_several_subjects_are_resolved_by_type_and_several_patients_get_one_result_each(fhir):
    ward = {"resourceType": "Location", "id": "w7", "name": "Ward 7"}
    both = post(fhir, APPLY, subject=["Patient/p1", "Location/w7"], data=bundle(PATIENT, EGFR, ward))
    assert ids_of(both) == ["measured", "signed", "ward"]
    requests = [one for one in contents(both) if one["resourceType"] == "ServiceRequest"]
    assert [one["subject"]["reference"] for one in requests] == ["Patient/p1", "Location/w7"]

    second = PATIENT | {"id": "p2"}
    answer = post(fhir, APPLY, subject=["Patient/p1", "Patient/p2"], data=bundle(PATIENT, EGFR, second))
    results = [one["resource"] for one in answer["parameter"]]
    assert [one["subject"]["reference"] for one in results] == ["Patient/p1", "Patient/p2"]
    assert [ids_of(one) for one in results] == [["measured", "signed"], ["signed"]]


@pytest.mark.pd("PD-039", "PD-073", "PD-242")
def test_one_moment_counts_as_now_and_equal_calls_have_equal_answers(fhir):
    given = {"subject": "Patient/p1", "data": DATA, "evaluationTime": "2024-05-06T07:08:09Z"}
    first = fhir.http.post(APPLY, json=parameters(**given))
    assert first.content == fhir.http.post(APPLY, json=parameters(**given)).content
    group = next(one for one in contents(first.json()) if one["resourceType"] == "RequestGroup")
    assert group["authoredOn"].startswith("2024-05-06T07:08:09")


@pytest.mark.pd("PD-010")
def test_nothing_is_stored(fhir):
    before = get(fhir, "/fhir/PlanDefinition/demo"), get(fhir, "/fhir/ActivityDefinition/test")
    post(fhir, APPLY, subject="Patient/p1", data=DATA)
    assert (get(fhir, "/fhir/PlanDefinition/demo"), get(fhir, "/fhir/ActivityDefinition/test")) == before
    get(fhir, "/fhir/CarePlan/any", expected=404)


@pytest.mark.pd("PD-018", "PD-019", "PD-020", "PD-237")
def test_a_plan_that_is_not_for_use_is_applied_with_a_warning(fhir):
    period = {"start": "2000", "end": "2001"}
    sent = PLAN | {"status": "retired", "experimental": True, "effectivePeriod": period, "url": f"{BASE}/sent"}
    result = post(fhir, "/fhir/PlanDefinition/$apply", planDefinition=sent, subject="Patient/p1", data=DATA)
    (outcome,) = [one for one in contents(result) if one["resourceType"] == "OperationOutcome"]
    warned = [one["expression"][0] for one in outcome["issue"] if one["severity"] == "warning"]
    assert warned[:2] == ["PlanDefinition.status", "PlanDefinition.effectivePeriod"]
    assert ids_of(result) == ["measured", "signed"]


@pytest.mark.pd("PD-057", "PD-211", "PD-213")
def test_the_draft_orders_of_a_call_reach_the_shipped_logic_as_in_a_hook_call(server):
    """The recommendations of $apply with the hook's context as parameters are those of the hook call."""
    body = server.request("renal-failure", "order-select")
    drafts = [entry["resource"] for entry in body["context"]["draftOrders"]["entry"]]
    context = parameters(draftOrders=drafts, selections=body["context"]["selections"], hook="order-select")
    path = "/fhir/PlanDefinition/nl-lenalidomide/$apply"
    result = post(server, path, subject="Patient/renal-failure", fhirServer=server.fhir, parameters=context)
    cards = server.call("nl-lenalidomide-order-select", body).json()["cards"]
    recommended = {coding["code"] for coding in codes_of(actions_of(result))}
    shown = {card["source"]["topic"]["code"] for card in cards}
    assert "nl-lenalidomide-renal-mm-severe" in shown
    assert shown <= recommended
    # $apply without a hook applies every action: what it has beyond the cards answers other hooks, or names a fold.
    plan = server.http.get("/fhir/PlanDefinition/nl-lenalidomide").json()
    asked = [each for each in plan["action"] if any(one["name"] == "order-select" for one in each.get("trigger", ()))]
    of_the_hook = {coding["code"] for coding in codes_of(asked)}
    assert recommended & of_the_hook == shown & of_the_hook


def codes_of(actions):
    """Every coding of the actions, those inside others included: a card may fold several."""
    for action in actions:
        yield from (coding for code in action.get("code", ()) for coding in code["coding"])
        yield from codes_of(action.get("action", ()))


@pytest.mark.pd("PD-061", "PD-241")
def test_a_call_that_does_not_end_in_time_is_503(fhir):
    endless = when("(1 | 2).repeat($this + 1).exists()", "text/fhirpath")
    sent = PLAN | {"action": [{"id": "a", "title": "A", "condition": endless}], "url": f"{BASE}/endless"}
    with running(content=(fhir.settings.content[0],), sandbox=False, deadline_ms=300) as hurried:
        given = {"planDefinition": sent, "subject": "Patient/p1", "data": DATA}
        outcome = post(hurried, "/fhir/PlanDefinition/$apply", 503, **given)
    assert outcome["issue"][0]["code"] == "timeout"


# ActivityDefinition/$apply, Library/$evaluate, $data-requirements


@pytest.mark.pd("PD-013", "PD-155")
def test_an_activity_is_applied_with_the_intent_it_defines(fhir):
    path = "/fhir/ActivityDefinition/test/$apply"
    made = post(fhir, path, subject="Patient/p1", data=DATA)
    assert (made["resourceType"], made["intent"], made["status"]) == ("ServiceRequest", "order", "draft")
    kindless = {name: value for name, value in ACTIVITY.items() if name != "kind"} | {"url": f"{BASE}/kindless"}
    sent = {"activityDefinition": kindless, "subject": "Patient/p1", "data": DATA}
    outcome = post(fhir, "/fhir/ActivityDefinition/$apply", 422, **sent)
    assert "kind" in outcome["issue"][0]["diagnostics"]


@pytest.mark.pd("PD-056")
def test_a_library_is_evaluated_definition_by_definition(fhir):
    path = "/fhir/Library/logic/$evaluate"
    answer = post(fhir, path, subject="Patient/p1", data=DATA, expression=["Has Observation"])
    assert answer["parameter"] == [{"name": "Has Observation", "valueBoolean": True}]
    everything = post(fhir, path, subject="Patient/p1", data=bundle(PATIENT))
    assert {one["name"]: one["valueBoolean"] for one in everything["parameter"]} == {
        "Yes": True,
        "Has Observation": False,
        "In Set": False,
    }
    post(fhir, path, 400, subject="Patient/p1", data=DATA, expression="No Such")


@pytest.mark.pd("PD-014", "PD-184")
@pytest.mark.parametrize(
    ("path", "types"),
    [
        ("PlanDefinition/demo", ["Patient", "Observation"]),
        ("Library/logic", ["Patient", "Observation", "Condition"]),
        ("ActivityDefinition/test", ["Patient"]),
    ],
)
def test_data_requirements_are_a_module_definition(fhir, path, types):
    library_ = get(fhir, f"/fhir/{path}/$data-requirements")
    assert library_["type"]["coding"][0]["code"] == "module-definition"
    assert [one["type"] for one in library_["dataRequirement"]] == types


# Terminology


def test_a_value_set_is_expanded_filtered_and_paged(fhir):
    whole = get(fhir, "/fhir/ValueSet/drugs/$expand")["expansion"]
    assert [(one["code"], one["display"]) for one in whole["contains"]] == [("a", "Aspirin"), ("b", "Bisoprolol")]
    url = VALUE_SET["url"]
    assert get(fhir, "/fhir/ValueSet/$expand", url=url, filter="BIS")["expansion"]["contains"][0]["code"] == "b"
    page = get(fhir, "/fhir/ValueSet/$expand", url=f"{url}|1", count="1", offset="1")["expansion"]
    assert ([one["code"] for one in page["contains"]], page["total"], page["offset"]) == (["b"], 2, 1)
    sent = {name: value for name, value in VALUE_SET.items() if name != "url"}
    assert post(fhir, "/fhir/ValueSet/$expand", valueSet=sent)["expansion"]["total"] == 2
    get(fhir, "/fhir/ValueSet/$expand", expected=404, url="urn:none")
    get(fhir, "/fhir/ValueSet/$expand", expected=422, url=PATTERN["url"])


@pytest.mark.pd("PD-058")
def test_a_code_is_in_a_value_set_or_not_or_it_cannot_be_known(fhir):
    def result(**query: str) -> dict[str, Any]:
        answer = get(fhir, "/fhir/ValueSet/$validate-code", **query)
        return {
            one["name"]: next(value for name, value in one.items() if name != "name") for one in answer["parameter"]
        }

    assert result(url=VALUE_SET["url"], system="urn:drugs", code="a") == {"result": True, "display": "Aspirin"}
    assert result(url=VALUE_SET["url"], system="urn:drugs", code="z")["result"] is False
    assert result(url=PATTERN["url"], system="urn:icd", code="C90.00")["result"] is True
    concept = {"coding": [{"system": "urn:x", "code": "z"}, {"system": "urn:drugs", "code": "b"}]}
    answer = post(fhir, "/fhir/ValueSet/drugs/$validate-code", codeableConcept=concept)
    assert answer["parameter"][0] == {"name": "result", "valueBoolean": True}
    unknown = copy.deepcopy(VALUE_SET)
    unknown["compose"]["include"][0] = {"system": "urn:x", "filter": [{"property": "p", "op": "=", "value": "v"}]}
    post(fhir, "/fhir/ValueSet/$validate-code", 422, valueSet=unknown, code="a", system="urn:x")
    get(fhir, "/fhir/ValueSet/$validate-code", expected=400, url=VALUE_SET["url"])


def test_a_code_is_translated_by_one_map_or_by_all(fhir):
    for path, given in (
        ("/fhir/ConceptMap/$translate", {}),
        ("/fhir/ConceptMap/$translate", {"url": MAP["url"]}),
        ("/fhir/ConceptMap/map/$translate", {}),
    ):
        answer = get(fhir, path, system="urn:local", code="x", **given)
        (match,) = [one for one in answer["parameter"] if one["name"] == "match"]
        assert match["part"][1]["valueCoding"] == {"system": "urn:drugs", "code": "a", "display": "Aspirin"}
    none = get(fhir, "/fhir/ConceptMap/map/$translate", system="urn:local", code="y")
    assert none["parameter"] == [{"name": "result", "valueBoolean": False}]
    get(fhir, "/fhir/ConceptMap/map/$translate", expected=400, system="urn:local", code="x", reverse="true")


# Who calls


def test_every_call_but_metadata_asks_who_calls(tmp_path):
    write(tmp_path / "content", *CONTENT)
    options = {"client_auth": "jwt", "clients": clients_file(tmp_path), "public_url": PUBLIC_URL}
    with running(content=(tmp_path / "content",), sandbox=False, **options) as started:
        assert started.http.get("/fhir/metadata").status_code == 200
        paths = ("/fhir/PlanDefinition", "/fhir/PlanDefinition/demo", "/fhir/PlanDefinition/demo/$apply")
        for path in (*paths, "/fhir/RequestGroup/$choose"):
            assert started.http.get(path).status_code == 401, path
            assert started.http.get(path, headers=bearer(path)).status_code in (200, 400)
