"""The engine's errors.

EngineError
├── UnsupportedError       a library uses what the engine does not have: refused at load, every place listed
├── FHIRPathSyntaxError    FHIRPath text that is not FHIRPath
└── EvaluationError        an expression failed while it ran; says library, definition and line
    └── BudgetExceeded     it took more steps or more time than the caller allowed
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cds.errors import CDSError


class EngineError(CDSError):
    """An expression or a library cannot be compiled or evaluated."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One place in a library that cannot be compiled: `locator` is CQL line and column, "12:4-12:30"."""

    library: str
    locator: str | None
    operator: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.library} {self.locator}" if self.locator else self.library
        return f"{where}: {self.operator}: {self.reason}"


class UnsupportedError(EngineError):
    """A library cannot be compiled; `problems` lists every place, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class FHIRPathSyntaxError(EngineError):
    """The text is not FHIRPath; `position` counts characters from 0."""

    def __init__(self, message: str, *, expression: str, position: int | None = None) -> None:
        self.expression = expression
        self.position = position
        where = "" if position is None else f" at character {position}"
        super().__init__(f"{message}{where} in {expression!r}")


class EvaluationError(EngineError):
    """An expression failed at run time.

    Operators raise it with the message alone; the session adds where it happened: library, definition and CQL locator.
    """

    def __init__(
        self, message: str, *, library: str | None = None, definition: str | None = None, locator: str | None = None
    ) -> None:
        self.message = message
        self.library = library
        self.definition = definition
        self.locator = locator
        super().__init__(message)

    def located(self, library: str | None, definition: str | None, locator: str | None) -> EvaluationError:
        """Return the same error with its place filled in, unless it already has one."""
        if self.definition is None:
            self.library, self.definition, self.locator = library, definition, locator
        return self

    def __str__(self) -> str:
        if self.definition is None:
            return self.message
        library = f"{self.library}." if self.library else ""
        line = f" ({self.locator})" if self.locator else ""
        return f'{library}"{self.definition}"{line}: {self.message}'


class BudgetExceeded(EvaluationError):
    """The evaluation took more steps, or lasted longer, than the session allows."""
