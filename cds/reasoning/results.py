"""The forms in which the FHIR operations return an application: a CarePlan, as R4 says, or a Bundle (PD-007 … 011)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cds.content.artifact import Artifact
from cds.fhir.extensions import CANONICAL_BASE
from cds.reasoning.apply import AppliedActivity
from cds.reasoning.call import Applied, Made

# What a made resource changes: the EHR's own id and intent, which it gets back when the user takes it.
UPDATE_OF = f"{CANONICAL_BASE}/StructureDefinition/update-of"
_MESSAGES = "http://hl7.org/fhir/StructureDefinition/cqf-messages"


def care_plan(applied: Applied, plan: Artifact) -> dict[str, Any]:
    """Return the R4 result of PlanDefinition/$apply: a CarePlan whose one activity is the RequestGroup.

    RequestGroup, requests, goals and messages are contained; nothing contained contains anything, and everything
    contained is referred to (PD-011).
    """
    group = applied.request_group
    contained = list(_resources(applied))
    result: dict[str, Any] = {
        "resourceType": "CarePlan",
        "id": str(group["id"]).replace("requestgroup", "careplan"),
        "contained": contained,
        "instantiatesCanonical": _plans(applied),
        "status": "draft",
        "intent": "proposal",
        "subject": group.get("subject") or {"reference": applied.subject},
        "created": group["authoredOn"],
        "activity": [{"reference": {"reference": f"#{group['id']}"}}],
    }
    result |= {name: plan.resource[name] for name in ("title", "description") if name in plan.resource}
    result |= {name: group[name] for name in ("encounter", "author") if name in group}
    if applied.goals:
        result["goal"] = [{"reference": f"#{goal['id']}"} for goal in applied.goals]
    outcome = applied.trace.operation_outcome()
    if outcome is not None:
        contained.append(outcome | {"id": "messages"})
        result["extension"] = [{"url": _MESSAGES, "valueReference": {"reference": "#messages"}}]
    return result


def activity_result(applied: AppliedActivity) -> dict[str, Any] | None:
    """Return the request of ActivityDefinition/$apply with its issues as messages; None when none could be made."""
    if applied.resource is None:
        return None
    result = dict(applied.resource)
    if applied.issues:
        outcome = {"resourceType": "OperationOutcome", "issue": [issue.to_json() for issue in applied.issues]}
        result["contained"] = [*result.get("contained", ()), outcome | {"id": "messages"}]
        messages = {"url": _MESSAGES, "valueReference": {"reference": "#messages"}}
        result["extension"] = [*result.get("extension", ()), messages]
    return result


def bundle(applied: Applied) -> dict[str, Any]:
    """Return the result as R5 and the CPG guide do: a Bundle, RequestGroup first (PD-008).

    References between the entries are relative, `Type/id`.
    """
    resources = list(_resources(applied))
    names = {f"#{resource['id']}": f"{resource['resourceType']}/{resource['id']}" for resource in resources}
    outcome = applied.trace.operation_outcome()
    entries = [{"resource": _renamed(resource, names)} for resource in resources]
    if outcome is not None:
        entries.append({"resource": outcome | {"id": "messages"}})
        entries[0]["resource"]["extension"] = [
            {"url": _MESSAGES, "valueReference": {"reference": "OperationOutcome/messages"}}
        ]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": _instant(applied), "entry": entries}


def _resources(applied: Applied) -> Iterator[dict[str, Any]]:
    yield dict(applied.request_group)
    for made in applied.made.values():
        if made.resource is not None:
            yield _naming_its_target(made, made.resource)
    for goal in applied.goals:
        yield dict(goal)


def _naming_its_target(made: Made, resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource; an update says of what, so that nobody takes it for one more order."""
    if made.target is None:
        return dict(resource)
    target = {"reference": f"{made.target['resourceType']}/{made.target['id']}"}
    said: list[dict[str, Any]] = [{"url": "resource", "valueReference": target}]
    if made.intent is not None:
        said.append({"url": "intent", "valueCode": made.intent})
    return {**resource, "extension": [*resource.get("extension", ()), {"url": UPDATE_OF, "extension": said}]}


def _plans(applied: Applied) -> list[str]:
    """Return the canonicals of the plan and of the plans nested in it (PD-133)."""
    groups = [made.resource for made in applied.made.values() if made.resource is not None]
    nested = [one for one in groups if one["resourceType"] == "RequestGroup"]
    return list(dict.fromkeys(url for one in (applied.request_group, *nested) for url in one["instantiatesCanonical"]))


def _instant(applied: Applied) -> str:
    return str(applied.request_group["authoredOn"])


def _renamed(element: Any, names: Mapping[str, str]) -> Any:
    """Return the element with its local references written as `Type/id`."""
    if isinstance(element, Mapping):
        return {
            name: names.get(value, value) if name == "reference" and isinstance(value, str) else _renamed(value, names)
            for name, value in element.items()
        }
    return [_renamed(item, names) for item in element] if isinstance(element, list) else element
