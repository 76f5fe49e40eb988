"""One evaluation: the definitions of linked libraries over the resources of one patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds.engine.definitions import DefinitionsRun
from cds.engine.errors import EngineError
from cds.engine.evidence import Evidence, Explanation, explain
from cds.engine.listed_value_sets import ListedValueSets
from cds.engine.program import Program
from cds.engine.question import Question, slot_in
from cds.engine.resource_index import ResourceIndex
from cds.engine.run import PENDING


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
        listed: ListedValueSets | None,
        max_steps: int,
        deadline: float | None,
        explain: bool,
    ) -> None:
        self._program = program
        self._run = DefinitionsRun(
            program,
            parameters,
            explain=explain,
            now=now,
            resources=resources,
            value_sets=value_sets,
            listed=listed,
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
        return self._run.force(slot) if value is PENDING else value

    def first_false(self, question: Question) -> int | None:
        """Return the position of the first definition that is false; when all are true, how many they are.

        None when one that is neither comes before: null, no Boolean, or one that fails.
        """
        run, slot_of = self._run, self._program.slot_of
        values = run.values
        asked, slots = question.found
        try:
            if asked is not slot_of:
                slots = question.find(slot_of)
            for position, slot in enumerate(slots):
                value = values[slot]
                if value is PENDING:
                    value = run.force(slot)
                if value is not True:
                    return position if value is False else None
        except EngineError:
            return None
        return len(slots)

    def evidence(self, library: str, definition: str) -> tuple[Evidence, ...]:
        """Say what the value of a definition rests on: its own reads, then those of the definitions it used.

        Only for a session made with `explain=True`; raises EngineError otherwise. Evaluates the definition if needed.
        """
        slot = self._slot(library, definition)
        if self._run.explain and slot not in self._run.notes_of:
            self._run.force(slot)
        return self.explanation().evidence(library, definition)

    def explanation(self) -> Explanation:
        """Say of each definition computed so far, one that failed included, what it itself read and used.

        As `evidence` for all definitions at once: what several of them rest on is there once.
        """
        if not self._run.explain:
            raise EngineError("this session does not explain: make it with explain=True")
        return explain(self._program.names, self._run.notes_of, self._program.known)

    def computed(self) -> dict[tuple[str, str], Any]:
        """Return what was computed so far: the value, or the EvaluationError, of each (library, definition)."""
        values, errors = self._run.values, self._run.errors
        return {
            (slot.library, slot.name): errors.get(index, values[index])
            for index, slot in enumerate(self._program.slots)
            if slot.kind == "definition" and (values[index] is not PENDING or index in errors)
        }

    @property
    def messages(self) -> tuple[tuple[str, str], ...]:
        """What the libraries said by Message so far: (severity, text)."""
        return tuple(self._run.messages)

    def _slot(self, library: str, definition: str) -> int:
        return slot_in(self._program.slot_of, library, definition)
