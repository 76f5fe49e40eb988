"""What a visitor of the page is doing with each patient. In memory: it ends with the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from cds.cards.cards import BRANCH
from cds.decisions.decision import Decision
from cds.fhir.bundles import resources_of
from cds.fhir.elements import object_at
from cds.fhir.references import literal_of
from cds.web.playground.ports import Story


class DataMode(StrEnum):
    """How the data reach the service: sent along, read from the FHIR server, or some of each."""

    FHIR_SERVER = "fhir-server"
    PREFETCH = "prefetch"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One call of one service: what went out, what came back, and the decision behind it with the patient's values.

    `response` holds cards when `status` is 200, else an OperationOutcome; then there is no decision. `stored` is what
    the sandbox held at that moment, by type and id: evidence is shown as it was read, not as it is now.
    """

    service: str
    title: str
    request: dict[str, Any]
    status: int
    response: dict[str, Any]
    milliseconds: int
    decision: Decision | None = None
    stored: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The cards of the answer; none when the call was refused."""
        cards: list[dict[str, Any]] = self.response.get("cards", [])
        return cards

    def find(self, literal: str) -> Mapping[str, Any] | None:
        """Find a resource where the service found it: in the request, else in the store as it was."""
        resource_type, _, resource_id = literal.partition("/")
        return self._sent().get(literal) or self.stored.get(resource_type, {}).get(resource_id)

    def resources(self, resource_type: str) -> list[Mapping[str, Any]]:
        """List the resources of a type that the service could read."""
        stored = self.stored.get(resource_type, {}).values() if "fhirServer" in self.request else ()
        return [each for each in self._sent().values() if each["resourceType"] == resource_type] + list(stored)

    def _sent(self) -> dict[str, Mapping[str, Any]]:
        """Give the resources that the request carries, alone or in Bundles, by Type/id."""
        found: dict[str, Mapping[str, Any]] = {}
        for name in ("prefetch", "context"):
            for value in object_at(self.request, name).values():
                if isinstance(value, Mapping) and "resourceType" in value:
                    for resource in resources_of(value) if value["resourceType"] == "Bundle" else [value]:
                        found[literal_of(resource) or ""] = resource
        return found

    @property
    def served(self) -> int:
        """How many cards came back."""
        return len(self.cards)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackSent:
    """What was reported about a card, and the server's answer."""

    service: str
    outcome: str
    request: dict[str, Any]
    response: dict[str, Any]


@dataclass(slots=True)
class Visit:
    """The present state of one patient's visit: draft orders, the last calls, and what became of their cards.

    `accepted` holds suggestions by recommendation, `overridden` reasons by the uuid of a card.
    """

    story: Story
    drafts: list[dict[str, Any]]
    hook: str
    mode: DataMode = DataMode.FHIR_SERVER
    exchanges: list[Exchange] = field(default_factory=list)
    accepted: dict[str, str] = field(default_factory=dict)
    overridden: dict[str, str] = field(default_factory=dict)
    feedback: list[FeedbackSent] = field(default_factory=list)

    def find_card(self, uuid: str) -> tuple[Exchange, dict[str, Any]] | None:
        """Find a card of the last calls by its uuid."""
        for exchange in self.exchanges:
            for card in exchange.cards:
                if card["uuid"] == uuid:
                    return exchange, card
        return None


def action_of(card: Mapping[str, Any]) -> str:
    """Give the id of the action that a card is about: its recommendation, with the branch where there are several."""
    recommendation = str(card["source"].get("topic", {}).get("code", ""))
    branch = card.get("extension", {}).get(BRANCH)
    return f"{recommendation}.{branch}" if branch else recommendation


class Visits:
    """One visit per patient."""

    def __init__(self) -> None:
        self._by_patient: dict[str, Visit] = {}

    def of(self, story: Story, today: date) -> Visit:
        """Give the visit that is going on, or begin one with the story's draft orders."""
        visit = self._by_patient.get(story.id)
        if visit is None:
            visit = self._by_patient[story.id] = Visit(story, story.chart(today).drafts, story.hook)
        return visit

    def end(self, story: Story) -> None:
        """Forget the visit."""
        self._by_patient.pop(story.id, None)
