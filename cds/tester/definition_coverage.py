"""Which values every CQL definition behind a guideline's conditions was seen with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cds.content.guideline import Guideline
from cds.expressions.logic import Logic
from cds.expressions.logic_graph import Unit
from cds.expressions.own_libraries import condition_definitions, first_line, logic_graph, own_libraries
from cds.tester.excuses import excuses
from cds.tester.focus import EVERYTHING, Focus

_OF_A_VALUE = frozenset({"true", "false", "some", "none", "value"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionCoverage:
    """One definition, what cases should see it be, and what they saw.

    `needed` is true and false for a Boolean, and null for a condition of the plan; some and none (of its elements) for
    a list; value and null for others. What cannot be null by its form need not be, a constant needs to be evaluated.
    `seen` may also hold "null" and "error". `excused` are kinds that the author says it never is, with the reason.
    """

    guideline: str
    library: str
    definition: str
    file: str
    line: int
    needed: tuple[str, ...]
    seen: frozenset[str]
    excused: Mapping[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[str, ...]:
        """What no case showed, and no author excused."""
        return tuple(one for one in self.needed if one not in self._shown and one not in self.excused)

    @property
    def contradicted(self) -> tuple[str, ...]:
        """What the author says it never is, and a case showed."""
        return tuple(one for one in self.excused if one in self._shown)

    @property
    def _shown(self) -> frozenset[str]:
        if self.seen & _OF_A_VALUE:
            return self.seen | {"evaluated", "value"}
        return self.seen


class DefinitionValues:
    """Collects what the definitions of one guideline were over its cases.

    Judged are the definitions of the guideline's own libraries that a condition uses, directly or through others; those
    it shares with other guidelines have tests of their own.
    """

    def __init__(self, guideline: Guideline, logic: Logic, focus: Focus = EVERYTHING) -> None:
        self._guideline = guideline
        libraries = own_libraries(guideline, logic.shelf)
        graph = logic_graph(guideline, logic.shelf)
        roots = {unit for _, unit in condition_definitions(guideline, logic.shelf)}
        meant = focus.units(guideline, logic.shelf)
        types = {
            (library, definition.name): definition.result_type
            for library in libraries
            for definition in logic.engine.definitions(library)
        }
        self._judged = {
            unit: (
                libraries[unit.library].file,
                first_line(graph.statements[unit][0]),
                graph.needed(unit, types.get((unit.library, unit.name)), is_condition=unit in roots),
            )
            for unit in graph.reachable(sorted(roots))
            if unit.kind == "definition" and unit in meant and unit.name != "Patient"
        }
        self._excuses = {unit: excuses(graph.statements[unit][0]) for unit in self._judged}
        self._seen: dict[tuple[str, str], set[str]] = {(unit.library, unit.name): set() for unit in self._judged}

    def add(self, computed: Mapping[tuple[str, str], Any]) -> None:
        """Add the values, or errors, that one call computed."""
        for name, seen in self._seen.items():
            if name in computed:
                seen.add(kind_of(computed[name]))

    def coverage(self) -> tuple[DefinitionCoverage, ...]:
        """Return every judged definition, in the order of the files."""
        found = [self._of(unit, *place) for unit, place in self._judged.items()]
        return tuple(sorted(found, key=lambda one: (one.file, one.line)))

    def _of(self, unit: Unit, file: str, line: int, needed: tuple[str, ...]) -> DefinitionCoverage:
        return DefinitionCoverage(
            guideline=self._guideline.id,
            library=unit.library,
            definition=unit.name,
            file=file,
            line=line,
            needed=needed,
            seen=frozenset(self._seen[unit.library, unit.name]),
            excused=self._excuses[unit],
        )


def kind_of(value: Any) -> str:
    """Name what a definition turned out to be."""
    match value:
        case None:
            return "null"
        case True:
            return "true"
        case False:
            return "false"
        case list():
            return "some" if value else "none"
        case Exception():
            return "error"
        case _:
            return "value"
