"""Reading a hook call: checklist CH-027 … CH-040, CH-171 … CH-184; hostile inputs 16, 17, 29."""

from __future__ import annotations

import copy
from datetime import UTC, datetime

import pytest

from cds.errors import BadRequest
from cds.hooks.contexts import HOOKS
from cds.hooks.request import CDSRequest

BASE = {
    "hook": "patient-view",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {"userId": "Practitioner/1", "patientId": "p1"},
}
ORDERS = {
    "resourceType": "Bundle",
    "entry": [{"resource": {"resourceType": "MedicationRequest", "id": "m1"}}],
}
FIELDS = {
    "userId": "Practitioner/1",
    "patientId": "p1",
    "encounterId": "e1",
    "draftOrders": ORDERS,
    "dispatchedOrders": ["ServiceRequest/1"],
    "performer": "Organization/1",
    "appointments": ORDERS,
    "medications": ORDERS,
    "conditions": ORDERS,
    "allergyIntolerance": {"resourceType": "AllergyIntolerance"},
    "medication": {"resourceType": "MedicationRequest"},
}


# fmt: off
CONTEXT_ROWS = [
    "CH-171", "CH-172", "CH-173", "CH-174", "CH-175", "CH-176", "CH-177", "CH-178", "CH-179", "CH-180", "CH-181",
]
# fmt: on


def request(**changes):
    return {**copy.deepcopy(BASE), **changes}


@pytest.mark.parametrize("hook", sorted(HOOKS))
@pytest.mark.ch(
    "CH-171", "CH-172", "CH-173", "CH-174", "CH-175", "CH-176", "CH-177", "CH-178", "CH-179", "CH-180", "CH-181"
)
def test_every_hook_of_the_library_is_read_with_its_required_fields(hook):
    context = {name: FIELDS[name] for name in HOOKS[hook].required}
    assert CDSRequest.from_json(request(hook=hook, context=context)).patient_id == "p1"


@pytest.mark.parametrize(("hook", "field"), [(hook, field) for hook in sorted(HOOKS) for field in HOOKS[hook].required])
@pytest.mark.ch(
    "CH-031",
    "CH-171",
    "CH-172",
    "CH-173",
    "CH-174",
    "CH-175",
    "CH-176",
    "CH-177",
    "CH-178",
    "CH-179",
    "CH-180",
    "CH-181",
)
def test_a_required_context_field_that_is_missing_is_named(hook, field):
    context = {name: FIELDS[name] for name in HOOKS[hook].required if name != field}
    with pytest.raises(BadRequest) as refused:
        CDSRequest.from_json(request(hook=hook, context=context))
    assert refused.value.expressions == (f"context.{field}",)


@pytest.mark.parametrize("member", ["hook", "hookInstance", "context"])
@pytest.mark.parametrize("value", [..., None, 5, [], ""])
@pytest.mark.ch("CH-028", "CH-029", "CH-031")
def test_a_missing_or_mistyped_member_is_named(member, value):
    body = request()
    if value is ...:
        del body[member]
    else:
        body[member] = value
    with pytest.raises(BadRequest) as refused:
        CDSRequest.from_json(body)
    assert refused.value.expressions == (member,)


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(BadRequest, match="JSON object"):
        CDSRequest.from_json(body)


@pytest.mark.parametrize("patient", [5, "../1", "1?_include=*", "a b", "x" * 65, {"id": 1}])
@pytest.mark.ch("CH-184")
def test_a_patient_id_that_is_no_fhir_id_is_refused_without_an_echo(patient):
    with pytest.raises(BadRequest) as refused:
        CDSRequest.from_json(request(context={"userId": "Practitioner/1", "patientId": patient}))
    assert refused.value.expressions == ("context.patientId",)
    assert str(patient) not in str(refused.value)


@pytest.mark.ch("CH-184")
def test_a_patient_prefix_in_the_id_is_taken_off():
    body = request(context={"userId": "Practitioner/1", "patientId": "Patient/p1"})
    assert CDSRequest.from_json(body).patient_id == "p1"


