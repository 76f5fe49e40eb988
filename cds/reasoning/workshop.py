"""What is under construction while a plan is applied: resources made so far, issues, and stable ids."""

from __future__ import annotations

import hashlib
from typing import Any

from cds.expressions.evaluators import Evaluators
from cds.reasoning.call import Call, Made
from cds.reasoning.request_frame import RequestFrame
from cds.reasoning.trace import Issue, Severity

MAX_ACTIONS = 5000


class Workshop:
    """One application at work; used by one thread and thrown away."""

    def __init__(self, call: Call, evaluators: Evaluators) -> None:
        self.call = call
        self.evaluators = evaluators
        self.made: dict[str, Made] = {}
        self.told: list[tuple[Issue, ...]] = []
        self.goals: list[dict[str, Any]] = []
        self.actions_left = MAX_ACTIONS
        self.frames: dict[tuple[str, str], RequestFrame] = {}
        self._digests: dict[tuple[str, ...], str] = {}

    def report(self, severity: Severity, code: str, message: str, path: str) -> None:
        """Record an issue; `code` is R4's issue-type."""
        self.told.append((Issue(severity, code, message, path),))

    def keep(self, made: Made) -> Made:
        """Add a made resource to the result."""
        self.made[made.reference] = made
        return made

    def new_id(self, kind: str, *seed: str) -> str:
        """Return an id that is the same for equal input and differs between actions and patients (PD-070)."""
        digest = self._digests.get(seed)
        if digest is None:
            text = "\n".join((self.call.subject, *seed))
            digest = self._digests[seed] = hashlib.sha256(text.encode()).hexdigest()[:12]
        return f"{kind.lower()}-{digest}"
