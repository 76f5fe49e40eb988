"""The pages about the guidelines themselves: which there are, and the picture of each."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from cds.content.guideline import Guideline
from cds.errors import NotFound
from cds.web.playground.desk import Desk
from cds.web.playground.guideline_view import recommendations
from cds.web.playground.pages import page
from cds.web.playground.plan_tree import WIDTH, draw_plan, outcomes_by_path
from cds.web.playground.visits import Exchange

_TELLING = ("true", "unknown", "error")


def guideline_router(desk: Desk) -> APIRouter:
    """Return the addresses of the guidelines."""
    router = APIRouter(prefix="/playground/guidelines", include_in_schema=False)

    @router.get("")
    async def guidelines(request: Request) -> Response:
        """List the guidelines that are served."""
        return page(request, "guidelines.html", title="Guidelines", guidelines=desk.guidelines.values())

    @router.get("/{guideline_id}")
    async def picture(guideline_id: str, request: Request, patient: str = "", show: str = "") -> Response:
        """Draw one guideline; with a patient, as the last decision about this patient went.

        A decision is drawn with what applied, is missing or failed; `show=all` draws what did not apply as well.
        """
        if guideline_id not in desk.guidelines:
            msg = "there is no such guideline here"
            raise NotFound(msg)
        guideline = desk.guidelines[guideline_id]
        call = _last_call(desk, guideline, patient)
        trace: list[Any] = list(call.decision.recorded["actions"]) if call and call.decision else []
        outcomes = outcomes_by_path(trace)
        listed = recommendations(
            guideline, desk.world.knowledge.compiler.logic_of(guideline), outcomes, desk.cases_of(guideline)
        )
        only = _TELLING if call and show != "all" else ()
        return page(
            request,
            "guideline.html",
            title=guideline.title,
            guideline=guideline,
            plan=guideline.plan,
            picture=draw_plan(guideline.plan, outcomes, only=only),
            width=WIDTH,
            call=call,
            patient=desk.stories.get(patient),
            recommendations=[each for each in listed if not only or each.outcome in only],
            left_out=sum(each.outcome not in only for each in listed) if only else 0,
        )

    return router


def _last_call(desk: Desk, guideline: Guideline, patient: str) -> Exchange | None:
    if patient not in desk.stories:
        return None
    services = {service.id for service in desk.world.services.values() if service.guideline is guideline}
    return next((call for call in desk.visit(patient).exchanges if call.service in services), None)
