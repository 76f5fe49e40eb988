"""The decision record: written, found by decision or card, values erased; feedback idempotent."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from cds.decisions import store
from cds.decisions.decision import CardServed, Decision
from cds.decisions.log import DecisionLog
from cds.errors import SettingsError
from cds.hooks.feedback import FeedbackRequest
from tests.unit.reasoning.traces import EGFR, FACT, action, condition, trace

TRACE = trace(action(title="eGFR 25 mL/min", conditions=(condition("Low eGFR", evidence=(FACT,)),)))


def decision(**changes):
    return Decision(
        **{
            "id": "d1",
            "time": datetime(2026, 3, 2, 10, tzinfo=UTC),
            "service": "g-order-select",
            "hook": "order-select",
            "hook_instance": "h1",
            "guideline": "g",
            "version": "1",
            "revision": "abc",
            "cards": (CardServed(uuid="c1", recommendation="r1", indicator="warning", suggestions=("s1",)),),
            "trace": TRACE,
            "origins": {},
            "data": {"resources": 3},
            **changes,
        }
    )


def with_log(use, **options):
    async def run():
        engine = store.open_database("sqlite://")
        log = DecisionLog(engine, **options)
        await log.start()
        try:
            return await use(log, engine)
        finally:
            await log.close()

    return asyncio.run(run())


def test_a_decision_is_found_by_its_id_and_by_a_cards_uuid():
    async def use(log, _):
        await log.record(decision())
        return await log.find("d1"), await log.find("c1"), await log.find("nothing")

    by_id, by_card, none = with_log(use)
    assert by_id == by_card
    assert by_id["content"]["revision"] == "abc"
    assert none is None


def test_values_are_left_out_and_the_record_says_which():
    async def use(log, _):
        await log.record(decision())
        return await log.find("d1")

    record = with_log(use)
    assert record["actions"][0]["title"] is None
    assert record["actions"][0]["evidence"][0]["value"] is None
    assert record["erased"] == ["/actions/0/title", "/actions/0/evidence/0/value"]
    assert record["actions"][0]["conditions"][0]["outcome"] == "true"


def test_values_are_kept_where_the_site_asks_for_it():
    async def use(log, _):
        await log.record(decision())
        return await log.find("d1")

    record = with_log(use, keep_values=True)
    assert record["actions"][0]["evidence"][0]["value"] == {"value": 25}
    assert record["erased"] == []


def test_a_kept_number_keeps_its_digits():
    precise = FACT._replace(value={"value": Decimal("6.10")})

    async def use(log, _):
        await log.record(decision(trace=trace(action(conditions=(condition(evidence=(precise,)),)))))
        return await log.find("d1")

    kept = with_log(use, keep_values=True)["actions"][0]["evidence"][0]["value"]["value"]
    assert str(kept) == "6.10"


def test_a_decision_that_was_made_without_values_does_not_change_the_one_with_them():
    whole = decision()
    assert whole.without_values().recorded["erased"]
    assert whole.recorded["erased"] == []
    assert whole.recorded["actions"][0]["title"] == "eGFR 25 mL/min"


def test_a_decision_is_read_from_the_database_as_it_reads_before():
    made = decision(trace=trace(TRACE.actions[0], notes={"Low eGFR": ["Latest"], "Latest": [(EGFR, "status")]}))

    async def use(log, _):
        await log.record(made)
        return await log.find("d1")

    assert with_log(use, keep_values=True) == made.recorded
    assert with_log(use) == made.without_values().recorded


def test_feedback_sent_twice_is_stored_once_with_the_last_outcome():
    def outcome(kind):
        item = {"card": "c1", "outcome": kind, "outcomeTimestamp": "2026-03-02T10:00:00Z"}
        if kind == "accepted":
            item["acceptedSuggestions"] = [{"id": "s1"}]
        return FeedbackRequest.from_json({"feedback": [item]}).feedback

    async def use(log, engine):
        for kind in ("overridden", "accepted", "accepted"):
            await log.receive_feedback("g-order-select", outcome(kind))
        async with engine.connect() as connection:
            return (await connection.execute(select(store.feedback.c.outcome))).scalars().all()

    assert with_log(use) == ["accepted"]


def test_a_database_url_that_cannot_be_used_is_a_settings_error():
    with pytest.raises(SettingsError, match="CDS_DATABASE"):
        store.open_database("nonsense")