@pytest.mark.ch("CH-036")
def test_unknown_members_and_extensions_are_ignored():
    body = request(extension={"a": 1}, __proto__={}, future=1)
    body["context"]["unknown"] = 1
    assert CDSRequest.from_json(body).hook == "patient-view"


@pytest.mark.ch("CH-040", "CH-182")
def test_a_custom_hook_needs_a_patient_only():
    assert CDSRequest.from_json(request(hook="org.example.tumour-board", context={"patientId": "p1"})).user_id is None


@pytest.mark.ch("CH-032")
def test_a_token_without_a_server_is_refused():
    with pytest.raises(BadRequest) as refused:
        CDSRequest.from_json(request(fhirAuthorization={"access_token": "secret"}))
    assert refused.value.expressions == ("fhirServer",)


def test_a_token_with_control_characters_is_refused_and_never_shown():
    body = request(fhirServer="https://f.example", fhirAuthorization={"access_token": "secret\r\nX: y"})
    with pytest.raises(BadRequest) as refused:
        CDSRequest.from_json(body)
    assert "secret" not in str(refused.value)


@pytest.mark.ch("CH-079")
def test_a_token_for_another_patient_is_refused():
    body = request(fhirServer="https://f.example", fhirAuthorization={"access_token": "t", "patient": "p2"})
    with pytest.raises(BadRequest) as refused:
        CDSRequest.from_json(body)
    assert refused.value.expressions == ("fhirAuthorization.patient",)


@pytest.mark.parametrize(
    ("authorization", "usable"),
    [
        ({"access_token": "t"}, True),
        ({"access_token": "t", "token_type": "bearer"}, True),
        ({"access_token": "t", "token_type": "mac"}, False),
        ({"access_token": "t", "expires_in": 0}, False),
        ({"access_token": "t", "expires_in": -1}, False),
        ({"access_token": "t t"}, False),
        ({"access_token": "t" * 16_384}, True),
        ({"access_token": "t" * 16_385}, False),
    ],
)
@pytest.mark.ch("CH-074", "CH-075", "CH-076", "CH-077", "CH-078")
def test_only_a_living_bearer_token_is_usable(authorization, usable):
    body = request(fhirServer="https://f.example", fhirAuthorization=authorization)
    assert CDSRequest.from_json(body).fhir_authorization.usable is usable


@pytest.mark.ch("CH-080")
def test_the_token_does_not_show_in_the_representation():
    body = request(fhirServer="https://f.example", fhirAuthorization={"access_token": "canary-token"})
    assert "canary-token" not in repr(CDSRequest.from_json(body))


def order(**context):
    return request(hook="order-select", context={**BASE["context"], "draftOrders": ORDERS, **context})


@pytest.mark.ch("CH-172", "CH-183")
def test_selections_are_references_and_a_bare_id_is_completed():
    assert CDSRequest.from_json(order(selections=["MedicationRequest/m1"])).selections == ["MedicationRequest/m1"]
    assert CDSRequest.from_json(order(selections=["m1"])).selections == ["MedicationRequest/m1"]
    assert CDSRequest.from_json(order()).selections is None


@pytest.mark.parametrize("drafts", [{"resourceType": "MedicationRequest"}, {"resourceType": "Bundle", "entry": [{}]}])
def test_drafts_that_are_no_bundle_of_resources_are_refused(drafts):
    with pytest.raises(BadRequest) as refused:
        CDSRequest.from_json(order(draftOrders=drafts))
    assert refused.value.expressions[0].startswith("context.draftOrders")


def test_token_values_are_context_fields_the_user_and_today():
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert CDSRequest.from_json(request()).token_values(now) == {
        "context.userId": "Practitioner/1",
        "context.patientId": "p1",
        "userPractitionerId": "1",
        "today()": "2026-03-02",
    }
