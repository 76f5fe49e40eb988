"""What is under construction while a plan is applied: resources made so far, issues, and stable ids."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

from cds.expressions.evaluators import Evaluators
from cds.reasoning.call import Call, Made
from cds.reasoning.trace import Issue, Severity

MAX_ACTIONS = 5000


class Workshop:
    """One application at work; used by one thread and thrown away."""

    def __init__(self, call: Call, evaluators: Evaluators) -> None:
        self.call = call
        self.evaluators = evaluators
        self.made: dict[str, Made] = {}
        self.issues: list[Issue] = []
        self.goals: list[dict[str, Any]] = []
        self.actions_left = MAX_ACTIONS

    @cached_property
    def subject(self) -> str:
        """The first subject of the call as a reference."""
        return self.call.subject

    def report(self, severity: Severity, code: str, message: str, path: str) -> None:
        """Record an issue; `code` is R4's issue-type."""
        self.issues.append(Issue(severity, code, message, path))

    def keep(self, made: Made) -> Made:
        """Add a made resource to the result."""
        self.made[made.reference] = made
        return made

    def new_id(self, kind: str, *seed: str) -> str:
        """Return an id that is the same for equal input and differs between actions and patients (PD-070)."""
        digest = hashlib.sha256("\n".join((self.subject, *seed)).encode()).hexdigest()
        return f"{kind.lower()}-{digest[:12]}"
