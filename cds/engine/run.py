"""What a compiled expression sees of the world: clock, budget, values computed so far, notes for the explanation."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any, Final

from cds.engine.errors import BudgetExceeded, EngineError
from cds.engine.evidence import Note
from cds.engine.listed_value_sets import ListedValueSets


class Pending:
    """The mark of a value that was not computed yet (null is a value)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "PENDING"

    def __reduce__(self) -> str:
        """Stay the one mark when code that holds it is stored and read again."""
        return "PENDING"


PENDING: Final = Pending()
_STEPS_BETWEEN_LOOKS: Final = 200
MOST_RESULTS: Final = 50_000
"""How many results a run keeps: enough for the whole record of a patient, too few to fill the memory."""


class Run:
    """One evaluation: passed as first argument to every compiled function; used by one thread.

    `now` is the engine's DateTime of the evaluation. `values` holds one slot per definition and parameter of the
    program; `force(slot)` computes one. `listed` are those of the `value_sets` that are known by their codes.
    `charge(n)` counts n steps and raises BudgetExceeded beyond `max_steps`, or after `deadline` (a `time.monotonic()`
    value). `notes` collects what the code that runs now used and read, when it was compiled to explain itself;
    `messages` what the library said by Message: (severity, text). `known` keeps results of functions by function and
    arguments (`emit.memory`), as long as there is `room` for them.
    """

    __slots__ = (
        "_look_at",
        "deadline",
        "known",
        "listed",
        "messages",
        "notes",
        "now",
        "resources",
        "room",
        "steps_left",
        "value_sets",
        "values",
    )

    def __init__(
        self,
        *,
        now: Any,
        values: list[Any] | None = None,
        resources: Any = None,
        value_sets: Any = None,
        listed: ListedValueSets | None = None,
        max_steps: int = 2_000_000,
        deadline: float | None = None,
    ) -> None:
        self.now = now
        self.values = values if values is not None else []
        self.resources = resources
        self.value_sets = value_sets
        self.listed = listed
        self.steps_left = self._look_at = max_steps
        self.deadline = deadline
        self.messages: list[tuple[str, str]] = []
        self.notes: list[Note] = []
        self.known: dict[str, dict[Any, tuple[Any, ...]]] = defaultdict(dict)
        self.room = MOST_RESULTS

    def force(self, slot: int) -> Any:
        """Compute the value of a definition or parameter; an expression on its own has none."""
        message = f"there is no definition {slot} here"
        raise EngineError(message)

    def charge(self, steps: int) -> None:
        """Count steps of work; look at the clock now and then, which costs more than most steps."""
        left = self.steps_left = self.steps_left - steps
        if left < self._look_at:
            self._look(left)

    def _look(self, left: int) -> None:
        if left < 0:
            raise BudgetExceeded("the evaluation took more steps than allowed")
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise BudgetExceeded("the evaluation took more time than allowed")
        self._look_at = max(left - _STEPS_BETWEEN_LOOKS, 0)
