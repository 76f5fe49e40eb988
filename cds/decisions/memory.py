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

    async def receive_feedback(self, service: str, outcomes: tuple[Feedback, ...]) -> None:
        """Keep outcomes of cards."""
        self.feedback.extend((service, outcome) for outcome in outcomes)
