"""The expressions of one call: one patient, one moment, one set of data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from cds.content.elm import DefinitionName
from cds.content.integrity import compiled_libraries
from cds.content.shelf import Shelf
from cds.engine.errors import BudgetExceeded, EngineError
from cds.engine.evidence import Explanation
from cds.engine.question import Question
from cds.expressions.code_members import EngineValueSets
from cds.expressions.evaluation import ALL_DATA, Evaluated, Evidence, Found, Scope, UnsupportedExpression
from cds.expressions.languages import find_language
from cds.expressions.outcome import Outcome
from cds.terminology.value_sets import ValueSets

_ALTERNATIVE = ("cqf-alternativeExpression", "us-ph-alternative-expression-extension")


class Session(Protocol):
    """The engine's session, as far as it is used here."""

    def evaluate(self, library: str, definition: str) -> Any:
        """Return the value of a definition."""

    def first_false(self, question: Question) -> int | None:
        """Return the position of the first definition that is false, their number when all are true, else None."""

    def explanation(self) -> Explanation:
        """Return what each definition computed so far rests on."""


class CompiledPath(Protocol):
    """A compiled FHIRPath expression, and the names of the variables in it."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that are to be handed in, without the percent sign."""

    def explain(
        self,
        focus: Any,
        variables: Mapping[str, Any],
        *,
        now: datetime,
        resources: Sequence[Mapping[str, Any]],
        value_sets: EngineValueSets | None,
        deadline: float | None,
    ) -> tuple[list[Any], tuple[Evidence, ...]]:
        """Return the resulting collection, and the facts it rests on."""


class Evaluators:
    """Evaluates every expression of a plan for one call; a failure is an answer, never an exception."""

    def __init__(
        self,
        session: Session,
        *,
        shelf: Shelf,
        compile_path: Callable[[str], CompiledPath],
        to_json: Callable[[Any], Any],
        now: datetime,
        resources: Sequence[Mapping[str, Any]] = (),
        value_sets: ValueSets | None = None,
        deadline: float | None = None,
    ) -> None:
        """Take the engine's session, its FHIRPath compiler, and its way to write a value as FHIR JSON.

        `resources` are the facts of the call, which the session reads too.
        """
        self.shelf = shelf
        self.now = now
        self.resources = resources
        self.value_sets = value_sets
        self._deadline = deadline
        self._to_json = to_json
        self.session = session
        self._compile_path = compile_path

    @cached_property
    def _engine_value_sets(self) -> EngineValueSets | None:
        """What FHIRPath asks: the engine has its own for CQL."""
        return EngineValueSets(self.value_sets) if self.value_sets is not None else None

    def evaluate(
        self,
        expression: Mapping[str, Any],
        scope: Scope,
        *,
        holder: Mapping[str, Any] | None = None,
        definition: DefinitionName | None = None,
    ) -> Evaluated:
        """Evaluate a FHIR Expression; `holder` is the element it stands in, which may carry an alternative as well.

        `definition` is the CQL definition that it is known to run in this scope.

        A language that is not supported gives way to an alternative expression in one that is; a failure while running
        does not, because two expressions that disagree are an error too (PD-054). A description without an expression
        is prose: unknown, not an error (PD-046).
        """
        if definition is not None:
            return self._defined(expression, definition)
        evaluated = self._evaluate(expression, scope)
        if isinstance(evaluated, Evaluated):
            return evaluated
        refusals = [str(evaluated)]
        for candidate in (*_alternatives(expression), *_alternatives(holder or {})):
            evaluated = self._evaluate(candidate, scope)
            if isinstance(evaluated, Evaluated):
                note = f"by an alternative expression, because {'; '.join(refusals)}"
                return evaluated._replace(description=expression.get("description"), note=note)
            refusals.append(str(evaluated))
        prose = expression.get("description") if "expression" not in expression else None
        return Evaluated(
            expression=expression.get("expression", ""),
            language=expression.get("language", ""),
            description=expression.get("description"),
            error=None if prose else "; ".join(refusals),
            note=f"{prose!r} is a description, which cannot be computed" if prose else None,
        )

    def _evaluate(self, expression: Mapping[str, Any], scope: Scope) -> Evaluated | UnsupportedExpression:
        text, media_type = expression.get("expression"), expression.get("language", "")
        description = expression.get("description")
        if text is None:
            return UnsupportedExpression("there is no expression to run")
        if "reference" in expression:
            libraries = compiled_libraries([expression["reference"]], self.shelf)
            scope = replace(scope, libraries=libraries)
        try:
            value, evidence, definition = find_language(media_type)(self, text, scope)
        except UnsupportedExpression as error:
            return error
        except EngineError as error:
            return Evaluated(expression=text, language=media_type, description=description, error=str(error))
        value = self._to_json(value)
        return Evaluated(text, media_type, description, value, evidence=evidence, definition=definition)

    def _defined(self, expression: Mapping[str, Any], definition: DefinitionName) -> Evaluated:
        text, media_type = expression["expression"], expression.get("language", "")
        description = expression.get("description")
        try:
            value = self.session.evaluate(*definition)
        except EngineError as error:
            return Evaluated(expression=text, language=media_type, description=description, error=str(error))
        return Evaluated(text, media_type, description, self._to_json(value), definition=definition)

    def decide(self, name: DefinitionName) -> Outcome | None:
        """Return what a CQL definition says when it is true, false or null; of all else `evaluate` has more to say."""
        try:
            value = self.session.evaluate(*name)
        except EngineError:
            return None
        if value is True:
            return Outcome.TRUE
        if value is False:
            return Outcome.FALSE
        return Outcome.UNKNOWN if value is None else None

    def definition(self, name: DefinitionName) -> Found:
        """Return the value of a CQL definition; `explanation` says what it rests on. Raises `EngineError`."""
        return Found(self.session.evaluate(name.library, name.definition), definition=name)

    def explanation(self) -> Explanation:
        """Return what each CQL definition computed in this call rests on, once for all expressions that need it."""
        return self.session.explanation()

    @cached_property
    def _all_data(self) -> dict[str, Any]:
        entries = [{"resource": resource} for resource in self.resources]
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}

    def fhirpath(self, expression: str, scope: Scope) -> Found:
        """Return the collection that a FHIRPath expression gives, and the facts it rests on. Raises `EngineError`.

        `$this` is the subject; `%context`, `%resource` and `%rootResource` are the resource that holds the expression.
        """
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise BudgetExceeded("the evaluation took more time than allowed")
        compiled = self._compile_path(expression)
        variables = {
            **scope.variables,
            "context": scope.context,
            "resource": scope.context,
            "rootResource": scope.context,
        }
        if "data" in compiled.variables and variables.get("data") is ALL_DATA:
            variables["data"] = self._all_data
        value, evidence = compiled.explain(
            scope.focus,
            variables,
            now=self.now,
            resources=self.resources,
            value_sets=self._engine_value_sets,
            deadline=self._deadline,
        )
        return Found(value, evidence)


def _alternatives(element: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for extension in element.get("extension", ()):
        if extension.get("url", "").endswith(_ALTERNATIVE) and "valueExpression" in extension:
            yield extension["valueExpression"]
