"""A plan applied with a session that answers from a dictionary: definition name → value, or the exception to raise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cds.content.artifact import Artifact
from cds.content.elm import CompiledLibrary
from cds.content.shelf import Shelf
from cds.engine.errors import EvaluationError
from cds.engine.evidence import Explanation, Name, explain, path_of
from cds.engine.question import Question
from cds.expressions.evaluators import Evaluators
from cds.reasoning.apply import apply_plan_definition
from cds.reasoning.call import Applied, Call

BASE = "https://example.org/fhir"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female"}


@dataclass(frozen=True)
class Fact:
    definition: str
    resource: str | None = "Observation/o1"
    path: str = "value"
    value: Any = 25


class FakeSession:
    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = {"Yes": True, "No": False, "Unknown": None, "Fails": failure(), "Number": 5, "Sum": True} | dict(
            values
        )
        self.asked: list[str] = []

    def evaluate(self, library: str, definition: str) -> Any:
        self.asked.append(definition)
        value = self.values[definition]
        if isinstance(value, Exception):
            raise value
        return value

    def first_false(self, question: Question) -> int | None:
        for position, definition in enumerate(question.definitions):
            try:
                value = self.evaluate(*definition)
            except EvaluationError:
                return None
            if value is not True:
                return position if value is False else None
        return len(question.definitions)

    def explanation(self) -> Explanation:
        result = {"resourceType": "Observation", "id": "o1", "value": 25}
        names = [Name.of("Logic", name) for name in dict.fromkeys(self.asked)]
        return explain(names, {slot: [(result, (path_of("value"),))] for slot in range(len(names))})


class FakePath:
    """FHIRPath that knows one form: the name of a member of the subject, or a %variable."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.variables = (text[1:],) if text.startswith("%") else ()

    def explain(self, focus: Any, variables: Mapping[str, Any], **world: Any) -> tuple[list[Any], tuple[Fact, ...]]:
        value = variables[self.text[1:]] if self.text.startswith("%") else focus.get(self.text)
        return (value if isinstance(value, list) else [] if value is None else [value]), (Fact(self.text),)


class FakeShelf(Shelf):
    """A shelf whose library called Logic defines every name."""

    def __init__(self, values: Mapping[str, Any], *resources: Mapping[str, Any]) -> None:
        library = {"resourceType": "Library", "url": f"{BASE}/Library/Logic", "status": "active"}
        super().__init__([Artifact(one, "file.json", "root") for one in (library, *resources)])
        self._logic = CompiledLibrary(
            name="Logic",
            version=None,
            data="",
            digest="",
            definitions=frozenset(values),
            includes=(),
            value_sets=(),
            sources={"1 + 1 = 2": "Sum"},
        )

    def compiled(self, library: Artifact) -> CompiledLibrary | None:
        return self._logic


def library(name: str, *definitions: str) -> CompiledLibrary:
    return CompiledLibrary(
        name=name,
        version=None,
        data="",
        digest="",
        definitions=frozenset(definitions),
        includes=(),
        value_sets=(),
        sources={},
    )


def identifier(name: str, language: str = "text/cql-identifier") -> dict[str, Any]:
    return {"language": language, "expression": name}


def when(name: str, **others: Any) -> list[dict[str, Any]]:
    return [{"kind": "applicability", "expression": identifier(name), **others}]


def plan(*actions: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    return {
        "resourceType": "PlanDefinition",
        "id": "demo",
        "url": f"{BASE}/PlanDefinition/demo",
        "version": "1",
        "status": "active",
        "library": [f"{BASE}/Library/Logic"],
        "action": list(actions),
    } | others


def activity(kind: str, name: str = "act", **others: Any) -> dict[str, Any]:
    return {
        "resourceType": "ActivityDefinition",
        "id": name,
        "url": f"{BASE}/ActivityDefinition/{name}",
        "version": "1",
        "status": "active",
        "kind": kind,
    } | others


def definition(name: str = "act") -> str:
    return f"{BASE}/ActivityDefinition/{name}"


def failure(message: str = "cannot compare mg with mL") -> EvaluationError:
    return EvaluationError(message, library="Logic", definition="Dose", locator="3:1-3:9")


def apply_plan(session: FakeSession, plan: Mapping[str, Any], *resources: Mapping[str, Any], **call: Any) -> Applied:
    shelf = FakeShelf(session.values, plan, *resources)
    evaluators = Evaluators(session, shelf=shelf, compile_path=FakePath, to_json=lambda value: value, now=NOW)
    artifact = next(one for one in shelf.artifacts if one.resource is plan)
    return apply_plan_definition(artifact, evaluators, Call(patient=PATIENT, now=NOW, **call))
