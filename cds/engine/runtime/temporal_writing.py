"""Dates and times as ISO 8601 writes them, with the precision they were given."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from cds.engine.runtime.calendar_units import MILLISECOND

if TYPE_CHECKING:
    from cds.engine.runtime.temporal import Date, DateTime, Time


def offset_text(offset: Decimal | None) -> str:
    """Return an offset as ISO 8601 writes it: "+01:30", or "" for none."""
    if offset is None:
        return ""
    minutes = abs(round(offset * 60))
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


def date_text(value: Date | DateTime) -> str:
    """Return the date as far as it is given: "2014-01"."""
    text = f"{value.year:04}"
    if value.month is not None:
        text += f"-{value.month:02}"
        if value.day is not None:
            text += f"-{value.day:02}"
    return text


def time_text(value: DateTime | Time) -> str:
    """Return the time of day as far as it is given: "10:05"."""
    text = f"{value.hour:02}"
    if value.minute is not None:
        text += f":{value.minute:02}"
        if value.second is not None:
            text += f":{value.second:02}"
            if value.rank == MILLISECOND:
                text += f".{value.millisecond:03}"
    return text
