"""Which part of a guideline is judged, so that an author can ask about the piece at hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from cds.content.guideline import Guideline
from cds.content.shelf import Shelf
from cds.errors import ContentError
from cds.expressions.logic_graph import Unit
from cds.expressions.own_libraries import expression_definitions, logic_graph, own_libraries


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """One library, one recommendation, one definition or function; "" is no limit, together they are all limits.

    `recommendation` is its id, with or without the guideline's id before it, and means what all its branches use. A
    definition is named alone or as Library."Name".
    """

    library: str = ""
    recommendation: str = ""
    definition: str = ""

    def units(self, guideline: Guideline, shelf: Shelf) -> frozenset[Unit]:
        """Return the definitions and functions of the guideline's own libraries that are meant, none if it has none."""
        graph = logic_graph(guideline, shelf)
        reached: Collection[Unit] = graph.statements
        if self.recommendation:
            chosen = partial(self._is_of_recommendation, guideline.id)
            reached = graph.reachable(expression_definitions(guideline, shelf, only=chosen))
        libraries = own_libraries(guideline, shelf)
        return frozenset(unit for unit in reached if unit.library in libraries and self._names(unit))

    def takes(self, guideline: str, action: str, condition: Unit | None) -> bool:
        """Tell whether a condition of an action is meant; `condition` is its definition, None if it runs none."""
        by_name = self._names(condition) if condition else not (self.library or self.definition)
        return by_name and self._is_of_recommendation(guideline, action)

    def nothing(self, where: str) -> ContentError:
        """Return the error to raise when nothing is meant."""
        limits = {"library": self.library, "recommendation": self.recommendation, "definition": self.definition}
        wanted = " and ".join(f"{kind} {name!r}" for kind, name in limits.items() if name)
        return ContentError(f"there is no {wanted or 'logic of its own'} in {where}")

    def _names(self, unit: Unit) -> bool:
        definition = ("", unit.name, f"{unit.library}.{unit.name}", f'{unit.library}."{unit.name}"')
        return self.library in ("", unit.library) and self.definition in definition

    def _is_of_recommendation(self, guideline: str, action: str) -> bool:
        recommendation = action.partition(".")[0]
        return self.recommendation in ("", recommendation, recommendation.removeprefix(f"{guideline}-"))


EVERYTHING = Focus()
