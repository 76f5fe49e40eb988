"""The text of FHIRPath's literals to engine values. Every reader raises `ValueError` with a sentence for the author."""

from __future__ import annotations

from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.temporal_text import parse_date, parse_date_time, parse_time
from cds.engine.runtime.values import INTEGER_MAX, LONG_MAX, Long

_SINGULAR = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
CALENDAR_UNITS = frozenset((*_SINGULAR, *(f"{unit}s" for unit in _SINGULAR)))
"""The words that make a calendar duration out of a number: `4 days`."""

_UCUM = {"year": "a", "month": "mo", "week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s"}


def ucum_unit(unit: str) -> str:
    """Name the UCUM unit that a calendar unit is equivalent to; any other unit is its own."""
    if unit not in CALENDAR_UNITS:
        return unit
    return _UCUM.get(unit.removesuffix("s"), "ms")


def integer(text: str) -> int:
    """Read a whole number of up to 2,147,483,647."""
    value = int(text)
    if value > INTEGER_MAX:
        message = f"{text} is too large for an Integer (at most {INTEGER_MAX}); write {text}L or {text}.0"
        raise ValueError(message)
    return value


def long(text: str) -> Long:
    """Read a whole number of up to 64 bits; the text without its L."""
    value = int(text)
    if value > LONG_MAX:
        message = f"{text}L is too large for a Long"
        raise ValueError(message)
    return Long(value)


def temporal(text: str) -> Date | DateTime | Time:
    """Read `@2026`, `@2026-01-31`, `@2026T`, `@2026-01-31T10:30+01:00`, `@T10:30`; partial values stay partial."""
    body = text.removeprefix("@")
    value: Date | DateTime | Time | None
    if body.startswith("T"):
        value = parse_time(body)
    elif "T" in body:
        value = parse_date_time(body)
    else:
        value = parse_date(body)
    if value is None:
        message = f"'{text}' is no date or time of the calendar"
        raise ValueError(message)
    return value
