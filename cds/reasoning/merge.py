"""Nested plans as part of the plan around them: CPG's `mergeNestedCarePlans` (PD-120, PD-134)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cds.reasoning.call import Applied, Made


def merge_nested_plans(applied: Applied) -> Applied:
    """Return the application with one RequestGroup: an action that led to a plan holds the plan's actions itself.

    Their ids get the id of that action as a prefix, because ids are unique within one plan only; relations follow.
    """
    merged: set[str] = set()
    canonicals: dict[str, None] = dict.fromkeys(applied.request_group["instantiatesCanonical"])
    group = dict(applied.request_group)
    group["action"] = [_merged(action, applied.made, merged, canonicals) for action in group.get("action", ())]
    if not group["action"]:
        del group["action"]
    group["instantiatesCanonical"] = list(canonicals)
    made = {reference: one for reference, one in applied.made.items() if reference not in merged}
    return replace(applied, request_group=group, made=made)


def _merged(
    action: Mapping[str, Any], made: Mapping[str, Made], merged: set[str], canonicals: dict[str, None]
) -> dict[str, Any]:
    children = [_merged(child, made, merged, canonicals) for child in action.get("action", ())]
    result = {name: value for name, value in action.items() if name != "action"}
    reference = action.get("resource", {}).get("reference", "")
    nested = made[reference].resource if reference in made else None
    if nested is not None and nested["resourceType"] == "RequestGroup":
        merged.add(reference)
        canonicals.update(dict.fromkeys(nested["instantiatesCanonical"]))
        del result["resource"]
        inner = [_merged(child, made, merged, canonicals) for child in nested.get("action", ())]
        children += _prefixed(inner, str(action["id"]))
    return result | ({"action": children} if children else {})


def _prefixed(actions: Iterable[Mapping[str, Any]], prefix: str) -> list[dict[str, Any]]:
    prefixed = []
    for action in actions:
        renamed = dict(action) | {"id": f"{prefix}.{action['id']}"}
        if "relatedAction" in action:
            renamed["relatedAction"] = [
                {**related, "actionId": f"{prefix}.{related['actionId']}"} for related in action["relatedAction"]
            ]
        if "action" in action:
            renamed["action"] = _prefixed(action["action"], prefix)
        prefixed.append(renamed)
    return prefixed
