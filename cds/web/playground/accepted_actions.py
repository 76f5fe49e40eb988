"""Do what an EHR does when a suggestion is accepted: change the draft orders, or the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from cds.errors import BadRequest, CDSError
from cds.fhir.references import literal_of
from cds.web.playground.ports import Store
from cds.web.playground.visits import Visit

_ORDERS = ("MedicationRequest", "ServiceRequest")


def accept(suggestion: Mapping[str, Any], visit: Visit, store: Store) -> list[str]:
    """Apply all actions of a suggestion (https://cds-hooks.hl7.org/2.0/#action); return what was done, in words.

    Draft orders live in the visit while they are being written, everything else in the store. The actions are taken
    together or not at all: raises `BadRequest` for what the store does not keep.
    """
    drafts, snapshot = list(visit.drafts), store.snapshot()
    try:
        return [_apply(action, visit, store) for action in suggestion.get("actions", ())]
    except CDSError as refusal:
        visit.drafts[:] = drafts
        store.restore(snapshot)
        kinds = sorted(
            {str(action["resource"]["resourceType"]) for action in suggestion["actions"] if "resource" in action}
        )
        msg = f"The sandbox could not do that with {', '.join(kinds)}: {refusal}. Nothing was changed."
        raise BadRequest(msg) from refusal


def _apply(action: Mapping[str, Any], visit: Visit, store: Store) -> str:
    description = str(action["description"])
    if action["type"] == "delete":
        return f"{description} ({_delete(str(action['resourceId']), visit, store)})"
    resource = dict(action["resource"])
    if action["type"] == "update":
        return f"{description} ({_update(resource, visit, store)})"
    if visit.hook.startswith("order-") and resource.get("status") == "draft" and resource["resourceType"] in _ORDERS:
        resource["id"] = uuid4().hex
        visit.drafts.append(resource)
        return f"{description} (added to the draft orders)"
    return f"{description} (created {literal_of(store.create(resource))} in the sandbox)"


def _update(resource: dict[str, Any], visit: Visit, store: Store) -> str:
    literal = literal_of(resource)
    for position, draft in enumerate(visit.drafts):
        if literal_of(draft) == literal:
            visit.drafts[position] = resource
            return "the draft order was changed"
    return f"updated {literal_of(store.put(resource))} in the sandbox"


def _delete(literal: str, visit: Visit, store: Store) -> str:
    kept = [draft for draft in visit.drafts if literal_of(draft) != literal]
    if len(kept) < len(visit.drafts):
        visit.drafts[:] = kept
        return "the draft order was removed"
    resource_type, _, resource_id = literal.partition("/")
    store.delete(resource_type, resource_id)
    return f"deleted {literal} in the sandbox"
