"""`cds explain`: a recorded decision as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cds.decisions.evidence import facts_of
from cds.decisions.log import DecisionLog
from cds.decisions.store import open_database
from cds.fhir.json import dumps
from cds.settings import Settings

_MARKS = {"true": "✓", "false": "·", "unknown": "?", "error": "!", "skipped": "-"}
_LONGEST_VALUE = 80
_PROBLEMS = {
    "other-patient": "is of another patient: dropped",
    "no-patient": "does not say whose it is: dropped",
    "dangling-reference": "cannot be found: the drug that it stands for is not known",
    "conflicting-copies": "came with two contents: the newer one was used",
    "in-the-future": "is dated in the future: not used",
    "not-understood": "has no code of its drug in a code system that a guideline knows: no rule saw the drug",
}


async def find_decision(settings: Settings, identity: str) -> dict[str, Any] | None:
    """Read a decision by its id or by a card's uuid; None when the database has none."""
    log = DecisionLog(open_database(settings.database), keep_values=settings.log_values)
    try:
        await log.start()
        return await log.find(identity)
    finally:
        await log.close()


def explanation(record: Mapping[str, Any]) -> str:
    """Say what was decided: what applied and on which data, what stayed open or failed, then what did not apply."""
    by_outcome: dict[str, list[Mapping[str, Any]]] = {}
    for action in record["actions"]:
        by_outcome.setdefault(action["outcome"], []).append(action)
    cards: dict[str, list[Mapping[str, Any]]] = {}
    for card in record["cards"]:
        cards.setdefault(card["recommendation"], []).append(card)
    lines = [*_head(record)]
    for outcome, title in (
        ("true", "applied"),
        ("error", "could not be evaluated"),
        ("unknown", "could not be decided: data are missing"),
    ):
        if outcome in by_outcome:
            lines += ["", f"{_count(by_outcome[outcome])} {title}"]
            lines += [line for action in by_outcome[outcome] for line in _in_full(action, cards, record)]
    if "false" in by_outcome:
        lines += ["", f"{_count(by_outcome['false'])} did not apply"]
        lines += [f"  {_name(action)}: {_reasons(action)}" for action in by_outcome["false"]]
    return "\n".join(lines)


def _head(record: Mapping[str, Any]) -> Iterator[str]:
    content, data = record["content"], record["data"]
    client = f", for {record['client']}" if record.get("client") else ""
    yield f"Decision {record['decision']}"
    yield f"  {record['service']} at {record['time']}{client} (hook instance {record['hookInstance']})"
    yield f"  content: {content['guideline']} {content['version']}, revision {content['revision']}"
    sources = ", ".join(f"{count} from {source}" for source, count in data.get("resources", {}).items()) or "none"
    dropped = data.get("droppedOtherPatient", 0)
    yield f"  data: {sources}" + (f"; {dropped} of another patient dropped" if dropped else "")
    if data.get("notAsked"):
        yield f"  not asked for, because the EHR does not keep it: {', '.join(data['notAsked'])}"
    for problem in data.get("problems", ()):
        said = _PROBLEMS.get(problem["kind"], problem["kind"])
        yield f"    {problem.get('resource') or 'a resource'} ({problem['origin']}) {said}"
    if record["erased"]:
        yield f"  {len(record['erased'])} values were erased before this was stored (CDS_LOG_VALUES keeps them)"


def _count(actions: list[Mapping[str, Any]]) -> str:
    return f"{len(actions)} action" if len(actions) == 1 else f"{len(actions)} actions"


def _name(action: Mapping[str, Any]) -> str:
    return str(action.get("action") or action["path"])


def _reasons(action: Mapping[str, Any]) -> str:
    """Say which conditions kept the action from applying."""
    against = [one for one in action.get("conditions", ()) if one["outcome"] != "true"]
    return "; ".join(f"{one['expression']} is {one['outcome']}" for one in against) or "its hook or its parent did not"


def _in_full(
    action: Mapping[str, Any], cards: Mapping[str, list[Mapping[str, Any]]], record: Mapping[str, Any]
) -> Iterator[str]:
    yield f"  {_name(action)}"
    if action["outcome"] == "true":
        for card in cards.get(action.get("recommendation") or "", ()):
            yield f"    card {card['uuid']} ({card['indicator']})"
    for condition in action.get("conditions", ()):
        reason = f": {condition['error']}" if condition.get("error") else ""
        yield f"    {_MARKS[condition['outcome']]} {condition['expression']} is {condition['outcome']}{reason}"
    yield from _evidence(facts_of(action, record.get("evidence", {})))
    for value in action.get("values", ()):
        if value.get("error"):
            yield f"    ! {value['expression']}: {value['error']}"


def _evidence(facts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Say resource by resource which elements were read, with their values where they were kept."""
    by_resource: dict[str, dict[str, str]] = {}
    origins: dict[str, str] = {}
    for fact in facts:
        resource = fact.get("resource") or "a resource without id"
        origins.setdefault(resource, fact.get("origin") or "from the hook's context")
        value = "" if fact.get("value") is None else f" = {_short(fact['value'])}"
        by_resource.setdefault(resource, {}).setdefault(f"{fact.get('path') or 'the whole'}{value}", "")
    for resource, elements in by_resource.items():
        yield f"      {resource} ({origins[resource]}): {', '.join(elements)}"


def _short(value: Any) -> str:
    """Write a value as a person would: quantities with their unit, concepts by their words."""
    if isinstance(value, Mapping) and "value" in value:
        return f"{value.get('comparator', '')}{value['value']} {value.get('unit') or value.get('code') or ''}".strip()
    if isinstance(value, Mapping) and value.get("coding"):
        coding = value["coding"][0]
        return str(value.get("text") or coding.get("display") or coding.get("code"))
    text = value if isinstance(value, str) else dumps(value).decode()
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
