"""From an action of the plan to an action of the RequestGroup: what is carried and what is left (PD-099 … PD-130)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cds.content.walk import actions as walk
from cds.content.walk import named_events
from cds.fhir.extensions import CANONICAL_BASE

_CARRIED = (
    "id",
    "prefix",
    "title",
    "description",
    "textEquivalent",
    "priority",
    "code",
    "documentation",
    "relatedAction",
    "timingDateTime",
    "timingAge",
    "timingPeriod",
    "timingDuration",
    "timingRange",
    "timingTiming",
    "type",
    "groupingBehavior",
    "selectionBehavior",
    "requiredBehavior",
    "precheckBehavior",
    "cardinalityBehavior",
)
# What an action says to the reader.
_SAYING = frozenset({"title", "description", "textEquivalent", "documentation"})
# Extensions that steer the processing; all others are for the reader, and travel (PD-107).
_PROCESSING = ("/action-target", "/cqf-applicabilityBehavior", "/variable", "AlternativeExpression")
# RequestGroup.action has no reason: it travels for the reader (PD-104).
REASON = f"{CANONICAL_BASE}/StructureDefinition/action-reason"
_NOT_COMPUTED = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "error"}


def carried_elements(action: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return what an action gives to the RequestGroup.action that comes of it, whoever the patient is.

    start and stop conditions travel, applicability conditions do not (PD-086, PD-088). What they hold is the plan's.
    """
    output = {name: action[name] for name in _CARRIED if name in action}
    output.setdefault("id", path.removeprefix("PlanDefinition.").replace("[", "-").replace("]", "").replace(".", "-"))
    conditions = [one for one in action.get("condition", ()) if one["kind"] != "applicability"]
    if conditions:
        output["condition"] = conditions
    extensions = [one for one in action.get("extension", ()) if not one["url"].endswith(_PROCESSING)]
    reasons = [{"url": REASON, "valueCodeableConcept": one} for one in action.get("reason", ())]
    if extensions or reasons:
        output["extension"] = [*extensions, *reasons]
    return output


def is_triggered(action: Mapping[str, Any], hook: str | None, *, inherited: bool) -> bool:
    """Tell whether an action takes part in a call of `hook` (PD-204).

    Its own triggers decide; without any, it follows its parent (`inherited`), or is opened for a child that does.
    """
    if hook is None:
        return True
    has_own = False
    for trigger in action.get("trigger", ()):  # as `named_events`, without a list of them for each of many actions
        if trigger.get("type") == "named-event" and "name" in trigger:
            if trigger["name"] == hook:
                return True
            has_own = True
    if has_own:
        return False
    return inherited or any(is_triggered(child, hook, inherited=False) for child in action.get("action", ()))


def has_triggers(plan: Mapping[str, Any]) -> bool:
    """Tell whether any action below has a named-event trigger; a plan without any takes part in every call."""
    return any(named_events(child) or has_triggers(child) for child in plan.get("action", ()))


def is_wrapper(action: Mapping[str, Any]) -> bool:
    """Tell whether an action says nothing itself, and only holds others (PD-095, PD-216)."""
    return _SAYING.isdisjoint(action)


def mark_not_computed(output: dict[str, Any]) -> None:
    """Say on an action that a part of it could not be computed, so that nobody takes it for the whole (PD-140)."""
    if not is_not_computed(output):
        output["extension"] = [*output.get("extension", ()), _NOT_COMPUTED]


def is_not_computed(output: Mapping[str, Any]) -> bool:
    """Tell whether a part of the action could not be computed."""
    return _NOT_COMPUTED in output.get("extension", ())


def chooses_first(action: Mapping[str, Any]) -> bool:
    """Tell whether only the first applicable child counts (cqf-applicabilityBehavior `any`, PD-090)."""
    return any(
        one["url"].endswith("/cqf-applicabilityBehavior") and one.get("valueCode") == "any"
        for one in action.get("extension", ())
    )


def prune_related(actions: list[dict[str, Any]]) -> list[str]:
    """Take away relations to actions that did not apply (PD-119); return the ids that were pointed to."""
    every = list(_with_children(actions))
    present = {output["id"] for output in every}
    gone: list[str] = []
    for output in every:
        related = output.get("relatedAction", ())
        kept = [one for one in related if one["actionId"] in present]
        gone += [one["actionId"] for one in related if one["actionId"] not in present]
        if kept:
            output["relatedAction"] = kept
        elif related:
            del output["relatedAction"]
    return gone


def _with_children(actions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for output in actions:
        yield output
        if "action" in output:
            yield from _with_children(output["action"])


def related_cycles(plan: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (path, ids) of each circle of related actions: each waits for the next, so that none can begin (PD-121).

    What an action comes after, and what it comes before, are one order; concurrency is none.
    """
    paths = {action["id"]: path for path, action in walk(plan) if "id" in action}
    follows: dict[str, list[str]] = {name: [] for name in paths}
    for _, action in walk(plan):
        for related in action.get("relatedAction", ()):
            other, relationship = related["actionId"], related["relationship"]
            if "id" in action and other in paths and not relationship.startswith("concurrent"):
                first, then = (action["id"], other) if relationship.startswith("before") else (other, action["id"])
                follows[first].append(then)
    done: set[str] = set()
    for start in paths:
        trail = [start]
        pending = [iter(follows[start])]
        while pending and start not in done:
            following = next(pending[-1], None)
            if following is None:
                done.add(trail.pop())
                pending.pop()
            elif following in trail:
                circle = (*trail[trail.index(following) :], following)
                done.update(trail)
                yield paths[following], circle
                break
            elif following not in done:
                trail.append(following)
                pending.append(iter(follows[following]))
