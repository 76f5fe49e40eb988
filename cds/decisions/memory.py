"""A decision log that lives and ends with the process: for one-off evaluations and for test runs."""

from __future__ import annotations

from cds.decisions.decision import Decision
from cds.hooks.feedback import Feedback


class MemoryLog:
    """Keeps decisions and feedback in lists, values included."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self.feedback: list[tuple[str, Feedback]] = []

    async def record(self, decision: Decision) -> None:
        """Keep one decision."""
        self.decisions.append(decision)

    async def receive_feedback(self, service: str, outcomes: tuple[Feedback, ...], *, client: str | None) -> int:
        """Keep outcomes of cards; return how many are about cards that this client got from this service."""
        self.feedback.extend((service, outcome) for outcome in outcomes)
        had = {
            card.uuid: card.suggestions
            for decision in self.decisions
            if (decision.service, decision.client) == (service, client)
            for card in decision.cards
        }
        return sum(outcome.card in had and outcome.fits(had[outcome.card]) for outcome in outcomes)
