"""The record as AuditEvents: valid R4, in order, from one moment to another."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fhir.resources.R4B.auditevent import AuditEvent

from cds.commands.audit import write_audit_events
from cds.decisions.audit_event import audit_event
from cds.decisions.log import DecisionLog
from cds.decisions.store import open_database
from cds.settings import Settings
from tests.unit.decisions.test_log import decision

DECISION = decision()
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def test_it_is_valid_r4_and_says_who_what_and_what_came():
    event = audit_event(replace(DECISION, client="ehr-1").to_json())
    AuditEvent.model_validate(event)
    assert event["agent"][0]["name"] == "ehr-1"
    assert event["id"] == DECISION.id
    details = {detail["valueString"] for detail in event["entity"][1]["detail"]}
    assert DECISION.hook_instance in details
    assert {card.recommendation for card in DECISION.cards} <= details


def test_an_export_is_in_order_and_of_the_time_asked_for(tmp_path, capsys):
    url = f"sqlite:///{tmp_path / 'd.sqlite3'}"

    async def fill() -> None:
        log = DecisionLog(open_database(url))
        await log.start()
        for number in (2, 0, 1, 3):
            moment = START + timedelta(hours=number)
            await log.record(replace(DECISION, id=f"d-{number}", time=moment, cards=()))
        await log.close()

    asyncio.run(fill())
    since, until = START + timedelta(hours=1), START + timedelta(hours=3)
    asyncio.run(write_audit_events(Settings(database=url), since=since, until=until))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == ["d-1", "d-2"]
