"""`cds feedback`: what became of the cards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cds.decisions.feedback_report import FeedbackReport, RecommendationFeedback, feedback_report
from cds.decisions.log import DecisionLog
from cds.decisions.store import open_database
from cds.settings import Settings


async def read_feedback(settings: Settings, *, guideline: str | None, since: datetime | None) -> FeedbackReport:
    """Count what the database of the settings holds."""
    engine = open_database(settings.database)
    log = DecisionLog(engine)
    try:
        await log.start()
        return await feedback_report(engine, guideline=guideline, since=since)
    finally:
        await log.close()


def as_text(report: FeedbackReport) -> str:
    """Return the report for a terminal: a line of figures per recommendation, its reasons below."""
    if not report.recommendations and not report.unmatched:
        return "no cards were served from this database (CDS_DATABASE)"
    lines = [f"{'shown':>7} {'accepted':>9} {'overridden':>11} {'unreported':>11}  recommendation"]
    for one in report.recommendations:
        lines += _lines(one)
    if report.unmatched:
        lines += [
            "",
            f"{report.unmatched} outcomes are about no card or suggestion that was served here",
        ]
    return "\n".join(lines)


def _lines(one: RecommendationFeedback) -> Iterator[str]:
    figures = f"{one.shown:>7} {one.accepted:>9} {one.overridden:>11} {one.unreported:>11}"
    yield f"{figures}  {one.recommendation} ({one.guideline})"
    for reason, count in one.reasons:
        yield f"{'':>42}{count} × {reason}"
    if one.comments:
        noun = "comment" if one.comments == 1 else "comments"
        yield f"{'':>42}{one.comments} {noun} in words (kept in the database)"
