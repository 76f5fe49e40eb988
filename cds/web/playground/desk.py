"""What all addresses of the page share: the sandbox, its stories, the visits, and how a patient is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from fastapi import Request, Response

from cds.content.case_files import cases_by_recommendation, guideline_folders
from cds.content.guideline import Guideline
from cds.errors import NotFound
from cds.expressions.logic import Logic
from cds.service import Serving, World
from cds.web.playground.answer_view import cards_of
from cds.web.playground.chart_view import view_chart
from cds.web.playground.order_form import SCHEDULES, drug_choices, form_of, order_text
from cds.web.playground.pages import page
from cds.web.playground.patient_record import patient_resources
from cds.web.playground.ports import Sandbox
from cds.web.playground.visits import Exchange, Visit, Visits

HOOKS = {
    "patient-view": "Open the chart",
    "order-select": "Choose the order",
    "order-sign": "Sign the order",
}


class Desk:
    """The one place where the page keeps anything; `content` are the folders and packages that are served."""

    def __init__(self, serving: Serving, sandbox: Sandbox, *, public_url: str, content: Sequence[Path]) -> None:
        self._serving = serving
        self.sandbox = sandbox
        self.store = sandbox.store
        self.reader = sandbox.reader
        self.content = content
        self.stories = {story.id: story for story in sandbox.stories}
        self.public_url = public_url
        self.visits = Visits()

    @property
    def world(self) -> World:
        """What calls are answered with now."""
        return self._serving.world

    @property
    def today(self) -> date:
        """The day of the visits."""
        return self.world.clock().date()

    @property
    def guidelines(self) -> dict[str, Guideline]:
        """The guidelines that are served, by id."""
        return {service.guideline.id: service.guideline for service in self.world.services.values()}

    def cases_of(self, guideline: Guideline) -> dict[str, tuple[str, ...]]:
        """Give the names of the test cases that lie beside a guideline, by recommendation; none for a package."""
        for folder in guideline_folders(self.content):
            if folder.name == guideline.id:
                return cases_by_recommendation(folder)
        return {}

    def guideline_of(self, service_id: str) -> Guideline:
        """Give the guideline of a service; raises `NotFound`."""
        return self.world.find_service(service_id).guideline

    def logic_of(self, service_id: str) -> Logic:
        """Give the compiled logic of a service; raises `NotFound`."""
        return self.world.find_service(service_id).logic

    def visit(self, patient_id: str) -> Visit:
        """Give the visit of a patient; raises `NotFound`."""
        if patient_id not in self.stories:
            msg = "there is no such patient in the sandbox"
            raise NotFound(msg)
        return self.visits.of(self.stories[patient_id], self.today)

    def exchange(self, patient_id: str, service_id: str) -> Exchange:
        """Give the last call of a service for a patient; raises `NotFound`."""
        for exchange in self.visit(patient_id).exchanges:
            if exchange.service == service_id:
                return exchange
        msg = "this service was not called for this patient: fire a hook first"
        raise NotFound(msg)

    def show(self, request: Request, visit: Visit, *, notes: Sequence[str] = (), fault: str = "") -> Response:
        """Show a visit as it stands, with what was just done, or what is wrong with what was asked."""
        return page(
            request,
            "patient.html",
            status=400 if fault and request.headers.get("HX-Request") != "true" else 200,
            title=visit.story.title,
            visit=visit,
            story=visit.story,
            chart=view_chart(patient_resources(self.store, visit.story.id), self.store, self.today),
            form=form_of(visit.drafts[0]) if visit.drafts else None,
            orders=[order_text(draft, self.store) for draft in visit.drafts],
            drugs=drug_choices(self.stories.values(), self.today),
            schedules=SCHEDULES,
            hooks=HOOKS,
            cards=cards_of(visit, self.guideline_of, self.store),
            refused=[exchange for exchange in visit.exchanges if exchange.status != 200],
            notes=notes,
            fault=fault,
        )
