"""The calendar units of dates and times: their order, their length and the spellings a quantity may use.

A precision is handled as its rank, 0 (year) to 6 (millisecond), so that "finer" is simply "greater".
https://cql.hl7.org/05-languagesemantics.html#datetime-arithmetic
"""

from __future__ import annotations

from typing import Final

from cds.engine.errors import EvaluationError

YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, MILLISECOND = range(7)
PRECISIONS: Final = ("year", "month", "day", "hour", "minute", "second", "millisecond")
RANK: Final = {word: rank for rank, word in enumerate(PRECISIONS)}

DAY_MS: Final = 86_400_000
UNIT_MS: Final = (0, 0, DAY_MS, 3_600_000, 60_000, 1_000, 1)
"""Milliseconds per unit by rank; years and months have no fixed length."""

_STEPS: Final = {
    **{word: (rank, 1) for word, rank in RANK.items()},
    **{f"{word}s": (rank, 1) for word, rank in RANK.items()},
    "week": (DAY, 7),
    "weeks": (DAY, 7),
    "wk": (DAY, 7),
    "d": (DAY, 1),
    "h": (HOUR, 1),
    "min": (MINUTE, 1),
    "s": (SECOND, 1),
    "ms": (MILLISECOND, 1),
}
_DEFINITE: Final = {"a": "years", "mo": "months"}


class OutOfRange(EvaluationError):
    """The result lies beyond the least or the greatest value of its type."""


def rank_of(precision: str) -> int:
    """Return the rank of a precision word such as "day"; weeks are no precision (their numbering varies)."""
    try:
        return RANK[precision]
    except KeyError:
        message = f"dates and times cannot be compared to the precision {precision!r}"
        raise EvaluationError(message) from None


def step_of(unit: str) -> tuple[int, int]:
    """Return (rank, how many of it) for a duration's unit: "weeks" is 7 of the rank of a day.

    UCUM's `a` and `mo` are definite durations of 365.25 and 30.4375 days; adding one to a date is an error by CQL.
    https://cql.hl7.org/09-b-cqlreference.html#add-1
    """
    try:
        return _STEPS[unit]
    except KeyError:
        pass
    if unit in _DEFINITE:
        message = f"the unit '{unit}' is a fixed length; for calendar arithmetic write {_DEFINITE[unit]}"
    else:
        message = f"the unit {unit!r} is no duration, so it cannot be added to a date or time"
    raise EvaluationError(message)
