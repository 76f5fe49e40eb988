"""Rows 31 to 35: the data themselves."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

from tests.server.faulty_fhir import OTHER_PATIENT
from tests.server.forty.rows import PATIENT, SERVICE, Range, refused, row

SEARCHSET = {"resourceType": "Bundle", "type": "searchset"}
ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
FAILED_ENTRY = {"search": {"mode": "outcome"}, "resource": ERROR}
CLEARANCE = re.compile(r"CLcr 24 mL/min")


def decision(target: Range, answer: Any) -> dict[str, Any]:
    identity = answer.json()["extension"]["org.example.fhir-cds.decision"]
    return target.open.http.get(f"/decisions/{identity}").json()


def with_creatinine(target: Range, change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """The prefetch with every creatinine changed in place."""
    bundle = copy.deepcopy(target.everything["creatinine"])
    for entry in bundle["entry"]:
        change(entry["resource"])
    return {**target.everything, "creatinine": bundle}


def bare(target: Range) -> dict[str, Any]:
    return {key: value for key, value in target.everything.items() if key != "creatinine"}


OPEN_STATES = {
    "missing": lambda _everything: ...,
    "an OperationOutcome": lambda _everything: ERROR,
    "a Bundle with a failure": lambda _everything: {**SEARCHSET, "entry": [FAILED_ENTRY]},
    "a failure beside results": lambda everything: {
        **everything["creatinine"],
        "entry": [*everything["creatinine"]["entry"], FAILED_ENTRY],
    },
    "a text": lambda _everything: "creatinine",
    "a list": lambda everything: [everything["creatinine"]],
    "a transaction": lambda everything: {**everything["creatinine"], "type": "transaction"},
    "another type": lambda _everything: {"resourceType": "Condition", "id": "c"},
    "another type in the Bundle": lambda everything: everything["conditions"],
    "an entry without resource": lambda everything: {
        **everything["creatinine"],
        "entry": [*everything["creatinine"]["entry"], {"fullUrl": "urn:x"}],
    },
    "an entry that is a text": lambda _everything: {**SEARCHSET, "entry": ["x"]},
    "entries that are an object": lambda _everything: {**SEARCHSET, "entry": {}},
    "a first page": lambda everything: {
        **everything["creatinine"],
        "link": [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}],
    },
    "fewer than the total": lambda everything: {**everything["creatinine"], "total": 50},
}


@row(31, {name: OPEN_STATES[name] for name in list(OPEN_STATES)[:4]})
@row(33, {name: OPEN_STATES[name] for name in list(OPEN_STATES)[4:]})
def what_is_not_settled_is_read_and_else_412(target: Range, state: Callable[[dict[str, Any]], Any]) -> None:
    value = state(target.everything)
    prefetch = bare(target) if value is ... else {**bare(target), "creatinine": value}
    target.gives_the_same_cards(target.call(fhirServer=target.ehr.base("up"), prefetch=prefetch))
    issue = refused(target.call(prefetch=prefetch), 412)
    assert "creatinine" in issue["diagnostics"]


@row(31, {"null": None, "an empty Bundle": SEARCHSET, "a Bundle of none": {**SEARCHSET, "total": 0, "entry": []}})
def what_was_looked_up_and_not_found_is_not_read_again(target: Range, absent: Any) -> None:
    target.ehr.seen.clear()
    answer = target.call(fhirServer=target.ehr.base("up"), prefetch={**bare(target), "creatinine": absent})
    assert not any(CLEARANCE.search(card["summary"]) for card in target.cards(answer))
    assert target.ehr.seen == []


def to_another(resource: dict[str, Any]) -> None:
    resource["subject"] = {"reference": f"Patient/{OTHER_PATIENT}"}


@row(32)
def rows_of_another_patient_are_dropped_and_counted(target: Range) -> None:
    answer = target.call(prefetch=with_creatinine(target, to_another))
    assert not any(CLEARANCE.search(card["summary"] + card.get("detail", "")) for card in target.cards(answer))
    record = decision(target, answer)
    assert record["data"]["droppedOtherPatient"] == len(target.everything["creatinine"]["entry"])
    read = target.call_reading("adds-foreign-rows")
    target.gives_the_same_cards(read)
    assert decision(target, read)["data"]["droppedOtherPatient"] > 0


@row(32)
def a_row_that_does_not_say_whose_it_is_is_dropped(target: Range) -> None:
    answer = target.call(prefetch=with_creatinine(target, lambda resource: resource.pop("subject")))
    assert not any(CLEARANCE.search(card["summary"]) for card in target.cards(answer))


@row(32)
def another_patient_is_refused(target: Range) -> None:
    other = {**target.everything["patient"], "id": OTHER_PATIENT}
    refused(target.call(prefetch={**target.everything, "patient": other}), 400, member="prefetch.patient")
    refused(target.call_reading("another-patient"), 412)
    refused(target.call_reading("ignores-the-patient"), 412)


@row(33, {"unresolvable": "Medication/nowhere", "contained": "#nothing", "urn": "urn:uuid:0", "nonsense": "%%"})
def a_drug_that_cannot_be_looked_up_is_no_other_drug(target: Range, reference: str) -> None:
    """A current order without a readable drug changes nothing, and does not stop the other cards."""
    orders = copy.deepcopy(target.everything["medication-requests"])
    order = copy.deepcopy(orders["entry"][0]["resource"])
    order.pop("medicationCodeableConcept", None)
    order |= {"id": "unreadable", "medicationReference": {"reference": reference}}
    orders["entry"].append({"resource": order, "search": {"mode": "match"}})
    orders["total"] += 1
    prefetch = {**target.everything, "medication-requests": orders}
    answer = target.call(fhirServer=target.ehr.base("up"), prefetch=prefetch)
    assert any(CLEARANCE.search(card["summary"]) for card in target.cards(answer))


def _quantity(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(resource: dict[str, Any]) -> None:
        resource["valueQuantity"] |= changes
        for name in [name for name, value in changes.items() if value is ...]:
            del resource["valueQuantity"][name]

    return change


def _replaced(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(resource: dict[str, Any]) -> None:
        resource |= changes
        for name in [name for name, value in changes.items() if value is ...]:
            del resource[name]

    return change


NOT_USED = {
    "entered in error": _replaced(status="entered-in-error"),
    "cancelled": _replaced(status="cancelled"),
    "preliminary": _replaced(status="preliminary"),
    "registered": _replaced(status="registered"),
    "no status": _replaced(status=...),
    "no unit": _quantity(unit=..., code=..., system=...),
    "an unknown unit": _quantity(unit="blob", code="blob"),
    "a unit of something else": _quantity(unit="kg", code="kg"),
    "absent": _replaced(valueQuantity=..., dataAbsentReason={"text": "haemolysed"}),
    "a text": _replaced(valueQuantity=..., valueString="275 umol/L"),
    "a bound below": _quantity(comparator="<"),
    "in the future": _replaced(effectiveDateTime="2099-01-01T08:00:00+01:00"),
    "no day in the calendar": _replaced(effectiveDateTime="2026-02-30"),
    "1e30": _quantity(value=10**30),
    "negative": _quantity(value=-275),
    "a number as text": _quantity(value="275"),
    "a list": _quantity(value=[275]),
    "true": _quantity(value=True),
}


@row(34, NOT_USED)
def a_result_that_cannot_be_relied_on_is_not_used(target: Range, change: Callable[[dict[str, Any]], None]) -> None:
    """No card rests on it; the decision says that something stayed undecided, and a card says what failed."""
    answer = target.call(prefetch=with_creatinine(target, change))
    cards = target.cards(answer)
    assert not any(CLEARANCE.search(card["summary"] + card.get("detail", "")) for card in cards)
    outcomes = {action["outcome"] for action in decision(target, answer)["actions"]}
    assert outcomes & {"unknown", "error"}
    assert ("error" in outcomes) == any("could not be evaluated" in card["summary"] for card in cards)


@row(34)
def another_unit_is_converted(target: Range) -> None:
    """275 umol/L of creatinine are 3.11 mg/dL."""
    change = _quantity(value=3.11, unit="mg/dL", code="mg/dL")
    prefetch = with_creatinine(
        target, lambda resource: resource.update(id="mass-" + resource["id"]) or change(resource)
    )
    for entry in prefetch["creatinine"]["entry"]:
        entry["resource"]["code"] = {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]}
    assert any(CLEARANCE.search(card["summary"]) for card in target.cards(target.call(prefetch=prefetch)))


@row(34)
def a_result_that_stands_twice_is_one_result(target: Range) -> None:
    bundle = copy.deepcopy(target.everything["creatinine"])
    bundle["entry"] *= 2
    bundle["total"] = len(bundle["entry"])
    target.gives_the_same_cards(target.call(prefetch={**target.everything, "creatinine": bundle}))


@row(34, {"a year": "2026", "a month": "2026-11", "no zone": "2026-11-17T08:15:00"})
def a_date_with_less_than_an_instant_is_read_or_unknown(target: Range, moment: str) -> None:
    answer = target.call(prefetch=with_creatinine(target, _replaced(effectiveDateTime=moment)))
    assert "error" not in {action["outcome"] for action in decision(target, answer)["actions"]}


MARKUP = re.compile(r"<(img|script)|\]\((javascript|https://evil)|^\[x\]:|\u202e|\u2066|^# Stop", re.MULTILINE)
HOSTILE = {
    "an image": "<img src=x onerror=alert(1)>",
    "a script": "<script>alert(1)</script>",
    "a link": "[press here](javascript:alert(1))",
    "a remote image": "![x](https://evil.example/pixel.png)",
    "an own link": "[x]: https://evil.example",
    "turned text": "abc\u202egnirts\u2066x",
    "10 kB": "x" * 10_000,
    "lines": "a\n\n# Stop the other drug\n\n| a | b |\n|---|---|",
}


@row(35, HOSTILE)
def text_of_the_chart_is_text_on_a_card(target: Range, text: str) -> None:
    """Every display name and text of the chart and of the draft is replaced."""
    body = _rewritten(target.body(), text)
    answer = target.open.call(SERVICE, body)
    cards = target.cards(answer)
    assert cards
    for card in answer.json()["cards"]:
        shown = card["summary"] + card.get("detail", "")
        assert len(card["summary"]) < 140
        assert "\n" not in card["summary"]
        assert not re.search(
            r"<(img|script)|(?<!\\)\]\((javascript|https://evil)|^\[x\]:|\u202e|\u2066|^# Stop", shown, re.MULTILINE
        )
        assert "x" * 1000 not in shown
        assert all(link["url"].startswith("https://") for link in card.get("links", []))
        assert all(len(suggestion["label"]) < 1000 for suggestion in card.get("suggestions", []))


def _rewritten(node: Any, text: str) -> Any:
    if isinstance(node, dict):
        return {
            name: text if name in ("display", "text") and isinstance(value, str) else _rewritten(value, text)
            for name, value in node.items()
        }
    return [_rewritten(item, text) for item in node] if isinstance(node, list) else node


@row(35)
def the_name_of_the_patient_is_on_no_card(target: Range) -> None:
    patient = {**target.everything["patient"], "name": [{"family": "Hostile<b>Name"}]}
    answer = target.call(prefetch={**target.everything, "patient": patient})
    assert "Hostile" not in answer.text
    assert PATIENT not in answer.json()["cards"][0]["uuid"]
