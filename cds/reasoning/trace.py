"""The recording of one application: for every action the outcome of every condition, and everything that went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cds.expressions.evaluation import Evaluated, Evidence
from cds.expressions.outcome import Outcome

Severity = Literal["information", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that the reader of the answer should know (PD-236, PD-237).

    `code` is R4's issue-type, `path` the FHIRPath of the element in the plan or activity.
    """

    severity: Severity
    code: str
    message: str
    path: str

    def to_json(self) -> dict[str, Any]:
        """Return it as OperationOutcome.issue."""
        return {
            "severity": self.severity,
            "code": self.code,
            "diagnostics": self.message,
            "expression": [self.path],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionTrace:
    """One condition or dynamicValue: what was asked and what came of it."""

    path: str
    expression: str
    language: str
    outcome: Outcome
    description: str | None = None
    reason: str | None = None
    note: str | None = None
    evidence: tuple[Evidence, ...] = ()

    @classmethod
    def of(cls, path: str, evaluated: Evaluated, outcome: Outcome, *, reason: str | None = None) -> ExpressionTrace:
        """Record an evaluated expression."""
        return cls(
            path=path,
            expression=evaluated.expression,
            language=evaluated.language,
            outcome=outcome,
            description=evaluated.description,
            reason=reason,
            note=evaluated.note,
            evidence=evaluated.evidence,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the condition as JSON; absent members are left out."""
        return _present(
            expression=self.expression,
            language=self.language,
            outcome=self.outcome.value,
            description=self.description,
            error=self.reason,
            note=self.note,
            path=self.path,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTrace:
    """One action of the plan that was looked at.

    `outcome` is TRUE when the action applies. `recommendation` is the code of the action, else its id. `values` are the
    dynamicValues that were evaluated. `holds_recommendations` says that `actions` are recommendations themselves: those
    of a plan the action refers to, or those that it folds into one card.
    """

    path: str
    id: str | None
    recommendation: str | None
    title: str | None
    outcome: Outcome
    conditions: tuple[ExpressionTrace, ...] = ()
    values: tuple[ExpressionTrace, ...] = ()
    actions: tuple[ActionTrace, ...] = ()
    holds_recommendations: bool = False

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Every fact the action rests on, once."""
        facts = (fact for item in (*self.conditions, *self.values) for fact in item.evidence)
        return tuple({(fact.definition, fact.resource, fact.path): fact for fact in facts}.values())

    def to_json(self, origins: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the action as JSON; `origins` maps "Observation/x" to the prefetch key or search that found it."""
        return _present(
            action=self.id,
            recommendation=self.recommendation,
            path=self.path,
            title=self.title,
            outcome=self.outcome.value,
            conditions=[item.to_json() for item in self.conditions],
            values=[item.to_json() for item in self.values],
            evidence=[_fact(item, origins or {}) for item in self.evidence],
            actions=[item.to_json(origins) for item in self.actions],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Everything that happened while a plan was applied, in the plan's order."""

    plan: str
    hook: str | None
    now: datetime
    actions: tuple[ActionTrace, ...]
    issues: tuple[Issue, ...]

    def all_actions(self) -> Iterator[ActionTrace]:
        """Yield every action that was looked at, parents before children."""
        waiting = list(self.actions)
        while waiting:
            action = waiting.pop(0)
            yield action
            waiting[:0] = action.actions

    @property
    def has_failures(self) -> bool:
        """Whether any condition or dynamicValue could not be evaluated."""
        items = (item for action in self.all_actions() for item in (*action.conditions, *action.values))
        return any(item.outcome is Outcome.ERROR for item in items)

    def with_outcome(self, outcome: Outcome) -> tuple[ActionTrace, ...]:
        """Return the actions that came to this outcome: TRUE for the reasons, ERROR for the failures."""
        return tuple(action for action in self.all_actions() if action.outcome is outcome)

    def to_json(self, origins: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Return the actions as JSON, for the decision record."""
        return [action.to_json(origins) for action in self.actions]

    def operation_outcome(self) -> dict[str, Any] | None:
        """Return the issues as an OperationOutcome, None when there are none."""
        if not self.issues:
            return None
        return {"resourceType": "OperationOutcome", "issue": [issue.to_json() for issue in self.issues]}


def _fact(evidence: Evidence, origins: Mapping[str, str]) -> dict[str, Any]:
    return _present(
        definition=evidence.definition,
        resource=evidence.resource,
        path=evidence.path,
        value=evidence.value,
        origin=origins.get(evidence.resource or ""),
    )


def _present(**members: Any) -> dict[str, Any]:
    """Leave out what is absent; a value that is 0, false or "" is there."""
    return {name: value for name, value in members.items() if value is not None and value != []}
