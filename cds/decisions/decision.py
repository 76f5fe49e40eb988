"""One answered call as it is recorded: which content, which clock, every condition's outcome, every card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from cds.reasoning.recording import Recorded, record
from cds.reasoning.trace import Trace

EXTENSION = "org.example.fhir-cds.decision"
"""Key of the decision id in the response's `extension`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardServed:
    """A card as it left: its uuid, the recommendation it carries, its indicator and its suggestions' uuids."""

    uuid: str
    recommendation: str
    indicator: str
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Everything needed to explain one answer later.

    `revision` is the hash of the guideline's content, `trace` what happened while it was applied, `origins` where each
    resource came from, `data` counts these and how many resources of another patient were dropped, `client` is the
    registered client that was answered, None where the server does not ask who calls. `holds_values` says whether the
    record holds values of the patient.
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
    trace: Trace
    origins: Mapping[str, str]
    data: Mapping[str, Any]
    client: str | None = None
    holds_values: bool = True

    @cached_property
    def recorded(self) -> Recorded:
        """The outcome of every condition, and the evidence that `cds.decisions.evidence` brings together with it.

        Written when somebody asks for it: most who see a decision do not.
        """
        return record(self.trace, self.origins, values=self.holds_values)

    def without_values(self) -> Decision:
        """Return the decision whose record holds no value of the patient, and says what it would hold."""
        return replace(self, holds_values=False)

    def to_json(self) -> dict[str, Any]:
        """Return the record as a JSON object; `erased` lists the JSON pointers of what was left out."""
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
            "actions": self.recorded.actions,
            "evidence": self.recorded.evidence,
            "data": dict(self.data),
            "erased": self.recorded.erased,
        }
