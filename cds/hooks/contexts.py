"""The `context` of each hook: its fields, their types, and which of them a prefetch template may name.

Source: the CDS Hooks library, one page per hook (checklist CH-171 … CH-182). A hook name that is not listed here is an
organisation's own hook (CH-040): its context is read with `patientId` alone required, and may carry `draftOrders`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType


class Kind(StrEnum):
    """The type of a context field."""

    ID = "a FHIR id: letters, digits, '-' and '.', at most 64"
    REFERENCE = "a reference such as Practitioner/123"
    REFERENCES = "a list of references such as MedicationRequest/123"
    BUNDLE = "a FHIR Bundle"
    RESOURCE = "a FHIR resource"
    RESOURCES = "a list of FHIR resources"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextField:
    """One field of a context; `token`: a template may name it as `{{context.<field>}}` (CH-044 … CH-047)."""

    name: str
    kind: Kind
    required: bool = True
    token: bool = False


@dataclass(frozen=True, kw_only=True)
class HookDefinition:
    """One hook in one version.

    `aliases` maps names that earlier versions or the page's own samples use to the names of the table.
    """

    name: str
    version: str
    fields: tuple[ContextField, ...]
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def required(self) -> tuple[str, ...]:
        """The fields without which a call is refused."""
        return tuple(each.name for each in self.fields if each.required)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The fields that a prefetch template may name."""
        return tuple(each.name for each in self.fields if each.token)

    @cached_property
    def carried(self) -> str | None:
        """The field that carries the resources which the hook is about, most often drafts; None if there is none."""
        kinds = (Kind.BUNDLE, Kind.RESOURCE, Kind.RESOURCES)
        return next((each.name for each in self.fields if each.kind in kinds), None)


USER = ContextField(name="userId", kind=Kind.REFERENCE, token=True)
PATIENT = ContextField(name="patientId", kind=Kind.ID, token=True)
ENCOUNTER = ContextField(name="encounterId", kind=Kind.ID, token=True)


def _optional(each: ContextField) -> ContextField:
    return ContextField(name=each.name, kind=each.kind, required=False, token=each.token)


def _bundle(name: str) -> ContextField:
    return ContextField(name=name, kind=Kind.BUNDLE)


def _resource(name: str) -> ContextField:
    return ContextField(name=name, kind=Kind.RESOURCE)


_CHART = (USER, PATIENT, _optional(ENCOUNTER))
_VISIT = (USER, PATIENT, ENCOUNTER)
# REQUIRED by the page; some clients leave it out, and then every draft is judged (CH-172).
_SELECTIONS = ContextField(name="selections", kind=Kind.REFERENCES, required=False)
_DISPATCH = (
    PATIENT,
    ContextField(name="dispatchedOrders", kind=Kind.REFERENCES, token=True),
    ContextField(name="performer", kind=Kind.REFERENCE, token=True),
    ContextField(name="fulfillmentTasks", kind=Kind.RESOURCES, required=False),
)

_DEFINITIONS = (
    HookDefinition(name="patient-view", version="1.0", fields=_CHART),
    HookDefinition(name="order-select", version="1.0", fields=(*_CHART, _SELECTIONS, _bundle("draftOrders"))),
    HookDefinition(name="order-sign", version="1.0", fields=(*_CHART, _bundle("draftOrders"))),
    HookDefinition(
        name="order-dispatch",
        version="1.1",
        fields=_DISPATCH,
        aliases={"order": "dispatchedOrders", "task": "fulfillmentTasks", "fulfillment-tasks": "fulfillmentTasks"},
    ),
    HookDefinition(name="encounter-start", version="1.0", fields=_VISIT),
    HookDefinition(name="encounter-discharge", version="1.0", fields=_VISIT),
    HookDefinition(name="appointment-book", version="1.0", fields=(*_CHART, _bundle("appointments"))),
    HookDefinition(
        name="medication-refill",
        version="0.1.0",
        fields=(_optional(USER), PATIENT, _optional(ENCOUNTER), _bundle("medications")),
    ),
    HookDefinition(
        name="medication-verify",
        version="0.1.0",
        fields=(*_CHART, _resource("medication")),
        aliases={"order": "medication"},
    ),
    HookDefinition(
        name="allergyintolerance-create",
        version="0.1.0",
        fields=(*_CHART, _resource("allergyIntolerance")),
        aliases={"allergyIntolerances": "allergyIntolerance"},
    ),
    HookDefinition(name="problem-list-item-create", version="0.1.0", fields=(*_CHART, _bundle("conditions"))),
)

HOOKS: Mapping[str, HookDefinition] = MappingProxyType({hook.name: hook for hook in _DEFINITIONS})


_MINIMUM = (_optional(USER), PATIENT, _optional(ENCOUNTER), _optional(_bundle("draftOrders")))


def hook_definition(name: str) -> HookDefinition:
    """Return the library's definition of a hook, or the minimum for an organisation's own hook (CH-040)."""
    known = HOOKS.get(name)
    return known if known is not None else HookDefinition(name=name, version="1.0", fields=_MINIMUM)
