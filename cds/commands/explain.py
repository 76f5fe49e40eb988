"""`cds explain`: a recorded decision as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cds.decisions.log import DecisionLog
from cds.decisions.store import open_database
from cds.settings import Settings

_MARKS = {"true": "✓", "false": "·", "unknown": "?", "error": "!", "skipped": "-"}


async def find_decision(settings: Settings, identity: str) -> dict[str, Any] | None:
    """Read a decision by its id or by a card's uuid; None when the database has none."""
    log = DecisionLog(open_database(settings.database), keep_values=settings.log_values)
    try:
        await log.start()
        return await log.find(identity)
    finally:
        await log.close()


def explanation(record: Mapping[str, Any]) -> str:
    """Say what was decided: fired actions with their evidence, then what stayed open or failed, then the silent."""
    content = record["content"]
    lines = [
        f"{record['service']} at {record['time']}",
        f"content {content['guideline']} {content['version']}, revision {content['revision']}",
        f"{len(record['cards'])} cards; values erased: {len(record['erased'])}",
    ]
    by_outcome: dict[str, list[Mapping[str, Any]]] = {}
    for action in record["actions"]:
        by_outcome.setdefault(action["outcome"], []).append(action)
    for outcome, title in (
        ("true", "Fired"),
        ("error", "Could not be evaluated"),
        ("unknown", "Could not be decided: data are missing"),
        ("false", "Did not apply"),
    ):
        if outcome in by_outcome:
            lines += ["", title]
            lines += [line for action in by_outcome[outcome] for line in _action(action, outcome)]
    return "\n".join(lines)


def _action(action: Mapping[str, Any], outcome: str) -> Iterator[str]:
    yield f"  {action.get('action') or action['path']}"
    for condition in action.get("conditions", ()):
        reason = f": {condition['error']}" if condition.get("error") else ""
        yield f"    {_MARKS[condition['outcome']]} {condition['expression']} is {condition['outcome']}{reason}"
    if outcome == "true":
        for fact in action.get("evidence", ()):
            value = "(erased)" if fact.get("value") is None else fact["value"]
            where = f" from {fact['origin']}" if fact.get("origin") else ""
            yield f"      {fact['definition']}: {fact.get('resource') or ''} {fact['path']} = {value}{where}"
