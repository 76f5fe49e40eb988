"""What one application of a plan is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from cds.reasoning.trace import Trace

ActionType = Literal["create", "update", "remove"]
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Call:
    """The subject and the circumstances of an application.

    `patient` is the Patient resource, None when the call is about no patient; `others` are further subjects, by type,
    such as a Location: plans and actions choose among them by the type they declare (PD-032). `now` is the moment that
    counts as now everywhere (PD-039). `hook` keeps only the actions with that trigger; None keeps all (PD-097, PD-204).
    `identifier` is the hook instance. `encounter`, `practitioner` and `organization` are references, "Practitioner/7".
    `variables` are seen by FHIRPath as `%name`. `received` holds, by `Type/id`, the resources as the EHR sent them,
    which an update starts from. `strict` gives a Task to text-only actions, so that rqg-1 holds (PD-093).
    """

    patient: Mapping[str, Any] | None
    now: datetime
    others: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NOTHING)
    hook: str | None = None
    identifier: str | None = None
    encounter: str | None = None
    practitioner: str | None = None
    organization: str | None = None
    variables: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    received: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NOTHING)
    strict: bool = False

    @property
    def subjects(self) -> Mapping[str, Mapping[str, Any]]:
        """What the call is about, by type, the patient first."""
        return {**({"Patient": self.patient} if self.patient is not None else {}), **self.others}

    @cached_property
    def subject(self) -> str:
        """The first subject as a reference, "Patient/1"."""
        kind, resource = next(iter(self.subjects.items()))
        return f"{kind}/{resource['id']}"

    @cached_property
    def timestamp(self) -> str:
        """`now` as a FHIR dateTime."""
        return self.now.isoformat(timespec="seconds")


class Made(NamedTuple):
    """A resource that an action points to.

    `resource` has intent `option`, as everything under a RequestGroup has (PD-066); `intent` is what it shall become
    when the user takes it (PD-067). `target` is the received resource that an update or a remove is about; a remove
    has no `resource`.
    """

    id: str
    type: ActionType
    resource: Mapping[str, Any] | None
    definition: str | None = None
    title: str | None = None
    intent: str | None = None
    target: Mapping[str, Any] | None = None

    @property
    def reference(self) -> str:
        """How the RequestGroup refers to it: `#id`, or `Type/id` of what is to be removed."""
        if self.resource is None and self.target is not None:
            return f"{self.target['resourceType']}/{self.target['id']}"
        return f"#{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The result: a RequestGroup, what its actions point to by reference, the plan's goals, and the recording.

    `subject` is the reference of the first subject of the call, the patient if there is one.
    """

    request_group: Mapping[str, Any]
    made: Mapping[str, Made]
    goals: tuple[Mapping[str, Any], ...]
    trace: Trace
    subject: str
