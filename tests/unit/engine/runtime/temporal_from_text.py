"""Short spellings for the dates and times of these tests; text that does not parse fails the test at once."""

from decimal import Decimal

from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.temporal_text import parse_date, parse_date_time, parse_time
from cds.engine.runtime.values import Quantity


def date(text: str) -> Date:
    found = parse_date(text)
    assert found is not None, text
    return found


def date_time(text: str, offset: int | None = None) -> DateTime:
    found = parse_date_time(text, None if offset is None else Decimal(offset))
    assert found is not None, text
    return found


def time(text: str) -> Time:
    found = parse_time(text)
    assert found is not None, text
    return found


def quantity(value: str | int, unit: str = "1") -> Quantity:
    return Quantity(Decimal(value), unit)


def dates(low: str | None, high: str | None, low_closed: bool = True, high_closed: bool = True) -> Interval:
    return Interval(
        None if low is None else date(low), None if high is None else date(high), low_closed, high_closed, "Date"
    )


def instants(low: str | None, high: str | None, low_closed: bool = True, high_closed: bool = True) -> Interval:
    return Interval(
        None if low is None else date_time(low),
        None if high is None else date_time(high),
        low_closed,
        high_closed,
        "DateTime",
    )
