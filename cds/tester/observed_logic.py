"""Logic that lets the tester see what its sessions were started with and what they computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cds.engine import Engine, Session
from cds.expressions.logic import Logic


@dataclass(frozen=True, slots=True)
class Observation:
    """One session: what it was given, and the session itself."""

    resources: Sequence[Mapping[str, Any]]
    parameters: Mapping[str, Any]
    now: datetime
    session: Session = field(repr=False)


class ObservedLogic(Logic):
    """A guideline's logic that keeps its sessions in `observations`; `engine` may be another than the guideline's."""

    def __init__(self, logic: Logic, engine: Engine | None = None) -> None:
        super().__init__(
            engine or logic.engine,
            logic.libraries,
            paths=logic.paths,
            shelf=logic.shelf,
            value_sets=logic.value_sets,
            mappings=logic.mappings,
        )
        self.observations: list[Observation] = []

    def session(
        self,
        resources: Sequence[Mapping[str, Any]],
        *,
        parameters: Mapping[str, Any],
        now: datetime,
        deadline: float | None = None,
    ) -> Session:
        """Start the engine's part of one call, and keep it."""
        session = super().session(resources, parameters=parameters, now=now, deadline=deadline)
        self.observations.append(Observation(resources, parameters, now, session))
        return session
