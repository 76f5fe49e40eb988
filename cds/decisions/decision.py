"""One answered call as it is recorded: which content, which clock, every condition's outcome, every card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

EXTENSION = "org.example.fhir-cds.decision"
"""Key of the decision id in the response's `extension`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardServed:
    """A card as it left: its uuid, the recommendation it carries, its indicator and its suggestions' uuids."""

    uuid: str
    recommendation: str
    indicator: str
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Everything needed to explain one answer later.

    `revision` is the hash of the guideline's content, `trace` the outcome of every condition, `evidence` what each CQL
    definition behind them rests on (both: `cds.reasoning.trace`, brought together by `cds.decisions.evidence`), `data`
    counts where the resources came from and how many of another patient were dropped, `client` is the registered client
    that was answered, None where the server does not ask who calls.
    """

    id: str
    time: datetime
    service: str
    hook: str
    hook_instance: str
    guideline: str
    version: str
    revision: str
    cards: tuple[CardServed, ...]
    trace: Sequence[Mapping[str, Any]]
    data: Mapping[str, Any]
    evidence: Mapping[str, Any] = field(default_factory=dict)
    client: str | None = None
    erased: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return the record as a JSON object; `erased` lists the JSON pointers of what was taken out."""
        return {
            "decision": self.id,
            "time": self.time.isoformat(),
            "service": self.service,
            "hook": self.hook,
            "hookInstance": self.hook_instance,
            **({"client": self.client} if self.client else {}),
            "content": {"guideline": self.guideline, "version": self.version, "revision": self.revision},
            "cards": [
                {
                    "uuid": card.uuid,
                    "recommendation": card.recommendation,
                    "indicator": card.indicator,
                    "suggestions": list(card.suggestions),
                }
                for card in self.cards
            ],
            "actions": list(self.trace),
            "evidence": dict(self.evidence),
            "data": dict(self.data),
            "erased": list(self.erased),
        }
