"""What a condition can come to. Unknown is not false, and an error is neither."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """The outcome of a condition, or of all conditions of an action together."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"
    """CQL null or an empty FHIRPath collection: the data to decide are not on file."""
    ERROR = "error"
    """The expression failed, or is not something that can be true or false: nobody may read this as "no"."""
    SKIPPED = "skipped"
    """Not asked, because an earlier answer settled the action."""


def outcome_of(value: Any) -> Outcome | None:
    """Read the value of a condition; None when it is not a Boolean at all, which is the author's error (PD-059).

    FHIRPath's rule that a single value of another type counts as true is not used for conditions.
    """
    if isinstance(value, list):
        if not value:
            return Outcome.UNKNOWN
        value = value[0] if len(value) == 1 else value
    if value is None:
        return Outcome.UNKNOWN
    if value is True:
        return Outcome.TRUE
    return Outcome.FALSE if value is False else None


def all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """And conditions (PD-085): one false settles it, else an error does, else one unknown leaves it unknown."""
    seen = set(outcomes)
    for settled in (Outcome.FALSE, Outcome.ERROR, Outcome.UNKNOWN):
        if settled in seen:
            return settled
    return Outcome.TRUE
