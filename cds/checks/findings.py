"""What the linter found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Severity = Literal["error", "warning"]
Subject = TypeVar("Subject")


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """One fault: the file, the JSON path in it, the rule that says so, and what is wrong and what to do."""

    file: str
    path: str
    rule: str
    severity: Severity
    message: str

    @property
    def is_error(self) -> bool:
        """True when the content must not be served like this."""
        return self.severity == "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[Subject]):
    """One rule over subjects of one kind; `check` yields (file, JSON path, message)."""

    id: str
    severity: Severity
    why: str
    check: Callable[[Subject], Iterator[tuple[str, str, str]]]

    def findings(self, subject: Subject) -> Iterator[Finding]:
        """Yield what the rule finds in one subject."""
        for file, path, message in self.check(subject):
            yield Finding(file, path, self.id, self.severity, message)
