"""What a visitor does with a patient: fire a hook, accept a suggestion, override a card, begin again."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from cds.errors import BadRequest, NotFound
from cds.web.playground.accepted_actions import accept
from cds.web.playground.desk import HOOKS, Desk
from cds.web.playground.feedback import report
from cds.web.playground.forms import read_form
from cds.web.playground.hook_calls import fire
from cds.web.playground.order_form import drug_choices, edited, new_order
from cds.web.playground.patient_record import restore
from cds.web.playground.visits import DataMode, Exchange, Visit, action_of


def visit_router(desk: Desk) -> APIRouter:
    """Return the addresses of one patient's visit."""
    router = APIRouter(include_in_schema=False)

    @router.get("/playground/patients/{patient_id}")
    async def patient(patient_id: str, request: Request) -> Response:
        """Show a patient as the visit stands."""
        return desk.show(request, desk.visit(patient_id))

    @router.post("/playground/patients/{patient_id}/fire")
    async def fire_hook(patient_id: str, request: Request) -> Response:
        """Take over the form and fire the hook."""
        visit = desk.visit(patient_id)
        fields = await read_form(request)
        try:
            _take_over(fields, visit, desk)
        except BadRequest as refusal:
            return desk.show(request, visit, fault=str(refusal))
        visit.exchanges = await fire(visit, desk.world, desk.store, desk.reader)
        return desk.show(request, visit)

    @router.post("/playground/patients/{patient_id}/accept")
    async def accept_suggestion(patient_id: str, request: Request) -> Response:
        """Apply a suggestion, report it, and fire the hook again."""
        visit = desk.visit(patient_id)
        fields = await read_form(request)
        exchange, card = _card(visit, fields)
        chosen = [each for each in card.get("suggestions", ()) if each["uuid"] == fields.get("suggestion")]
        if not chosen:
            msg = "the card has no such suggestion"
            raise NotFound(msg)
        try:
            notes = accept(chosen[0], visit, desk.store)
        except BadRequest as refusal:
            return desk.show(request, visit, fault=str(refusal))
        visit.accepted[action_of(card)] = chosen[0]["label"]
        item = {"card": card["uuid"], "outcome": "accepted", "acceptedSuggestions": [{"id": chosen[0]["uuid"]}]}
        visit.feedback.append(await report(exchange, item, desk.world))
        visit.exchanges = await fire(visit, desk.world, desk.store, desk.reader)
        return desk.show(request, visit, notes=[*notes, "Feedback was sent, and the hook fired again."])

    @router.post("/playground/patients/{patient_id}/override")
    async def override(patient_id: str, request: Request) -> Response:
        """Report that a card is not followed, and why."""
        visit = desk.visit(patient_id)
        fields = await read_form(request)
        exchange, card = _card(visit, fields)
        given = _override_reason(card, fields)
        if not given:
            return desk.show(request, visit, fault="To override a card, choose a reason or write one.")
        item = {"card": card["uuid"], "outcome": "overridden", "overrideReason": given}
        visit.feedback.append(await report(exchange, item, desk.world))
        visit.overridden[card["uuid"]] = given.get("userComment") or given["reason"]["display"]
        return desk.show(
            request, visit, notes=["The card was overridden. The reason was sent to the service as feedback."]
        )

    @router.post("/playground/patients/{patient_id}/reset")
    async def reset(patient_id: str, request: Request) -> Response:
        """Begin the visit anew with the record as it was."""
        story = desk.visit(patient_id).story
        await read_form(request)
        restore(desk.store, story, desk.today)
        desk.visits.end(story)
        return desk.show(request, desk.visit(patient_id), notes=["The record is as it was in the beginning."])

    return router


def _take_over(fields: dict[str, str], visit: Visit, desk: Desk) -> None:
    """Put what the form says into the visit; raises `BadRequest` with a sentence for the person at the form."""
    hook = fields.get("hook", visit.hook)
    drugs = drug_choices(desk.stories.values(), desk.today)
    if hook not in HOOKS:
        msg = "this hook cannot be fired from here"
        raise BadRequest(msg)
    visit.mode = _mode(fields.get("mode", visit.mode))
    if hook.startswith("order-"):
        if not visit.drafts and fields.get("drug") in drugs:
            today = desk.today.isoformat()
            visit.drafts.append(new_order(visit.story.id, today, drugs[fields["drug"]]))
        if not visit.drafts:
            msg = "Choose a drug first: an order hook needs a draft order."
            raise BadRequest(msg)
        if visit.drafts[0].get("resourceType") == "MedicationRequest":
            visit.drafts[0] = edited(visit.drafts[0], fields, drugs)
    visit.hook = hook


def _mode(text: str) -> DataMode:
    try:
        return DataMode(text)
    except ValueError:
        msg = "the data come by prefetch, fhir-server or mixed"
        raise BadRequest(msg) from None


def _card(visit: Visit, fields: dict[str, str]) -> tuple[Exchange, dict[str, Any]]:
    found = visit.find_card(fields.get("card", ""))
    if found is None:
        msg = "this card is no longer on the screen: fire the hook again"
        raise NotFound(msg)
    return found


def _override_reason(card: dict[str, Any], fields: dict[str, str]) -> dict[str, Any]:
    """Return the overrideReason of the feedback: the coded reason, the comment, or both."""
    coded = [
        {"code": reason["code"], "system": reason["system"], "display": reason["display"]}
        for reason in card.get("overrideReasons", ())
        if reason["code"] == fields.get("reason")
    ]
    comment = fields.get("comment", "").strip()[:1000]
    return {**({"reason": coded[0]} if coded else {}), **({"userComment": comment} if comment else {})}
