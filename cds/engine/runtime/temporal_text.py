"""Dates and times from text, in the forms of FHIR and of CQL, down to whatever precision the text has.

Fractions of a second are cut to milliseconds. Text that is no date is None, never an error: real records hold such.
Parsing is memoised, because the same text is read again for every condition.
https://hl7.org/fhir/R4/datatypes.html#dateTime · https://cql.hl7.org/09-b-cqlreference.html#todatetime
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

from cds.engine.errors import EvaluationError
from cds.engine.runtime.temporal import Date, DateTime, Time

_DATE: Final = r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?"
_TIME: Final = r"(\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d+))?)?)?"
_ZONE: Final = r"(Z|[+-]\d{2}:\d{2})?"
_DATE_FORM: Final = re.compile(_DATE, re.ASCII)
_DATE_TIME_FORM: Final = re.compile(f"{_DATE}(?:T(?:{_TIME}{_ZONE})?)?", re.ASCII)
_TIME_FORM: Final = re.compile(f"T?{_TIME}{_ZONE}", re.ASCII)
_CACHED_TEXTS: Final = 16_384


@lru_cache(_CACHED_TEXTS)
def parse_date(text: str) -> Date | None:
    """Return the Date of "2014", "2014-01" or "2014-01-31", or None."""
    match = _DATE_FORM.fullmatch(text)
    if match is None:
        return None
    year, month, day = match.groups()
    try:
        return Date(int(year), _number(month), _number(day))
    except EvaluationError:
        return None


@lru_cache(_CACHED_TEXTS)
def parse_date_time(text: str, offset: Decimal | None = None) -> DateTime | None:
    """Return the DateTime of "2014" ... "2014-01-31T12:05:05.955+01:00", or None.

    `offset`, in hours, is that of the evaluation; it is taken where the text has none.
    """
    match = _DATE_TIME_FORM.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        return DateTime(
            int(year),
            _number(month),
            _number(day),
            _number(hour),
            _number(minute),
            _number(second),
            _milliseconds(fraction),
            offset if zone is None else _offset(zone),
        )
    except EvaluationError:
        return None


@lru_cache(_CACHED_TEXTS)
def parse_time(text: str) -> Time | None:
    """Return the Time of "14", "T14:30" ... "14:30:00.955", or None; an offset is read over, as CQL's ToTime does."""
    match = _TIME_FORM.fullmatch(text)
    if match is None:
        return None
    hour, minute, second, fraction, zone = match.groups()
    try:
        if zone is not None:
            _offset(zone)
        return Time(int(hour), _number(minute), _number(second), _milliseconds(fraction))
    except EvaluationError:
        return None


def _number(digits: str | None) -> int | None:
    return None if digits is None else int(digits)


def _milliseconds(fraction: str | None) -> int | None:
    return None if fraction is None else int(fraction[:3].ljust(3, "0"))


@lru_cache(256)
def _offset(zone: str) -> Decimal:
    if zone == "Z":
        return Decimal(0)
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if minutes > 59:
        raise EvaluationError("a timezone offset has at most 59 minutes")
    offset = hours + Decimal(minutes) / 60
    return -offset if zone[0] == "-" else offset
