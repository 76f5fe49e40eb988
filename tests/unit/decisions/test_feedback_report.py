"""Feedback joined to the cards that were served: figures per recommendation, and what cannot be joined."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from cds.commands.feedback import as_text, read_feedback
from cds.decisions import store
from cds.decisions.decision import CardServed, Decision
from cds.decisions.feedback_report import feedback_report
from cds.decisions.log import DecisionLog
from cds.errors import SettingsError
from cds.hooks.feedback import FeedbackRequest
from cds.settings import Settings
from tests.unit.reasoning.traces import trace

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 3, 10, tzinfo=UTC)
CONFLICT = {"system": "https://x.example/reasons", "code": "known", "display": "Known and accepted"}


def decision(number, *recommendations, time=MONDAY, guideline="g", client=None):
    cards = tuple(
        CardServed(uuid=f"{number}-{each}", recommendation=each, indicator="info", suggestions=("s", "t"))
        for each in recommendations
    )
    return Decision(
        id=f"d{number}",
        time=time,
        service=f"{guideline}-patient-view",
        hook="patient-view",
        hook_instance="h",
        client=client,
        guideline=guideline,
        version="1",
        revision="r",
        cards=cards,
        trace=trace(),
        origins={},
        data={},
    )


def outcome(card, what="overridden", time="2026-03-02T11:00:00Z", **more):
    return {"card": card, "outcome": what, "outcomeTimestamp": time, **more}


def items(*outcomes):
    return FeedbackRequest.from_json({"feedback": list(outcomes)}).feedback


ACCEPTED = {"acceptedSuggestions": [{"id": "s"}]}


def with_log(use, url="sqlite://"):
    async def run():
        engine = store.open_database(url)
        log = DecisionLog(engine)
        try:
            await log.start()
            return await use(log, engine)
        finally:
            await log.close()

    return asyncio.run(run())


@pytest.mark.ch("CH-132", "CH-138", "CH-139", "CH-141")
def test_every_recommendation_has_its_figures_and_reasons():
    async def use(log, engine):
        for number in range(4):
            await log.record(decision(number, "a", "b"))
        matched = await log.receive_feedback(
            "g-patient-view",
            items(
                outcome("0-a", "accepted", **ACCEPTED),
                outcome("1-a", overrideReason={"reason": CONFLICT}),
                outcome("2-a", overrideReason={"reason": {"code": "known", "system": "s"}, "userComment": "private"}),
                outcome("0-b"),
            ),
        )
        return matched, await feedback_report(engine)

    matched, report = with_log(use)
    a, b = report.recommendations
    assert matched == 4
    assert (a.recommendation, a.shown, a.accepted, a.overridden, a.unreported) == ("a", 4, 1, 2, 1)
    assert a.reasons == (("Known and accepted", 1), ("s|known", 1))
    assert (b.shown, b.overridden, b.reasons, b.comments) == (4, 1, (), 0)
    assert a.comments == 1
    assert report.unmatched == 0
    assert "private" not in as_text(report)
    assert "1 × Known and accepted" in as_text(report)
    assert report.to_json()["recommendations"][0]["unreported"] == 1


@pytest.mark.ch("CH-135")
def test_outcomes_of_cards_that_were_not_served_are_kept_and_counted_apart():
    async def use(log, engine):
        await log.record(decision(1, "a", client="ehr-1"))
        assert await log.receive_feedback("g-patient-view", items(outcome("1-a")), client="ehr-2") == 0
        assert await log.receive_feedback("other-patient-view", items(outcome("1-a")), client="ehr-1") == 0
        assert await log.receive_feedback("g-patient-view", items(outcome("nobody's")), client="ehr-1") == 0
        assert await log.receive_feedback("g-patient-view", items(outcome("1-a")), client="ehr-1") == 1
        return await feedback_report(engine)

    report = with_log(use)
    assert report.unmatched == 3
    assert report.recommendations[0].overridden == 1
    assert "3 outcomes are about no card or suggestion that was served here" in as_text(report)


@pytest.mark.ch("CH-137")
def test_an_acceptance_of_what_the_card_did_not_suggest_is_unmatched():
    async def use(log, engine):
        await log.record(decision(1, "a", "b"))
        matched = await log.receive_feedback(
            "g-patient-view",
            items(
                outcome("1-a", "accepted", acceptedSuggestions=[{"id": "never offered"}]),
                outcome("1-b", "accepted", acceptedSuggestions=[{"id": "t"}, {"id": "never offered"}]),
            ),
        )
        return matched, await feedback_report(engine)

    matched, report = with_log(use)
    assert matched == 1
    assert {one.recommendation: one.accepted for one in report.recommendations} == {"a": 0, "b": 1}
    assert report.unmatched == 1


@pytest.mark.ch("CH-141")
@pytest.mark.parametrize("times", [("10:00", "11:00"), ("11:00", "10:00")], ids=["in order", "out of order"])
def test_the_latest_outcome_of_a_card_stands_in_whatever_order_it_arrives(times):
    async def use(log, engine):
        await log.record(decision(1, "a"))
        for time in times:
            what = outcome("1-a", "accepted", **ACCEPTED) if time == "11:00" else outcome("1-a")
            await log.receive_feedback("g-patient-view", items({**what, "outcomeTimestamp": f"2026-03-02T{time}:00Z"}))
        return await feedback_report(engine)

    one = with_log(use).recommendations[0]
    assert (one.accepted, one.overridden) == (1, 0)


def test_a_report_can_be_about_one_guideline_and_begin_at_a_moment():
    async def use(log, engine):
        await log.record(decision(1, "a"))
        await log.record(decision(2, "a", time=TUESDAY))
        await log.record(decision(3, "x", guideline="h"))
        return (
            (await feedback_report(engine, guideline="g")).recommendations[0].shown,
            (await feedback_report(engine, since=TUESDAY)).recommendations[0].shown,
            len((await feedback_report(engine)).recommendations),
        )

    assert with_log(use) == (2, 1, 2)


def test_an_empty_database_says_so(tmp_path):
    settings = Settings(database=f"sqlite:///{tmp_path}/new.sqlite3")
    report = asyncio.run(read_feedback(settings, guideline=None, since=None))
    assert as_text(report).startswith("no cards were served")


def test_tables_of_something_else_are_refused_with_what_to_do(tmp_path):
    url = f"sqlite:///{tmp_path}/old.sqlite3"

    async def make():
        engine = store.open_database(url)
        async with engine.begin() as connection:
            await connection.execute(text("create table decision (id varchar primary key)"))
        await engine.dispose()

    asyncio.run(make())
    with pytest.raises(SettingsError, match="CDS_DATABASE: the table decision was made by something else"):
        with_log(None, url)
