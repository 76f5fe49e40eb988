"""From a card to its figures: served, reported on, counted; and from a card to its reasons."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from cds.commands.explain import explanation, find_decision
from cds.commands.feedback import as_text, read_feedback
from tests.server.conftest import running

SERVICE = "nl-lenalidomide-order-select"
ONE = ("nl-lenalidomide",)
RENAL = "nl-lenalidomide-renal-mm-severe"


def renal_card(answer):
    return next(card for card in answer["cards"] if card["source"]["topic"]["code"] == RENAL)


@pytest.mark.ch("CH-132", "CH-141")
def test_what_became_of_cards_is_counted_and_every_card_can_say_why(tmp_path):
    with running(guidelines=ONE, database=f"sqlite:///{tmp_path}/state.sqlite3") as kept:
        answers = [kept.call(SERVICE, kept.request("renal-failure", "order-select")).json() for _ in range(3)]
        cards = [renal_card(answer) for answer in answers]
        time = {"outcomeTimestamp": "2026-03-02T10:00:00Z"}
        taken = [{"id": cards[0]["suggestions"][0]["uuid"]}]
        reason = {"system": "https://ehr.example/reasons", "code": "temporary", "display": "Only for this cycle"}
        accepted = {"card": cards[0]["uuid"], "outcome": "accepted", "acceptedSuggestions": taken, **time}
        overridden = {"card": cards[1]["uuid"], "outcome": "overridden", "overrideReason": {"reason": reason}, **time}
        for _ in range(2):  # reported twice, counted once
            assert kept.feedback(SERVICE, accepted, overridden).json() == {"received": 2, "unmatched": 0}
        settings = kept.settings
    report = asyncio.run(read_feedback(settings, guideline="nl-lenalidomide", since=None))
    renal = next(one for one in report.recommendations if one.recommendation == RENAL)
    assert (renal.shown, renal.accepted, renal.overridden, renal.unreported) == (3, 1, 1, 1)
    assert renal.reasons == (("Only for this cycle", 1),)
    assert "1 × Only for this cycle" in as_text(report)

    record = asyncio.run(find_decision(settings, cards[2]["uuid"]))
    assert record["decision"] == answers[2]["extension"]["org.example.fhir-cds.decision"]
    text = explanation(record)
    assert f"card {cards[2]['uuid']} (critical)" in text
    assert "Observation/renal-failure-creatinine (search:creatinine)" in text
    assert "values were erased" in text
    assert "7.5 mg" not in text


def test_without_a_database_nothing_is_answered_that_could_not_be_explained(tmp_path):
    database = tmp_path / "state.sqlite3"
    with running(guidelines=ONE, database=f"sqlite:///{database}") as broken:
        body = broken.request("renal-failure", "order-select")
        assert broken.call(SERVICE, body).status_code == 200
        with sqlite3.connect(database) as connection:
            connection.execute("drop table card")
        connection.close()
        answer = broken.call(SERVICE, body)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["issue"][0]["code"] == "transient"
        item = {"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-03-02T10:00:00Z"}
        assert broken.feedback(SERVICE, item).status_code == 503


def test_values_are_kept_where_the_site_says_so(tmp_path):
    with running(guidelines=ONE, database=f"sqlite:///{tmp_path}/state.sqlite3", log_values=True) as kept:
        answer = kept.call(SERVICE, kept.request("renal-failure", "order-select")).json()
        settings = kept.settings
    text = explanation(asyncio.run(find_decision(settings, renal_card(answer)["uuid"])))
    assert "erased" not in text
    assert " mg" in text
