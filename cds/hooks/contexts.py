"""The `context` of each hook: which fields it has, and which of them a prefetch template may name.

Source: the CDS Hooks library, one page per hook (checklist CH-171 … CH-181). A hook name that is not listed here is an
organisation's own hook (CH-040): its context is read with `patientId` alone required.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HookDefinition:
    """One hook of the library.

    `required` and `optional` are context fields; `tokens` those that may stand in a prefetch template as
    `{{context.<field>}}`; `drafts` the field that carries a Bundle of draft resources, if the hook has one.
    """

    name: str
    version: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ("userId", "patientId", "encounterId")
    drafts: str | None = None


_VISIT = ("userId", "patientId", "encounterId")
_USER_AND_PATIENT = ("userId", "patientId")

HOOKS: dict[str, HookDefinition] = {
    hook.name: hook
    for hook in (
        HookDefinition(name="patient-view", version="1.0", required=_USER_AND_PATIENT, optional=("encounterId",)),
        HookDefinition(
            name="order-select",
            version="1.0",
            required=(*_USER_AND_PATIENT, "draftOrders"),
            optional=("encounterId", "selections"),
            drafts="draftOrders",
        ),
        HookDefinition(
            name="order-sign",
            version="1.0",
            required=(*_USER_AND_PATIENT, "draftOrders"),
            optional=("encounterId",),
            drafts="draftOrders",
        ),
        HookDefinition(
            name="order-dispatch",
            version="1.1",
            required=("patientId", "dispatchedOrders", "performer"),
            optional=("fulfillmentTasks",),
            tokens=("patientId", "dispatchedOrders", "performer"),
        ),
        HookDefinition(name="encounter-start", version="1.0", required=_VISIT),
        HookDefinition(name="encounter-discharge", version="1.0", required=_VISIT),
        HookDefinition(
            name="appointment-book",
            version="1.0",
            required=(*_USER_AND_PATIENT, "appointments"),
            optional=("encounterId",),
            drafts="appointments",
        ),
        HookDefinition(
            name="medication-refill",
            version="0.1.0",
            required=("patientId", "medications"),
            optional=("userId", "encounterId"),
            drafts="medications",
        ),
        HookDefinition(
            name="allergyintolerance-create",
            version="0.1.0",
            required=(*_USER_AND_PATIENT, "allergyIntolerance"),
            optional=("encounterId",),
        ),
        HookDefinition(
            name="problem-list-item-create",
            version="0.1.0",
            required=(*_USER_AND_PATIENT, "conditions"),
            optional=("encounterId",),
            drafts="conditions",
        ),
    )
}


def hook_definition(name: str) -> HookDefinition:
    """Return the library's definition of a hook, or the minimum for an organisation's own hook (CH-040)."""
    return HOOKS.get(name) or HookDefinition(name=name, version="1.0", required=("patientId",))
