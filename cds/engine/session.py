"""One evaluation: the definitions of linked libraries over the resources of one patient."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cds.engine.errors import BudgetExceeded, EngineError, EvaluationError
from cds.engine.evidence import Evidence, EvidenceBook
from cds.engine.parameters import bind
from cds.engine.run import PENDING, Run

if TYPE_CHECKING:
    from cds.engine.program import Program, Slot
    from cds.engine.resource_index import ResourceIndex


class Session:
    """Evaluates definitions on demand, each at most once; for one patient, one call and one thread.

    Made by `Engine.session`. A definition that fails keeps its error and raises it again when asked again.
    """

    def __init__(
        self,
        program: Program,
        resources: ResourceIndex,
        *,
        parameters: Mapping[str, Any],
        now: Any,
        value_sets: Any,
        max_steps: int,
        deadline: float | None,
        explain: bool,
    ) -> None:
        self._program = program
        self._parameters = parameters
        self._explain = explain
        self._errors: dict[int, EvaluationError] = {}
        self._notes: dict[int, list[Any]] = {}
        self._used: dict[int, dict[int, None]] = {}
        self._evidence = EvidenceBook(program.slots, self._notes, self._used)
        self._stack: list[int] = []
        self._run = Run(
            now=now,
            values=[PENDING] * len(program.slots),
            force=self._force,
            refer=self._refer,
            resources=resources,
            value_sets=value_sets,
            max_steps=max_steps,
            deadline=deadline,
        )

    def evaluate(self, library: str, definition: str) -> Any:
        """Return the value of a definition as an engine value.

        Raises EvaluationError (with library, definition and CQL line) when it, or one it uses, fails, BudgetExceeded
        when steps or time ran out, EngineError for a definition that does not exist.
        """
        slot = self._slot(library, definition)
        value = self._run.values[slot]
        return self._force(slot) if value is PENDING else value

    def evidence(self, library: str, definition: str) -> tuple[Evidence, ...]:
        """Say what the value of a definition rests on: its own reads, then those of the definitions it used.

        Only for a session made with `explain=True`; raises EngineError otherwise. Evaluates the definition if needed.
        """
        if not self._explain:
            raise EngineError("this session does not explain: make it with explain=True")
        slot = self._slot(library, definition)
        if self._run.values[slot] is PENDING and slot not in self._errors:
            self.evaluate(library, definition)
        return self._evidence.of(slot)

    def computed(self) -> dict[tuple[str, str], Any]:
        """Return what was computed so far: the value, or the EvaluationError, of each (library, definition)."""
        values = self._run.values
        return {
            (slot.library, slot.name): self._errors.get(index, values[index])
            for index, slot in enumerate(self._program.slots)
            if slot.kind == "definition" and (values[index] is not PENDING or index in self._errors)
        }

    @property
    def messages(self) -> tuple[tuple[str, str], ...]:
        """What the libraries said by Message so far: (severity, text)."""
        return tuple(self._run.messages)

    def _slot(self, library: str, definition: str) -> int:
        slot = self._program.slot_of.get(("definition", library, definition))
        if slot is None:
            message = f"there is no definition {definition!r} in a library {library!r}"
            raise EngineError(message)
        return slot

    def _refer(self, slot: int) -> Any:
        """Compute a definition that another one uses, and remember that it does (only when explaining)."""
        if self._stack:
            self._used.setdefault(self._stack[-1], {})[slot] = None
        value = self._run.values[slot]
        return self._force(slot) if value is PENDING else value

    def _force(self, slot: int) -> Any:
        if slot in self._errors:
            raise self._errors[slot]
        run, target = self._run, self._program.slots[slot]
        outer_notes, run.notes = run.notes, []
        self._stack.append(slot)
        try:
            if run.deadline is not None and time.monotonic() > run.deadline:
                raise BudgetExceeded("the evaluation took more time than allowed")
            value = self._compute(target)
        except EvaluationError as error:
            self._errors[slot] = self._located(error, target)
            raise
        except Exception as error:
            # Compiled logic met data of a shape that FHIR does not allow, or an operator failed unforeseen.
            # Its own words may hold patient values, so that only its kind is told.
            failure = EvaluationError(f"the compiled logic failed with {type(error).__name__}")
            self._errors[slot] = self._located(failure, target, cause=error)
            raise failure from error
        finally:
            self._stack.pop()
            if self._explain:
                self._notes[slot] = run.notes
            run.notes = outer_notes
        if self._explain and isinstance(value, dict) and value.get("resourceType", "Patient") != "Patient":
            self._notes[slot].append((value, ()))  # the resource that was chosen, such as the latest result
        run.values[slot] = value
        return value

    def _compute(self, target: Slot) -> Any:
        if target.kind == "parameter" or target.evaluate is None:
            return bind(self._run, self._parameters, target)
        return target.evaluate(self._run)

    def _located(self, error: EvaluationError, target: Slot, *, cause: BaseException | None = None) -> EvaluationError:
        found = self._program.place_of((cause or error).__traceback__)
        if found is None:
            return error.located(target.library, target.name, None)
        library, place = found
        return error.located(library, place.definition, place.locator)
