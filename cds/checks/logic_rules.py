"""Rules over the CQL of guidelines: what nobody uses, and limits that have no name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cds.checks.findings import Rule
from cds.content.artifact import Artifact
from cds.content.guideline import Guideline
from cds.content.integrity import compiled_libraries
from cds.content.library import Content
from cds.content.shelf import Shelf
from cds.content.walk import expressions
from cds.expressions.languages import definition_of
from cds.expressions.logic_graph import LogicGraph, Unit, nodes
from cds.expressions.own_libraries import first_line

Place = tuple[str, str, str]
_COMPARISONS = frozenset({"Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal", "Equivalent"})
_COMPARING_FUNCTIONS = frozenset({"Is Below", "Is Above", "Is At Least", "Is At Most", "Is Within"})


class LogicOfContent:
    """The logic of all guidelines, each library read once for all rules."""

    def __init__(self, content: Content) -> None:
        self.shelf = content.shelf
        libraries = {one: self.shelf.compiled(one) for one in self.shelf.of_type("Library")}
        documents = {one: found.document for one, found in libraries.items() if found is not None}
        self.graphs = {
            guideline: LogicGraph(
                {found.name: documents[one] for one in _libraries(guideline) if (found := libraries.get(one))}
            )
            for guideline in content.guidelines
        }
        self.own: dict[str, tuple[str, LogicGraph]] = {}
        for guideline, graph in self.graphs.items():
            for one in _libraries(guideline):
                if one.root == guideline.artifact.root and (found := libraries.get(one)):
                    self.own.setdefault(one.file, (found.name, graph))


def _libraries(guideline: Guideline) -> tuple[Artifact, ...]:
    return guideline.dependencies.of_type("Library")


def _unused(logic: LogicOfContent) -> Iterator[Place]:
    """Find definitions that no expression of any loaded guideline reaches."""
    used = {
        unit
        for guideline, graph in logic.graphs.items()
        for unit in graph.reachable(_named_units(guideline, logic.shelf))
    }
    for file, (name, graph) in logic.own.items():
        for unit, statements in graph.statements.items():
            if unit.library == name and unit not in used and unit.name != "Patient":
                place = f"{name}, line {first_line(statements[0])}"
                yield file, place, f'"{unit.name}" is used by nothing: remove it, or name it in the plan'


def _unnamed_limits(logic: LogicOfContent) -> Iterator[Place]:
    """Find quantities that are compared with directly, where they are written."""
    for file, (name, graph) in logic.own.items():
        for unit, statements in graph.statements.items():
            if unit.library == name:
                for node in nodes(statements):
                    for limit in _limits_of(node):
                        text = f"{limit['value']} '{limit.get('unit', '1')}'"
                        place = f"{name}, line {first_line(node)}"
                        yield file, place, f"give {text} a name: define it once, with its section in a comment"


def _limits_of(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    compares = node.get("type") in _COMPARISONS or (
        node.get("type") == "FunctionRef" and node.get("name") in _COMPARING_FUNCTIONS
    )
    if compares and "locator" in node:
        yield from (operand for operand in node.get("operand", ()) if operand.get("type") == "Quantity")


def _named_units(guideline: Guideline, shelf: Shelf) -> Iterator[Unit]:
    """Yield every definition that the plan or one of its activities names."""
    of_the_plan = compiled_libraries(guideline.plan.get("library", ()), shelf)
    for artifact in guideline.dependencies.of_type("PlanDefinition", "ActivityDefinition"):
        scope = compiled_libraries(artifact.resource.get("library", ()), shelf) or of_the_plan
        for _, expression in expressions(artifact.resource):
            named = definition_of(expression, scope, shelf)
            if named is not None:
                yield Unit("definition", named.library, named.definition)


LOGIC_RULES: tuple[Rule[LogicOfContent], ...] = (
    Rule(
        id="definition-unused",
        severity="warning",
        why="logic that no card rests on is never tested, and misleads who reads it",
        check=_unused,
    ),
    Rule(
        id="limit-named",
        severity="warning",
        why="a number with a name and its section can be found, checked and changed in one place",
        check=_unnamed_limits,
    ),
)
