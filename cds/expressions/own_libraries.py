"""The libraries that a guideline brings itself, beside those that it shares with others."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds.content.artifact import Artifact
from cds.content.guideline import Guideline
from cds.content.integrity import compiled_libraries, scope
from cds.content.shelf import Shelf
from cds.content.walk import actions, expressions
from cds.expressions.languages import definition_of
from cds.expressions.logic_graph import LogicGraph, Unit


@dataclass(frozen=True, slots=True)
class OwnLibrary:
    """A library of the guideline's folder: its file, its ELM, and the lines of its CQL."""

    name: str
    file: str
    document: Mapping[str, Any]
    lines: tuple[str, ...]

    def line(self, number: int) -> str:
        """Return a line of the CQL, counted from 1, without the space around it; "" when it is not known."""
        return self.lines[number - 1].strip() if 0 < number <= len(self.lines) else ""


def own_libraries(guideline: Guideline, shelf: Shelf) -> dict[str, OwnLibrary]:
    """Return the guideline's own libraries by name, in the order in which the plan reaches them."""
    return {
        compiled.name: OwnLibrary(compiled.name, artifact.file, compiled.document, _cql_lines(artifact))
        for artifact in guideline.dependencies.of_type("Library")
        if artifact.root == guideline.artifact.root and (compiled := shelf.compiled(artifact))
    }


def logic_graph(guideline: Guideline, shelf: Shelf) -> LogicGraph:
    """Return the graph over all libraries that the guideline reaches."""
    libraries = guideline.dependencies.of_type("Library")
    return LogicGraph({found.name: found.document for one in libraries if (found := shelf.compiled(one))})


def condition_definitions(guideline: Guideline, shelf: Shelf) -> Iterator[tuple[str, Unit]]:
    """Yield (JSON path of the action, definition) for every applicability condition that runs a CQL definition."""
    scope = compiled_libraries(guideline.plan.get("library", ()), shelf)
    for path, action in actions(guideline.plan):
        for condition in action.get("condition", ()):
            if condition.get("kind") == "applicability":
                named = definition_of(condition["expression"], scope, shelf)
                if named is not None:
                    yield path, Unit("definition", named.library, named.definition)


def expression_definitions(
    guideline: Guideline, shelf: Shelf, *, only: Callable[[str], bool] | None = None
) -> frozenset[Unit]:
    """Return every definition that an Expression of the guideline runs: all that CQL can change in an answer.

    `only` keeps the top actions of the plan by their id, with the ActivityDefinitions that they name.
    """
    plan = guideline.plan
    kept = [action for action in plan.get("action", ()) if only is None or only(action.get("id", ""))]
    named = {action.get("definitionCanonical", "") for _, action in actions({"action": kept})}
    holders: list[tuple[Any, Mapping[str, Any]]] = [(kept, plan)]
    holders += [
        (artifact.resource, artifact.resource)
        for artifact in guideline.dependencies.of_type("PlanDefinition", "ActivityDefinition")
        if only is None or any(artifact.url == name.partition("|")[0] for name in named)
    ]
    found = set()
    for part, resource in holders:
        libraries = scope(resource, plan, shelf)
        for _, expression in expressions(part):
            name = definition_of(expression, libraries, shelf)
            if name is not None:
                found.add(Unit("definition", name.library, name.definition))
    return frozenset(found)


def tags(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of the tags in the comment above a definition: `@name: text`, to the end of the line.

    The translator cuts a text at a quotation mark and at a second colon.
    """
    for annotation in statement.get("annotation", ()):
        for tag in annotation.get("t", ()):
            yield str(tag.get("name", "")), str(tag.get("value", "")).strip()


def first_line(node: Mapping[str, Any]) -> int:
    """Return the CQL line of an ELM node, 0 when it has no locator."""
    start = str(node.get("locator", "")).partition(":")[0]
    return int(start) if start.isdigit() else 0


def _cql_lines(artifact: Artifact) -> tuple[str, ...]:
    for attachment in artifact.resource.get("content", ()):
        if attachment.get("contentType") == "text/cql" and "data" in attachment:
            return tuple(base64.b64decode(attachment["data"]).decode().splitlines())
    return ()
