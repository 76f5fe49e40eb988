"""Which outcomes every condition of a guideline was seen with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cds.content.guideline import Guideline
from cds.content.integrity import compiled_libraries
from cds.content.shelf import Shelf
from cds.expressions.languages import definition_of
from cds.expressions.logic_graph import Unit
from cds.expressions.own_libraries import logic_graph
from cds.reasoning.trace import ActionTrace
from cds.tester.excuses import excuses
from cds.tester.focus import Focus

_BY_ITS_FORM = "its CQL has a value whatever the data are"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionCoverage:
    """One condition of one action, and the outcomes seen over all cases.

    `never_unknown` is why no case can show it unknown: the form of its CQL, or the author's reason; "" when it could.
    """

    guideline: str
    action: str
    expression: str
    outcomes: frozenset[str]
    never_unknown: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The outcomes, of true and false, that no case showed."""
        return tuple(outcome for outcome in ("true", "false") if outcome not in self.outcomes)

    @property
    def lacks_unknown(self) -> bool:
        """True when it could be unknown and no case showed it so; `cds test --coverage` calls that a gap."""
        return "unknown" not in self.outcomes and not self.never_unknown


class Coverage:
    """Collects outcomes from the traces of calls."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self._definitions: dict[tuple[str, str, str], Unit] = {}
        self._never_unknown: dict[Unit, str] = {}

    def expect(self, guideline: Guideline, shelf: Shelf) -> None:
        """Name every applicability condition of the plan, so that one never asked shows as a gap."""
        scope = compiled_libraries(guideline.plan.get("library", ()), shelf)
        graph = logic_graph(guideline, shelf)
        for action, expression in _conditions(guideline.plan.get("action", ()), ""):
            condition = (guideline.id, action, expression["expression"])
            self._seen.setdefault(condition, set())
            named = definition_of(expression, scope, shelf)
            if named is not None:
                unit = Unit("definition", named.library, named.definition)
                self._definitions[condition] = unit
                self._never_unknown[unit] = (
                    _BY_ITS_FORM if graph.never_null(unit) else excuses(graph.statements[unit][0]).get("null", "")
                )

    def add(self, guideline: str, actions: Sequence[ActionTrace], parent: str = "") -> None:
        """Add the outcomes of one call."""
        for action in actions:
            name = action.id or parent
            for condition in action.conditions:
                self._seen[guideline, name, condition.expression].add(str(condition.outcome))
            self.add(guideline, action.actions, name)

    def conditions(self, focus: Focus) -> tuple[ConditionCoverage, ...]:
        """Return the conditions that are meant, with their outcomes."""
        return tuple(
            ConditionCoverage(
                guideline=condition[0],
                action=condition[1],
                expression=condition[2],
                outcomes=frozenset(outcomes),
                never_unknown=self._never_unknown.get(unit, "") if unit else "",
            )
            for condition, outcomes in self._seen.items()
            if focus.takes(*condition[:2], unit := self._definitions.get(condition))
        )


def _conditions(actions: Sequence[Mapping[str, Any]], parent: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for action in actions:
        name = action.get("id") or parent
        for condition in action.get("condition", ()):
            if condition.get("kind") == "applicability":
                yield name, condition["expression"]
        yield from _conditions(action.get("action", ()), name)
