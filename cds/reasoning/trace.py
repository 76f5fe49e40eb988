"""The recording of one application: for every action the outcome of every condition, and everything that went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from cds.content.elm import DefinitionName
from cds.engine.evidence import Explanation
from cds.expressions.evaluation import Evaluated, Evidence
from cds.expressions.outcome import Outcome

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

    def to_json(self) -> dict[str, Any]:
        """Return the condition as JSON; absent members are left out."""
        written: dict[str, Any] = {
            "expression": self.expression,
            "language": self.language,
            "outcome": str(self.outcome),
        }
        # A plan has hundreds of conditions, and every answer writes them all.
        if self.description is not None:
            written["description"] = self.description
        if self.reason is not None:
            written["error"] = self.reason
        if self.note is not None:
            written["note"] = self.note
        written["path"] = self.path
        if self.definition is not None:
            written["definition"] = _key(self.definition)
        return written


class ActionTrace(NamedTuple):
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
        """Every fact that the action's own expressions read, once; not what CQL definitions read."""
        facts = [fact for items in (self.conditions, self.values) for item in items for fact in item.evidence]
        if not facts:
            return ()
        return tuple({(fact.definition, fact.resource, fact.path): fact for fact in facts}.values())

    def to_json(self, origins: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the action as JSON; `origins` maps "Observation/x" to the prefetch key or search that found it."""
        written: dict[str, Any] = {}
        if self.id is not None:
            written["action"] = self.id
        if self.recommendation is not None:
            written["recommendation"] = self.recommendation
        written["path"] = self.path
        if self.title is not None:
            written["title"] = self.title
        written["outcome"] = str(self.outcome)
        if self.conditions:
            written["conditions"] = [item.to_json() for item in self.conditions]
        if self.values:
            written["values"] = [item.to_json() for item in self.values]
        if facts := self.evidence:
            written["evidence"] = [_fact(item, origins or {}) for item in facts]
        if self.actions:
            written["actions"] = [item.to_json(origins) for item in self.actions]
        return written


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Everything that happened while a plan was applied, in the plan's order.

    `explanation` says of every CQL definition that was computed what it rests on, once for all who asked it.
    """

    plan: str
    hook: str | None
    now: datetime
    actions: tuple[ActionTrace, ...]
    issues: tuple[Issue, ...]
    explanation: Explanation

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

    def evidence_of(self, action: ActionTrace) -> tuple[Evidence, ...]:
        """Return every fact that an action rests on, those of the CQL definitions behind it included, once."""
        asked = (item.definition for item in (*action.conditions, *action.values) if item.definition is not None)
        facts = [fact for name in asked for fact in self.explanation.evidence(name)]
        return (*action.evidence, *{(fact.definition, fact.resource, fact.path): fact for fact in facts}.values())

    def evidence_to_json(self, origins: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return what each CQL definition rests on by "library.definition", for the decision record.

        `uses` are the definitions that it refers to. An entry of `reads` is a list of `paths`, the `origin` of some
        resources by `origins` as in `to_json`, these `resources`, and for each its `values` at the paths.
        """
        reads, uses = self.explanation
        written: dict[str, Any] = {}
        for name in {**reads, **uses}:
            entry: dict[str, Any] = {}
            if name in reads and (alike := _reads_to_json(self.explanation.readings(name), origins or {})):
                entry["reads"] = alike
            if used := uses.get(name):
                entry["uses"] = list(map(_key, dict.fromkeys(used)))
            written[_key(name)] = entry
        return written

    def operation_outcome(self) -> dict[str, Any] | None:
        """Return the issues as an OperationOutcome, None when there are none."""
        if not self.issues:
            return None
        return {"resourceType": "OperationOutcome", "issue": [issue.to_json() for issue in self.issues]}


_key = ".".join  # a library and a definition in it


def _reads_to_json(
    readings: Iterable[tuple[str | None, Mapping[str, Any]]], origins: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Put resources together that were read alike, so that a record of many results stays small."""
    alike: dict[tuple[Any, ...], dict[str, Any]] = {}
    for resource, elements in readings:
        origin = origins.get(resource or "")
        reads = alike.get((origin, *elements))
        if reads is None:
            reads = _present(origin=origin) | {"paths": list(elements), "resources": [], "values": []}
            alike[origin, *elements] = reads
        reads["resources"].append(resource)
        reads["values"].append(list(elements.values()))
    return list(alike.values())


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
