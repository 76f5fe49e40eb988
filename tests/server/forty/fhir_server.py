"""Rows 36 to 39: the EHR's FHIR server misbehaves. What cannot be had is a 412; it is never "no results"."""

from __future__ import annotations

import httpx

from cds.data.fhir_paging import PagingLimits
from tests.server.faulty_fhir import TOKEN
from tests.server.forty.handed_over import AUTHORIZATION
from tests.server.forty.rows import PATIENT, Range, refused, row


def has_no_data(target: Range, answer: httpx.Response) -> None:
    """A 412 that names what is missing, within the deadline of the call; the next server is read as if nothing was."""
    issue = refused(answer, 412)
    assert "creatinine" in issue["diagnostics"]
    assert TOKEN not in answer.text
    assert answer.elapsed.total_seconds() < target.open.settings.deadline_ms / 1000 + 3
    target.gives_the_same_cards(target.call_reading("up"))


@row(
    36,
    {
        name: name
        for name in (
            "reset",
            "hang-up",
            "stall-after-headers",
            "drip",
            "short-body",
            "not-http",
            "refused",
            "no-such-host",
        )
    },
)
def a_connection_that_breaks_is_no_data_in_time(target: Range, name: str) -> None:
    has_no_data(target, target.call(fhirServer=target.broken[name], prefetch=...))


@row(36)
def a_server_that_speaks_no_tls_is_no_data(target: Range) -> None:
    has_no_data(target, target.call(fhirServer=target.broken["no-tls"], prefetch=...))


@row(36)
def an_answer_that_drips_is_no_data_in_time(target: Range) -> None:
    has_no_data(target, target.call_reading("drips"))


@row(36)
def twenty_broken_connections_do_not_poison_the_pool(target: Range) -> None:
    for _ in range(20):
        refused(target.call(fhirServer=target.broken["short-body"], prefetch=...), 412)
    target.gives_the_same_cards(target.call_reading("up"))


@row(
    37,
    {
        mood: mood
        for mood in (
            "401",
            "403",
            "404",
            "410",
            "500",
            "503",
            "html",
            "text",
            "no-content",
            "nothing-at-all",
            "outcome",
            "outcome-only",
        )
    },
)
def no_status_means_no_results(target: Range, mood: str) -> None:
    has_no_data(target, target.call_reading(mood))


@row(37)
def a_server_that_asks_for_a_pause_gets_it(target: Range) -> None:
    refused(target.call_reading("429-for-long"), 412)
    target.ehr.seen.clear()
    has_no_data(target, target.call_reading("429-for-long"))
    assert [seen for seen in target.ehr.seen if seen[0] == "429-for-long"] == []


@row(37)
def nothing_is_asked_for_again_and_again(target: Range) -> None:
    target.ehr.seen.clear()
    refused(target.call_reading("500"), 412)
    asked = [path for mood, path, _ in target.ehr.seen if mood == "500"]
    assert len(asked) <= len(target.everything)


@row(37)
def a_token_that_expires_in_mid_call_is_no_data(target: Range) -> None:
    target.ehr.seen.clear()
    issue = refused(target.call_reading("token-expires", fhirAuthorization=AUTHORIZATION), 412)
    assert "auth" in issue["diagnostics"]


@row(
    38,
    {
        mood: mood
        for mood in (
            "next-leads-elsewhere",
            "next-over-other-scheme",
            "next-hides-the-base",
            "next-has-the-base-as-user",
            "next-goes-up",
            "next-is-here",
            "pages-without-end",
        )
    },
)
def pages_that_mislead_are_not_followed_and_no_data(target: Range, mood: str) -> None:
    target.ehr.seen.clear()
    has_no_data(target, target.call_reading(mood, fhirAuthorization=AUTHORIZATION))
    moods = {seen[0] for seen in target.ehr.seen}
    assert moods == {mood, "up"}  # `up` is the good call afterwards
    assert not any(token for seen_mood, _, token in target.ehr.seen if seen_mood == "up")
    asked = [path for seen_mood, path, _ in target.ehr.seen if seen_mood == mood]
    assert len(asked) <= 50 * len(target.everything)


@row(38)
def an_entry_that_comes_on_two_pages_is_one(target: Range) -> None:
    target.gives_the_same_cards(target.call_reading("repeats-itself"))


@row(39, {mood: mood for mood in ("ignores-the-code", "in-any-order", "without-total", "compressed", "pages-of-one")})
def what_can_be_put_right_here_is(target: Range, mood: str) -> None:
    target.gives_the_same_cards(target.call_reading(mood))


@row(39)
def a_medication_that_was_not_included_is_read(target: Range) -> None:
    target.gives_the_same_cards(target.call_reading("ignores-include"))


@row(39, {mood: mood for mood in ("ignores-the-patient", "redirect", "xml", "bomb", "endless", "cuts-the-bundle")})
def what_cannot_be_put_right_is_no_data(target: Range, mood: str) -> None:
    answer = target.call_reading(mood)
    issue = refused(answer, 412)
    assert PATIENT not in issue["diagnostics"]
    target.gives_the_same_cards(target.call_reading("up"))


@row(39)
def an_answer_is_held_up_to_a_size(_target: Range) -> None:
    """`bomb` is 300 MB and `endless` 100 MB; this is where they end."""
    assert PagingLimits().max_bytes <= 20_000_000
