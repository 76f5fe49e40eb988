"""What a check found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How binding the requirement is."""

    SHALL = "SHALL"
    SHOULD = "SHOULD"
    PRACTICE = "best practice"


class Outcome(StrEnum):
    """How a check ended; only a failed SHALL makes the server non-conformant."""

    PASS = "pass"  # noqa: S105 - a word, not a secret
    FAIL = "fail"
    WARNING = "warning"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One requirement as it is checked: a sentence that is true of a conformant server."""

    id: str
    title: str
    rows: tuple[str, ...]
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A check applied to one server, or to one of its services."""

    check: Check
    outcome: Outcome
    detail: str = ""
    service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything found at one base URL."""

    url: str
    results: tuple[Result, ...]

    @property
    def conformant(self) -> bool:
        """True when no SHALL failed."""
        return not any(result.outcome is Outcome.FAIL for result in self.results)

    def count(self, outcome: Outcome) -> int:
        """Return how many results have this outcome."""
        return sum(result.outcome is outcome for result in self.results)


def judge(check: Check, faults: Iterable[str], *, service: str | None = None) -> Result:
    """Turn the faults that were found into a result: none is a pass, a broken SHALL a failure, else a warning."""
    found = list(dict.fromkeys(faults))
    if not found:
        return Result(check=check, outcome=Outcome.PASS, service=service)
    outcome = Outcome.FAIL if check.level is Level.SHALL else Outcome.WARNING
    shown = "; ".join(found[:3]) + (f" (and {len(found) - 3} more)" if len(found) > 3 else "")
    return Result(check=check, outcome=outcome, detail=shown, service=service)
