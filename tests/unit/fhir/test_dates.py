"""A FHIR date stands for a span of time; precision and zone decide which."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.fhir.dates import BEGINNING, END, TimeSpan, span_of, time_span


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", utc(2026, 1, 1), utc(2027, 1, 1)),
        ("2026-02", utc(2026, 2, 1), utc(2026, 3, 1)),
        ("2026-12", utc(2026, 12, 1), utc(2027, 1, 1)),
        ("2024-02-29", utc(2024, 2, 29), utc(2024, 3, 1)),
        ("2026-03-02T10:05Z", utc(2026, 3, 2, 10, 5), utc(2026, 3, 2, 10, 6)),
        ("2026-03-02T10:05:07Z", utc(2026, 3, 2, 10, 5, 7), utc(2026, 3, 2, 10, 5, 8)),
        ("2026-03-02T10:05:07.250Z", utc(2026, 3, 2, 10, 5, 7, 250000), utc(2026, 3, 2, 10, 5, 7, 251000)),
        ("2024-03-02T01:00:00+02:00", utc(2024, 3, 1, 23), utc(2024, 3, 1, 23, 0, 1)),
        ("2024-03-01T23:30:00-05:00", utc(2024, 3, 2, 4, 30), utc(2024, 3, 2, 4, 30, 1)),
    ],
)
def test_a_text_covers_its_precision(text, start, end):
    assert time_span(text) == TimeSpan(start, end)


def test_a_text_without_zone_is_read_in_the_given_one():
    oslo = timezone(timedelta(hours=1))
    assert time_span("2026-03-02", oslo).start == utc(2026, 3, 1, 23)
    assert time_span("2026-03-02T10:00:00Z", oslo).start == utc(2026, 3, 2, 10)


@pytest.mark.parametrize("text", ["", "26", "2026-13", "2026-02-30", "2026-03-02 10:00", "2026-03-02T10", "yesterday"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError, match=r"FHIR date|month|day"):
        time_span(text)


def test_the_first_and_last_year_do_not_overflow():
    assert time_span("9999").end == END
    assert time_span("9999-12-31T23:59:59-05:00").start == END
    assert time_span("0001-01-01T00:00:00+05:00").start == BEGINNING


def test_a_period_may_be_open_at_either_end():
    assert span_of({"start": "2026-01-01"}) == TimeSpan(utc(2026, 1, 1), END)
    assert span_of({"end": "2026-01-01"}) == TimeSpan(BEGINNING, utc(2026, 1, 2))
    assert span_of({}) is None


def test_a_timing_covers_its_events_or_its_bounds():
    assert span_of({"event": ["2026-01-03", "2026-01-01"]}) == TimeSpan(utc(2026, 1, 1), utc(2026, 1, 4))
    bounds = {"repeat": {"boundsPeriod": {"start": "2026-01-01", "end": "2026-01-02"}}}
    assert span_of(bounds) == TimeSpan(utc(2026, 1, 1), utc(2026, 1, 3))
    assert span_of({"repeat": {"frequency": 1}}) is None


@given(st.integers(min_value=0, max_value=250_000_000_000))
def test_less_precision_never_covers_less(seconds):
    moment = utc(2, 1, 1) + timedelta(seconds=seconds)
    texts = [moment.isoformat(timespec="seconds"), moment.date().isoformat(), f"{moment:%Y}".zfill(4)]
    spans = [time_span(text) for text in texts]
    assert spans[1].contains(spans[0])
    assert spans[2].contains(spans[1])
