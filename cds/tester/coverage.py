"""Which outcomes every condition of a guideline was seen with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionCoverage:
    """One condition of one action, and the outcomes seen over all cases."""

    guideline: str
    action: str
    expression: str
    outcomes: frozenset[str]

    @property
    def missing(self) -> tuple[str, ...]:
        """The outcomes, of true and false, that no case showed."""
        return tuple(outcome for outcome in ("true", "false") if outcome not in self.outcomes)


class Coverage:
    """Collects outcomes from the traces of calls."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], set[str]] = defaultdict(set)

    def expect(self, guideline: str, plan: Mapping[str, Any]) -> None:
        """Name every applicability condition of the plan, so that one never asked shows as a gap."""
        for action, expression in _conditions(plan.get("action", ()), ""):
            self._seen.setdefault((guideline, action, expression), set())

    def add(self, guideline: str, actions: Sequence[Mapping[str, Any]], parent: str = "") -> None:
        """Add the outcomes of one call."""
        for action in actions:
            name = action.get("action") or parent
            for condition in action.get("conditions", ()):
                self._seen[guideline, name, condition["expression"]].add(condition["outcome"])
            self.add(guideline, action.get("actions", ()), name)

    def conditions(self) -> tuple[ConditionCoverage, ...]:
        """Return every condition with its outcomes."""
        return tuple(
            ConditionCoverage(guideline=guideline, action=action, expression=expression, outcomes=frozenset(outcomes))
            for (guideline, action, expression), outcomes in self._seen.items()
        )


def _conditions(actions: Sequence[Mapping[str, Any]], parent: str) -> Iterator[tuple[str, str]]:
    for action in actions:
        name = action.get("id") or parent
        for condition in action.get("condition", ()):
            if condition.get("kind") == "applicability":
                yield name, condition["expression"]["expression"]
        yield from _conditions(action.get("action", ()), name)
