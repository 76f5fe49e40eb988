"""The context of every hook: what the tables of the library ask for, and what real clients send instead."""

from __future__ import annotations

import pytest

from cds.content.guideline import HOOKS as PUBLISHED
from cds.content.guideline import is_hook
from cds.errors import BadRequest
from cds.hooks.context import read_context
from cds.hooks.contexts import HOOKS, hook_definition
from cds.hooks.request import CDSRequest

ALLERGY = {"resourceType": "AllergyIntolerance", "id": "a1"}
CHART = {"userId": "Practitioner/1", "patientId": "p1"}


def read(hook, **context):
    return read_context(HOOKS[hook], {**CHART, **context})


def refused(hook, **context):
    with pytest.raises(BadRequest) as refusal:
        read(hook, **context)
    return refusal.value.expressions[0]


def test_every_hook_of_the_library_is_known_to_content_and_to_the_wire():
    assert set(HOOKS) == PUBLISHED


@pytest.mark.ch("CH-041")
def test_an_organisations_own_hook_is_named_in_reverse_domain_form():
    assert is_hook("org.example.tumour-board")
    assert is_hook("com.hospital.x_y.Rounds")
    assert not any(is_hook(name) for name in ("tumour-board", "org.", ".x", "org..x", "org.example x", "Org.example"))


@pytest.mark.parametrize("field", ["draftOrders", "selections", "fulfillmentTasks", "medications", "conditions"])
@pytest.mark.ch("CH-047")
def test_no_token_stands_for_a_field_that_the_tables_exclude(field):
    assert all(field not in hook.tokens for hook in HOOKS.values())


@pytest.mark.ch("CH-176")
def test_order_dispatch_1_0_is_read_as_1_1():
    task = {"resourceType": "Task", "status": "draft"}
    old = {"patientId": "p1", "performer": "Organization/1", "order": "ServiceRequest/1", "task": task}
    read = read_context(HOOKS["order-dispatch"], old)
    assert read["dispatchedOrders"] == ["ServiceRequest/1"]
    assert read["fulfillmentTasks"] == [task]


def test_the_name_of_the_table_wins_over_an_older_name():
    context = {"patientId": "p1", "performer": "Organization/1", "order": "A/1", "dispatchedOrders": ["B/2"]}
    assert read_context(HOOKS["order-dispatch"], context)["dispatchedOrders"] == ["B/2"]


@pytest.mark.parametrize(
    "sent",
    [
        {"allergyIntolerance": ALLERGY},
        {"allergyIntolerance": {"resource": ALLERGY}},
        {"allergyIntolerances": {"resourceType": "Bundle", "entry": [{"resource": ALLERGY}]}},
    ],
)
@pytest.mark.ch("CH-179")
def test_an_allergy_is_read_as_the_table_and_as_the_samples_of_the_page_have_it(sent):
    assert read("allergyintolerance-create", **sent)["allergyIntolerance"] == ALLERGY


def test_more_than_one_resource_where_the_table_has_one_is_refused():
    two = {"resourceType": "Bundle", "entry": [{"resource": ALLERGY}, {"resource": ALLERGY}]}
    assert refused("allergyintolerance-create", allergyIntolerances=two) == "context.allergyIntolerance"


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({}, "context.draftOrders is missing: this hook requires a FHIR Bundle"),
        ({"draftOrders": None}, "context.draftOrders is missing: this hook requires a FHIR Bundle"),
        ({"draftOrders": []}, "context.draftOrders is empty: this hook requires a FHIR Bundle"),
        ({"draftOrders": {}}, "context.draftOrders is empty: this hook requires a FHIR Bundle"),
        ({"draftOrders": [ALLERGY]}, "context.draftOrders must be a FHIR Bundle"),
    ],
)
def test_a_required_field_that_is_there_and_empty_is_not_called_missing(context, said):
    with pytest.raises(BadRequest) as refusal:
        read("order-sign", **context)
    assert str(refusal.value) == said


@pytest.mark.parametrize("hook", sorted(hook for hook in HOOKS if HOOKS[hook].carried))
@pytest.mark.ch("CH-038")
def test_what_a_hook_carries_is_read_as_resources(hook):
    definition = hook_definition(hook)
    resource = {"resourceType": "MedicationRequest", "id": "m1"}
    fields = {each.name: each for each in definition.fields}
    shapes = {
        "BUNDLE": {"resourceType": "Bundle", "entry": [{"resource": resource}]},
        "RESOURCE": resource,
        "RESOURCES": [resource],
    }
    context = {**CHART, "dispatchedOrders": ["ServiceRequest/1"], "performer": "Organization/1"}
    context[definition.carried] = shapes[fields[definition.carried].kind.name]
    request = CDSRequest.from_json({"hook": hook, "hookInstance": "i", "context": context})
    assert request.draft_orders == [resource]


@pytest.mark.parametrize(
    ("hook", "context", "field"),
    [
        ("patient-view", {"userId": "Practitioner/1 or 2"}, "userId"),
        ("patient-view", {"encounterId": "../1"}, "encounterId"),
        ("order-dispatch", {"dispatchedOrders": [5], "performer": "Organization/1"}, "dispatchedOrders"),
        ("order-dispatch", {"dispatchedOrders": ["S/1"], "performer": {"reference": "x"}}, "performer"),
        ("order-sign", {"draftOrders": [ALLERGY]}, "draftOrders"),
        ("order-sign", {"draftOrders": {"resourceType": "Bundle", "entry": {}}}, "draftOrders.entry"),
        ("medication-verify", {"medication": "m1"}, "medication"),
    ],
)
@pytest.mark.ch("CH-031", "CH-183")
def test_a_field_of_another_type_is_named(hook, context, field):
    assert refused(hook, **context) == f"context.{field}"


@pytest.mark.ch("CH-037")
def test_a_resource_of_an_older_fhir_version_gets_a_clear_refusal():
    drafts = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "MedicationOrder"}}]}
    with pytest.raises(BadRequest, match="R4"):
        read("order-sign", draftOrders=drafts)


def test_an_empty_optional_field_counts_as_not_sent():
    assert "encounterId" not in read("patient-view", encounterId="")
    assert "selections" not in read("order-select", selections=[], draftOrders={"resourceType": "Bundle"})
