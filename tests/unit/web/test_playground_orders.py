"""The draft order as a form, and what accepting a suggestion does to drafts and record."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from cds.errors import BadRequest
from cds.sandbox.store import FHIRStore
from cds.sandbox.synthetic_patients import STORIES, find_story
from cds.web.playground.accepted_actions import accept
from cds.web.playground.order_form import drug_choices, edited, form_of
from cds.web.playground.visits import Visit

TODAY = date(2026, 3, 2)
DRUGS = drug_choices(STORIES, TODAY)
VENETOCLAX = next(key for key, concept in DRUGS.items() if concept["text"] == "venetoclax")


def draft(patient="renal-failure"):
    return find_story(patient).chart(TODAY).drafts[0]


def visit(hook="order-select", patient="renal-failure"):
    return Visit(find_story(patient), [draft(patient)], hook)


def test_an_unchanged_form_sends_the_draft_as_it_was():
    form = form_of(draft())
    fields = {"drug": form.drug, "dose": form.dose, "schedule": form.schedule}
    assert edited(draft(), fields, DRUGS) == draft()


def test_a_changed_dose_keeps_unit_schedule_and_days_of_the_cycle():
    changed = edited(draft(), {"dose": "7.5"}, DRUGS)["dosageInstruction"][0]
    quantity = changed["doseAndRate"][0]["doseQuantity"]
    assert (quantity["value"], quantity["code"]) == (Decimal("7.5"), "mg")
    assert changed["text"] == "7.5 mg once daily on days 1-21 of a 28-day cycle"
    before = draft()["dosageInstruction"][0]["timing"]
    assert changed["timing"]["extension"] == before["extension"]
    assert changed["timing"]["repeat"]["boundsDuration"] == before["repeat"]["boundsDuration"]


def test_a_changed_schedule_is_structured_and_in_the_text():
    changed = edited(draft(), {"schedule": "1/2/d"}, DRUGS)["dosageInstruction"][0]
    assert (changed["timing"]["repeat"]["frequency"], changed["timing"]["repeat"]["period"]) == (1, 2)
    assert changed["text"].startswith("25 mg once every 2 days")


def test_another_drug_replaces_a_reference_to_a_product():
    changed = edited(draft("normal-kidneys"), {"drug": VENETOCLAX}, DRUGS)
    assert "medicationReference" not in changed
    assert changed["medicationCodeableConcept"]["text"] == "venetoclax"


@pytest.mark.parametrize("dose", ["a lot", "1,000", "0", "-5", "NaN", "Infinity", "100000"])
def test_a_dose_that_is_no_dose_is_refused(dose):
    with pytest.raises(BadRequest, match="number above 0"):
        edited(draft(), {"dose": dose}, DRUGS)


def test_a_text_only_dose_is_an_empty_field_and_stays_text():
    written = draft("unreadable-results")
    assert form_of(written).dose == ""
    assert edited(written, {"dose": "", "schedule": ""}, DRUGS) == written


def suggestion(*actions):
    return {"label": "x", "uuid": "1", "actions": [{"description": "do", **action} for action in actions]}


def test_an_accepted_update_replaces_the_draft():
    here, store = visit(), FHIRStore()
    accept(suggestion({"type": "update", "resource": {**draft(), "priority": "urgent"}}), here, store)
    assert [each["priority"] for each in here.drafts] == ["urgent"]
    assert store.snapshot() == {}


def test_an_accepted_update_of_a_stored_order_changes_the_record():
    order = {**draft(), "id": "stored", "status": "stopped"}
    here, store = visit(), FHIRStore([{**order, "status": "active"}])
    accept(suggestion({"type": "update", "resource": order}), here, store)
    assert store.read("MedicationRequest", "stored")["status"] == "stopped"
    assert here.drafts == [draft()]


def test_a_new_order_joins_the_drafts_while_ordering_and_the_record_in_the_chart():
    new = {"resourceType": "ServiceRequest", "status": "draft", "intent": "order"}
    ordering, chart, store = visit(), visit("patient-view"), FHIRStore()
    accept(suggestion({"type": "create", "resource": new}), ordering, store)
    assert len(ordering.drafts) == 2
    assert ordering.drafts[1]["id"]
    assert store.snapshot() == {}
    accept(suggestion({"type": "create", "resource": new}), chart, store)
    assert len(chart.drafts) == 1
    assert len(store.all_of("ServiceRequest")) == 1


def test_an_accepted_deletion_removes_the_draft():
    here = visit()
    accept(suggestion({"type": "delete", "resourceId": f"MedicationRequest/{draft()['id']}"}), here, FHIRStore())
    assert here.drafts == []


def test_actions_are_taken_together_or_not_at_all():
    here, store = visit(), FHIRStore()
    impossible = {"type": "create", "resource": {"resourceType": "Spaceship"}}
    removal = {"type": "delete", "resourceId": f"MedicationRequest/{draft()['id']}"}
    with pytest.raises(BadRequest, match="Spaceship"):
        accept(suggestion(removal, impossible), here, store)
    assert here.drafts == [draft()]
    assert store.snapshot() == {}
