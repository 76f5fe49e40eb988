"""A resource that is surely valid is valid; what decides about that is asked once for resources of one kind."""

import copy
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.content.artifact import Artifact
from cds.content.validation import validate
from cds.reasoning import validity
from cds.reasoning.validity import is_surely_valid, shared_members

ORDER = {
    "resourceType": "MedicationRequest",
    "id": "medicationrequest-1",
    "contained": [{"resourceType": "Medication", "id": "m", "code": {"text": "a drug"}}],
    "extension": [{"url": "http://example.org/x", "valueString": "text"}],
    "status": "draft",
    "intent": "option",
    "priority": "urgent",
    "medicationCodeableConcept": {"coding": [{"system": "http://example.org", "code": "a", "display": "A"}]},
    "subject": {"reference": "Patient/1", "display": "somebody"},
    "authoredOn": "2026-01-15T12:00:00+01:00",
    "note": [{"time": "2026-01-15T12:00:00Z", "text": "first\nsecond"}],
    "dosageInstruction": [
        {
            "text": "one",
            "timing": {"event": ["2026-01-15"], "repeat": {"frequency": 1, "period": Decimal(1), "periodUnit": "d"}},
            "doseAndRate": [{"doseQuantity": {"value": Decimal("10.50"), "unit": "mg"}}],
        }
    ],
}


def _faults(resource):
    return [*validate(Artifact(resource, file="", root=""))]


def _places(value, place=()):
    yield place
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(item, (*place, name))


def _with(value, place, new):
    changed = copy.deepcopy(value)
    holder = changed
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = new
    return changed


_ODD = ["", " ", "\n", "x", "not-a-code", "Patient/1", "2026-02-30T12:00:00Z", "2026-01-15T12:00:00", "2026", "a b"]
_ODD += [0, -1, 1.5, True, None, Decimal("NaN"), Decimal("0.10"), 2**40, [], {}, [None], {"resourceType": "Patient"}]
_ODD += [{"reference": "Patient/"}, "Ünï", "a" * 300, "2026-01-15T24:00:00Z", "2026-01-15T12:00:60Z", "\u2003"]


@settings(max_examples=600)
@given(st.sampled_from([*_places(ORDER)][1:]), st.sampled_from(_ODD))
def test_what_is_surely_valid_is_valid(place, odd):
    changed = _with(ORDER, place, odd)
    if is_surely_valid(changed):
        assert _faults(changed) == []


def test_a_valid_order_is_surely_valid_and_other_values_of_the_same_order_need_no_further_check(monkeypatch):
    assert is_surely_valid(ORDER)
    monkeypatch.setattr(validity, "validate", lambda _: pytest.fail("it was checked before"))
    for place, value in (
        (("id",), "medicationrequest-2"),
        (("subject", "reference"), "Patient/2"),
        (("subject", "display"), "somebody else"),
        (("authoredOn",), "2027-06-30T08:30:00.5Z"),
        (("dosageInstruction", 0, "doseAndRate", 0, "doseQuantity", "value"), Decimal("7.5")),
        (("dosageInstruction", 0, "text"), "another\ttext"),
    ):
        assert is_surely_valid(_with(ORDER, place, value)), place


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("status",), "drafted"),
        (("priority",), "high"),
        (("authoredOn",), "2026-02-30T12:00:00Z"),
        (("authoredOn",), None),
        (("id",), "a b"),
        (("subject",), "Patient/1"),
        (("dosageInstruction", 0, "text"), ""),
        (("dosageInstruction", 0, "doseAndRate", 0, "doseQuantity", "value"), "ten"),
        (("dosageInstruction", 0, "doseAndRate", 0, "doseQuantity", "dose"), 1),
        (("contained", 0, "code"), "a drug"),
        (("contained", 0, "resourceType"), "Drug"),
    ],
)
def test_a_fault_is_seen_also_after_the_same_order_without_it(place, value):
    assert is_surely_valid(ORDER)
    assert not is_surely_valid(_with(ORDER, place, value))


@settings(max_examples=300)
@given(st.sampled_from([*_places(ORDER)][1:]), st.sampled_from(_ODD), st.sampled_from(["same", "equal", "other"]))
def test_what_is_shared_changes_nothing_about_the_answer(place, odd, shared):
    changed = _with(ORDER, place, odd)
    known = {"same": changed, "equal": copy.deepcopy(changed), "other": ORDER}[shared]
    try:
        members = shared_members(known)
    except (KeyError, TypeError):  # NaN, or a contained object of no type: no content is made of these
        return
    assert is_surely_valid(changed, members) == is_surely_valid(changed)


def test_what_is_shared_is_not_looked_through_again(monkeypatch):
    members = shared_members(ORDER)
    monkeypatch.setattr(validity, "_is_text", lambda _: pytest.fail("it was looked through before"))
    assert is_surely_valid(dict(ORDER), members)
