"""The states of a prefetch key (CH-061 to CH-071): looked up and not there is a fact, all else is not known."""

from __future__ import annotations

import pytest

from cds.data.prefetch import PrefetchState, read_prefetch
from cds.data.prefetch_templates import PrefetchQuery
from tests.unit.data.small_guideline import condition, order

CONDITIONS = PrefetchQuery(key="conditions", template="Condition?patient=1", resource_type="Condition")
ORDERS = PrefetchQuery(key="orders", template="MedicationRequest?patient=1", resource_type="MedicationRequest")
PATIENT = PrefetchQuery(key="patient", template="Patient/1", resource_type="Patient")
ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


def outcome(severity: str, code: str):
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}


WARNING = outcome("warning", "informational")


def bundle(*resources, **more):
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **more}


def link(relation: str, url: str):
    return {"link": [{"relation": relation, "url": url}]}


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (None, PrefetchState.ABSENT),
        (bundle(), PrefetchState.ABSENT),
        ({"resourceType": "Bundle", "type": "searchset", "total": 0}, PrefetchState.ABSENT),
        (bundle(WARNING), PrefetchState.ABSENT),
        (bundle(condition("a", "C90.0")), PrefetchState.RECEIVED),
        (bundle(condition("a", "C90.0"), WARNING), PrefetchState.RECEIVED),
        (bundle(condition("a", "C90.0"), type="collection"), PrefetchState.RECEIVED),
        (bundle(condition("a", "C90.0"), **link("self", "Condition?patient=1")), PrefetchState.RECEIVED),
        (bundle(condition("a", "C90.0"), total=1), PrefetchState.RECEIVED),
        (bundle(condition("a", "C90.0"), total=2), PrefetchState.INCOMPLETE),
        (bundle(condition("a", "C90.0"), **link("next", "Condition?page=2")), PrefetchState.INCOMPLETE),
        (bundle(total=3), PrefetchState.INCOMPLETE),
        (bundle(total=None), PrefetchState.ABSENT),
        (bundle(total="3"), PrefetchState.INVALID),
        (bundle(outcome("warning", "incomplete")), PrefetchState.FAILED),
        (bundle(condition("a", "C90.0"), outcome("information", "timeout")), PrefetchState.FAILED),
        (ERROR, PrefetchState.FAILED),
        (WARNING, PrefetchState.FAILED),
        (bundle(ERROR), PrefetchState.FAILED),
        (bundle(condition("a", "C90.0"), ERROR), PrefetchState.FAILED),
        (bundle({"resourceType": "OperationOutcome"}), PrefetchState.FAILED),
        (bundle(**link("self", "Condition?patient={{context.patientId}}")), PrefetchState.MISSING),
        (bundle(**link("self", "Condition?patient=%7B%7Bcontext.patientId%7D%7D")), PrefetchState.MISSING),
        (condition("a", "C90.0"), PrefetchState.INVALID),
        (bundle(order("a")), PrefetchState.INVALID),
        (bundle(type="history"), PrefetchState.INVALID),
        ({"resourceType": "Bundle", "type": "searchset", "entry": [{"fullUrl": "x"}]}, PrefetchState.INVALID),
        ({"resourceType": "Bundle", "type": "searchset", "entry": ["x"]}, PrefetchState.INVALID),
        ({"resourceType": "Bundle", "type": "searchset", "entry": {}}, PrefetchState.INVALID),
        ("Condition/1", PrefetchState.INVALID),
        ([], PrefetchState.INVALID),
    ],
)
def test_every_value_of_a_search_has_its_state(value, state):
    assert read_prefetch({"conditions": value}, CONDITIONS).state is state


@pytest.mark.parametrize("prefetch", [None, {}, {"other": None}])
def test_a_key_that_was_not_sent_was_not_looked_up(prefetch):
    assert read_prefetch(prefetch, CONDITIONS).state is PrefetchState.MISSING


@pytest.mark.parametrize(
    ("value", "settled"),
    [(None, True), (bundle(condition("a", "C90.0")), True), (ERROR, False), (bundle(total=3), False)],
)
def test_only_received_and_absent_need_no_further_read(value, settled):
    assert read_prefetch({"conditions": value}, CONDITIONS).is_settled is settled


def test_a_read_takes_the_resource_or_a_bundle_with_it():
    patient = {"resourceType": "Patient", "id": "1"}
    assert read_prefetch({"patient": patient}, PATIENT).resources == (patient,)
    assert read_prefetch({"patient": bundle(patient)}, PATIENT).resources == (patient,)
    assert read_prefetch({"patient": condition("a", "b")}, PATIENT).state is PrefetchState.INVALID


def test_included_medications_come_along_and_others_do_not():
    medication = {"resourceType": "Medication", "id": "m"}
    practitioner = {"resourceType": "Practitioner", "id": "p"}
    received = read_prefetch({"orders": bundle(order("a"), medication, practitioner)}, ORDERS)
    assert [resource["resourceType"] for resource in received.resources] == ["MedicationRequest", "Medication"]


def test_an_included_resource_is_not_counted_as_a_match():
    value = bundle(order("a"), total=1)
    value["entry"].append({"resource": {"resourceType": "Medication", "id": "m"}, "search": {"mode": "include"}})
    assert read_prefetch({"orders": value}, ORDERS).state is PrefetchState.RECEIVED
