"""One answered call as it is recorded: which content, which clock, every condition's outcome, every card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from cds.fhir.json import as_written, dumps, read_back
from cds.reasoning.recording import record
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

    def without_values(self) -> Decision:
        """Return the decision whose record holds no value of the patient, and says what it would hold."""
        return replace(self, holds_values=False)

    @cached_property
    def recorded(self) -> Mapping[str, Any]:
        """The record as one reads it; `cds.decisions.evidence` brings its actions together with their evidence.

        Made when somebody asks for it: most who see a decision do not.
        """
        read: Mapping[str, Any] = read_back(dumps(self.to_json()))
        return read

    def to_json(self) -> dict[str, Any]:
        """Return the record to be written as a JSON object: its actions and their evidence are text already.

        `erased` lists the JSON pointers of what was left out.
        """
        recorded = record(self.trace, self.origins, values=self.holds_values)
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
            "actions": as_written(recorded.actions),
            "evidence": as_written(recorded.evidence),
            "data": dict(self.data),
            "erased": recorded.erased,
        }
