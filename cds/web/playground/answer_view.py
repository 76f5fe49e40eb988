"""The answers to one firing of a hook as an EHR shows them: one list of cards, the most urgent first."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cds.content.guideline import Guideline
from cds.web.playground.explanation import Reason, why
from cds.web.playground.pages import pretty
from cds.web.playground.ports import Store
from cds.web.playground.visits import Exchange, Visit, action_of

_URGENCY = {"critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """A card, the service it came from, why it was shown, and what the visitor did about it.

    `accepted` is the suggestion that was taken before and did not make the recommendation go away: an ordered test,
    for example, has no result yet.
    """

    card: dict[str, Any]
    service: str
    why: Reason | None
    accepted: str | None = None
    overridden: str | None = None


GuidelineOf = Callable[[str], Guideline]


def cards_of(visit: Visit, guideline_of: GuidelineOf, store: Store) -> list[CardView]:
    """Give the cards of all services, sorted by indicator, then as they came."""
    views = [
        replace(
            view,
            accepted=visit.accepted.get(action_of(view.card)),
            overridden=visit.overridden.get(view.card["uuid"]),
        )
        for view in card_views(visit.exchanges, guideline_of, store)
    ]
    return sorted(views, key=lambda view: _URGENCY.get(view.card["indicator"], len(_URGENCY)))


def card_views(exchanges: Sequence[Exchange], guideline_of: GuidelineOf, store: Store) -> list[CardView]:
    """Give the cards of these calls with their reasons."""
    return [
        CardView(
            card=card,
            service=exchange.service,
            why=why(exchange, action_of(card), guideline_of(exchange.service), store),
        )
        for exchange in exchanges
        for card in exchange.cards
    ]


def curl(exchange: Exchange, public_url: str) -> str:
    """Write the call as a command for a shell."""
    return (
        f"curl -s {shlex.quote(f'{public_url}/cds-services/{exchange.service}')} "
        f"-H 'Content-Type: application/json' \\\n  -d {shlex.quote(pretty(exchange.request))}"
    )
