"""FHIR dates as the span of time they stand for (https://hl7.org/fhir/R4/search.html#date)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

_DATE_TIME = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?"
)
BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """The half-open span [start, end) of instants in UTC that a date, dateTime, instant or Period covers."""

    start: datetime
    end: datetime

    def contains(self, other: TimeSpan) -> bool:
        """Say whether the other span lies wholly within this one."""
        return self.start <= other.start and other.end <= self.end


def time_span(text: str, zone: tzinfo = UTC) -> TimeSpan:
    """Read a date, dateTime or instant of any precision; `zone` is for texts without one. Raises ValueError."""
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        raise ValueError("not a FHIR date, dateTime or instant")
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    start = datetime(
        year,
        month,
        day,
        int(found["hour"] or 0),
        int(found["minute"] or 0),
        int(found["second"] or 0),
        int((found["fraction"] or "0")[:6].ljust(6, "0")),
        tzinfo=_zone(found["zone"], zone),
    )
    return TimeSpan(_in_utc(start), _in_utc(_end_of(found, start)))


def span_of(value: Any, zone: tzinfo = UTC) -> TimeSpan | None:
    """Read a date text, a Period or a Timing with events; None where it gives no time. Raises ValueError."""
    if isinstance(value, str):
        return time_span(value, zone)
    if not isinstance(value, Mapping):
        return None
    if isinstance(value.get("event"), list) and value["event"]:
        spans = [time_span(event, zone) for event in value["event"]]
        return TimeSpan(min(span.start for span in spans), max(span.end for span in spans))
    if isinstance(repeat := value.get("repeat"), Mapping):
        return span_of(repeat.get("boundsPeriod"), zone)
    if "start" not in value and "end" not in value:
        return None
    start = time_span(value["start"], zone).start if "start" in value else BEGINNING
    end = time_span(value["end"], zone).end if "end" in value else END
    return TimeSpan(start, end)


def _zone(text: str | None, default: tzinfo) -> tzinfo:
    if text is None:
        return default
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)


def _end_of(found: re.Match[str], start: datetime) -> datetime:
    """Give the first instant after the span that the precision implies."""
    try:
        if found["month"] is None:
            return start.replace(year=start.year + 1)
        if found["day"] is None:
            return (start + timedelta(days=31)).replace(day=1)
        if found["hour"] is None:
            return start + timedelta(days=1)
        if found["second"] is None:
            return start + timedelta(minutes=1)
        if found["fraction"] is None:
            return start + timedelta(seconds=1)
        return start + timedelta(microseconds=10 ** max(0, 6 - len(found["fraction"])))
    except (ValueError, OverflowError):  # the last year that datetime can hold
        return END


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # within a day of the first or last instant
        return BEGINNING if moment.year == 1 else END
