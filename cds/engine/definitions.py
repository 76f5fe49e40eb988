"""The run of a linked program: computes its definitions, each at most once, and keeps what failed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from cds.engine.errors import BudgetExceeded, EvaluationError
from cds.engine.evidence import Note
from cds.engine.program import Program
from cds.engine.run import PENDING, Run


class DefinitionsRun(Run):
    """A run over a program and the parameters handed in.

    `parameters` are those handed in, by name; `errors` holds the error of each slot that failed; `notes_of` what the
    code of each slot wrote down, when the run explains itself.
    """

    __slots__ = ("_computations", "_program", "errors", "explain", "notes_of", "parameters")

    def __init__(self, program: Program, parameters: Mapping[str, Any], *, explain: bool, **world: Any) -> None:
        super().__init__(values=[PENDING] * len(program.slots), **world)
        self._program = program
        self._computations = program.computations
        self.parameters = parameters
        self.explain = explain
        self.errors: dict[int, EvaluationError] = {}
        self.notes_of: dict[int, list[Note]] = {}

    def force(self, slot: int) -> Any:
        """Compute a definition or parameter. Raises EvaluationError; the same one when asked again."""
        if slot in self.errors:
            raise self.errors[slot]
        outer_notes = self.notes
        notes: list[Note] = []
        self.notes = notes
        try:
            if self.deadline is not None and time.monotonic() > self.deadline:
                raise BudgetExceeded("the evaluation took more time than allowed")
            value = self._computations[slot](self)
        except EvaluationError as error:
            self.errors[slot] = self._located(error, slot)
            raise
        except Exception as error:
            # Compiled logic met data of a shape that FHIR does not allow, or an operator failed unforeseen.
            # Its own words may hold patient values, so that only its kind is told.
            failure = EvaluationError(f"the compiled logic failed with {type(error).__name__}")
            self.errors[slot] = self._located(failure, slot, cause=error)
            raise failure from error
        finally:
            self.notes = outer_notes
            if self.explain:
                self.notes_of[slot] = notes
        if type(value) is dict and self.explain and value.get("resourceType", "Patient") != "Patient":
            notes.append((value, ()))  # the resource that was chosen, such as the latest result
        self.values[slot] = value
        return value

    def _located(self, error: EvaluationError, slot: int, *, cause: BaseException | None = None) -> EvaluationError:
        target = self._program.slots[slot]
        found = self._program.place_of((cause or error).__traceback__)
        if found is None:
            return error.located(target.library, target.name, None)
        library, place = found
        return error.located(library, place.definition, place.locator)
