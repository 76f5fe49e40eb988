"""The recording of one application: for every action the outcome of every condition, and everything that went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any, Literal, NamedTuple

from cds.content.elm import DefinitionName
from cds.engine.evidence import Explanation
from cds.expressions.evaluation import Evaluated, Evidence
from cds.expressions.outcome import Outcome
from cds.fhir.json import dumps

Severity = Literal["information", "warning", "error"]


class Issue(NamedTuple):
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


class ExpressionTrace(NamedTuple):
    """One condition or dynamicValue: what was asked and what came of it.

    `definition` is the CQL definition that was asked; the trace's explanation says what it rests on. `evidence` is what
    an expression in another language read.
    """

    path: str
    expression: str
    language: str
    outcome: Outcome
    description: str | None = None
    reason: str | None = None
    note: str | None = None
    evidence: tuple[Evidence, ...] = ()
    definition: DefinitionName | None = None

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
            definition=evaluated.definition,
        )

    @classmethod
    def foreseen(
        cls, path: str, expression: Mapping[str, Any], definition: DefinitionName | None
    ) -> Mapping[Outcome, ExpressionTrace]:
        """Record by outcome, for every patient, what an expression can come to that has no more to say than that."""
        skipped = cls(
            path=path,
            expression=expression.get("expression", ""),
            language=expression.get("language", ""),
            outcome=Outcome.SKIPPED,
            description=expression.get("description"),
        )
        asked = (Outcome.TRUE, Outcome.FALSE, Outcome.UNKNOWN)
        recorded = {outcome: skipped._replace(outcome=outcome, definition=definition) for outcome in asked}
        return recorded | {Outcome.SKIPPED: skipped}

    def to_json(self) -> dict[str, Any]:
        """Return the expression as JSON; absent members are left out."""
        written: dict[str, Any] = {
            "expression": self.expression,
            "language": self.language,
            "outcome": str(self.outcome),
        }
        if self.description is not None:
            written["description"] = self.description
        if self.reason is not None:
            written["error"] = self.reason
        if self.note is not None:
            written["note"] = self.note
        written["path"] = self.path
        if self.definition is not None:
            written["definition"] = ".".join(self.definition)
        return written


@dataclass(frozen=True)
class ActionTrace:
    """One action of the plan that was looked at.

    `outcome` is TRUE when the action applies. `recommendation` is the code of the action, else its id. `values` are the
    dynamicValues that were evaluated. `holds_recommendations` says that `actions` are recommendations themselves: those
    of a plan the action refers to, or those that it folds into one card.

    What is worked out of it stays with it: most actions of a plan are turned down for most patients by one and the same
    recording.
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

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        """Every fact that the action's own expressions read, once; not what CQL definitions read."""
        facts = [fact for item in (*self.conditions, *self.values) for fact in item.evidence]
        return tuple({(fact.definition, fact.resource, fact.path): fact for fact in facts}.values())

    @cached_property
    def judgement(self) -> bytes:
        """The action as JSON up to its conditions, which is all there is of one that does not apply."""
        return self._judgement(self.title)

    @cached_property
    def untitled_judgement(self) -> bytes:
        """The same with null for its title, in which there may be values of the patient."""
        return self.judgement if self.title is None else self._judgement(None)

    def _judgement(self, title: str | None) -> bytes:
        written: dict[str, Any] = {}
        if self.id is not None:
            written["action"] = self.id
        if self.recommendation is not None:
            written["recommendation"] = self.recommendation
        written["path"] = self.path
        if self.title is not None:
            written["title"] = title
        written["outcome"] = str(self.outcome)
        if self.conditions:
            written["conditions"] = [item.to_json() for item in self.conditions]
        return dumps(written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Everything that happened while a plan was applied, in the plan's order.

    `told` is what was said of each action and of the plan, `explanation` says of every CQL definition that was computed
    what it rests on, once for all who asked it.
    """

    plan: str
    hook: str | None
    now: datetime
    actions: tuple[ActionTrace, ...]
    told: tuple[tuple[Issue, ...], ...]
    explanation: Explanation

    @property
    def issues(self) -> tuple[Issue, ...]:
        """All that was told, brought together for who reads it: cards are made without."""
        return tuple(chain.from_iterable(self.told))

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

    def evidence_of(self, action: ActionTrace) -> tuple[Evidence, ...]:
        """Return every fact that an action rests on, those of the CQL definitions behind it included, once."""
        asked = (item.definition for item in (*action.conditions, *action.values) if item.definition is not None)
        facts = [fact for name in asked for fact in self.explanation.evidence(*name)]
        return (*action.evidence, *{(fact.definition, fact.resource, fact.path): fact for fact in facts}.values())

    def operation_outcome(self) -> dict[str, Any] | None:
        """Return the issues as an OperationOutcome, None when there are none."""
        issues = [issue.to_json() for issue in self.issues]
        return {"resourceType": "OperationOutcome", "issue": issues} if issues else None
