"""Rows 10 to 17: the JSON of a hook call. What a refusal may cost is counted in seconds of the processor."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.server.forty.rows import CANARY, PATIENT, Range, refused, row


@row(
    10,
    {
        "nothing": "",
        "half": "{",
        "a list": "[]",
        "null": "null",
        "a string": '"x"',
        "a number": "5",
        "two objects": "{} {}",
        "a comma too many": '{"hook": "x",}',
        "a comment": "{/* */}",
    },
)
def what_is_no_json_object_is_400(target: Range, text: str) -> None:
    refused(target.send(text), 400)


@row(10)
def what_follows_the_object_is_400(target: Range) -> None:
    refused(target.send(target.text() + f' "{CANARY}"'), 400)


@row(
    11,
    {
        "200,000 lists": lambda _text: "[" * 200_000,
        "200,000 objects": lambda _text: '{"a":' * 200_000,
        "5,000 in the context": lambda text: text.replace(
            '"context": {', f'"context": {{"x": {"[" * 5000}{"]" * 5000}, ', 1
        ),
        "900 in the prefetch": lambda text: text.replace(
            '"prefetch": {', '"prefetch": {"x": ' + '{"extension":[' * 450 + "]}" * 450 + ", ", 1
        ),
    },
)
def deep_nesting_is_400_at_once(target: Range, deepened: Any) -> None:
    text = deepened(target.text())
    spent = []
    for _ in range(3):
        begin = time.process_time()
        refused(target.send(text), 400)
        spent.append(time.process_time() - begin)
    assert min(spent) < 0.5  # it takes a tenth of that on a slow machine; work by the square takes minutes


@row(
    12,
    {
        "patientId": ('"patientId":', f'"patientId": "{CANARY}", "patientId":'),
        "hook": ('"hook":', '"hook": "patient-view", "hook":'),
        "fhirServer": ('"context":', f'"fhirServer": "https://{CANARY}", "fhirServer": "https://b", "context":'),
        "a spelling of it": ('"patientId":', '"patient\\u0049d": "x", "patientId":'),
    },
)
def a_member_that_stands_twice_is_400(target: Range, case: tuple[str, str]) -> None:
    refused(target.send(target.text().replace(*case, 1)), 400)


@row(13, {text: text for text in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 5000, "0." + "1" * 5000)})
def a_number_that_no_two_readers_read_alike_is_400(target: Range, number: str) -> None:
    refused(target.send(target.text().replace('"context": {', f'"context": {{"x": {number}, ', 1)), 400)


@row(13)
def a_number_keeps_its_digits_through_a_card(target: Range) -> None:
    """A card that changes the draft gives the whole draft back, with the figures that it does not change."""
    body = target.body()
    body["context"]["draftOrders"]["entry"][0]["resource"]["dispenseRequest"] = {"quantity": {"value": 12345}}
    answer = target.send(json.dumps(body).replace("12345", "6.10"))
    assert answer.status_code == 200
    assert '"dispenseRequest":{"quantity":{"value":6.10}}' in answer.text


@row(13)
def negative_zero_is_a_number(target: Range) -> None:
    target.gives_the_same_cards(target.send(target.text().replace('"context": {', '"context": {"x": -0.0, ', 1)))


@row(
    14,
    {
        "half a surrogate pair": rb"\ud800",
        "a pair the wrong way round": rb"\udc00\ud800",
        "an escaped NUL": rb"\u0000",
        "a NUL": b"\x00",
        "no UTF-8": b"\xff",
        "an overlong form": b"\xc0\xaf",
        "a surrogate in UTF-8": b"\xed\xa0\x80",
    },
)
def text_that_is_no_text_is_400(target: Range, characters: bytes) -> None:
    body = target.text().encode().replace(b'"context": {', b'"context": {"x": "' + characters + b'", ', 1)
    refused(target.send(body), 400)


@row(14, {"UTF-16": "utf-16", "UTF-32": "utf-32"})
def another_encoding_is_400(target: Range, encoding: str) -> None:
    refused(target.send(target.text().encode(encoding)), 400)


@row(14)
def a_byte_order_mark_is_taken(target: Range) -> None:
    target.gives_the_same_cards(target.send(target.text().encode("utf-8-sig")))


@row(15)
def three_hundred_thousand_members_are_refused_or_answered_in_time(target: Range) -> None:
    members = ", ".join(f'"m{number}": 0' for number in range(300_000))
    text = target.text().replace('"context": {', f'"context": {{{members}, ', 1)
    answer = target.send(text)
    if answer.status_code != 200:
        refused(answer, 400, 413, 503)  # 503: the server kept its deadline


@row(15)
def fifty_thousand_entries_are_refused_or_answered_in_time(target: Range) -> None:
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": []}
    for number in range(50_000):
        subject = {"reference": f"Patient/{PATIENT}"}
        resource = {"resourceType": "Observation", "id": f"o{number}", "status": "final", "subject": subject}
        bundle["entry"].append({"resource": {**resource, "code": {"text": "x"}}})
    text = target.text(prefetch={**target.everything, "creatinine": bundle})
    answer = target.send(text)
    if answer.status_code != 200:
        refused(answer, 400, 413, 503)


@row(16)
def members_that_we_do_not_know_change_nothing(target: Range) -> None:
    unknown = {"extension": {"com.example": {"a": 1}}, "__proto__": {"x": 1}, "constructor": 5, "futureField": [1]}
    body = target.body(**unknown)
    body["context"] |= {"__class__": "x", "futureContext": {"deep": [1]}}
    body["prefetch"] = {**body["prefetch"], "no-key-of-ours": {"resourceType": "Basic"}}
    target.gives_the_same_cards(target.open.call("nl-lenalidomide-order-select", body))


@row(
    17,
    {
        "no hook": ({"hook": ...}, "hook"),
        "hook a number": ({"hook": 5}, "hook"),
        "hook a list": ({"hook": ["order-select"]}, "hook"),
        "another hook": ({"hook": "order-sign"}, "hook"),
        "no hook of the standard": ({"hook": f"x-{CANARY}"}, "hook"),
        "no hookInstance": ({"hookInstance": ...}, "hookInstance"),
        "hookInstance a number": ({"hookInstance": 5}, "hookInstance"),
        "hookInstance empty": ({"hookInstance": ""}, "hookInstance"),
        "no context": ({"context": ...}, "context"),
        "prefetch a list": ({"prefetch": [CANARY]}, "prefetch"),
        "fhirServer a number": ({"fhirServer": 5}, "fhirServer"),
    },
)
def a_member_that_is_missing_or_mistyped_is_400_and_named(target: Range, case: tuple[dict[str, Any], str]) -> None:
    changes, member = case
    refused(target.call(**changes), 400, member=member)


@row(
    17,
    {
        repr(value)[:40]: value
        for value in (
            5,
            "",
            None,
            ["x"],
            {"id": "x"},
            "../1",
            "1?_include=*",
            "1/../2",
            "1&patient=2",
            "Observation/1",
            "Patient/../1",
            "a b",
            "é",
            "1\n",
            "x" * 65,
            f"{CANARY}|",
            "%2e%2e",
        )
    },
)
def a_patient_id_that_is_none_is_400_and_never_sent_on(target: Range, value: Any) -> None:
    target.ehr.seen.clear()
    body = target.body(fhirServer=target.ehr.base("up"), prefetch=...)
    body["context"]["patientId"] = value
    refused(target.open.call("nl-lenalidomide-order-select", body), 400, member="context.patientId")
    assert target.ehr.seen == []


@row(17)
def what_clients_are_known_to_send_is_taken(target: Range) -> None:
    """Two inputs that the row would refuse: CH-184 (`Patient/x` as id) and CH-029 (a hookInstance that is no UUID)."""
    body = target.body(hookInstance="42")
    body["context"]["patientId"] = f"Patient/{PATIENT}"
    target.gives_the_same_cards(target.open.call("nl-lenalidomide-order-select", body))
