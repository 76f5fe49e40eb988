"""The elements of one request: from its blueprint, the plan's action and the circumstances of the call (PD-146 …)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cds.content.artifact import Artifact
from cds.expressions.evaluation import Scope
from cds.reasoning.blueprint import Blueprint
from cds.reasoning.dynamic_values import DynamicValue
from cds.reasoning.element_types import DoesNotFit
from cds.reasoning.inputs import matching, supporting_path
from cds.reasoning.participants import performer_elements
from cds.reasoning.request_elements import has_priority, put, put_timing
from cds.reasoning.request_frame import RequestFrame, request_frame
from cds.reasoning.set_element import choices_of
from cds.reasoning.workshop import Workshop

_GOAL = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"


class Order(NamedTuple):
    """What is asked of one application of an ActivityDefinition.

    `path` is the place of what asks (the plan's action), `action` that action and `values` its dynamicValues, `target`
    the received resource that an update starts from, `goals` the references of the goals that the action pertains to.
    """

    definition: Artifact
    path: str
    seed: tuple[str, ...]
    scope: Scope
    plan_scope: Scope
    action: Mapping[str, Any] | None = None
    values: tuple[DynamicValue, ...] = ()
    output: dict[str, Any] | None = None
    target: Mapping[str, Any] | None = None
    goals: tuple[str, ...] = ()


class RequestMaker:
    """Writes the elements of one request of one kind.

    What stands in its blueprint, or in a received resource, is shared by requests, and never changed.
    """

    def __init__(self, blueprint: Blueprint, order: Order, workshop: Workshop) -> None:
        self._blueprint = blueprint
        self._name = str(blueprint.name)
        self._kind = blueprint.kind
        self._order = order
        self._workshop = workshop

    def structure(self) -> dict[str, Any]:
        """Return the request before any dynamicValue: a new one, or the received one with the activity's elements."""
        ready = self._blueprint
        content = dict(ready.content)
        self._performers(content, ready.activity)
        content |= ready.closing
        return self._framed(content) if self._order.target is None else overlaid(self._order.target, content)

    def override(self, request: dict[str, Any], action: Mapping[str, Any]) -> dict[str, Any]:
        """Let the plan's priority, timing, reason, participant and goals win over the activity's (PD-101 … PD-130)."""
        request = dict(request)
        if "priority" in action and has_priority(self._name):
            request["priority"] = action["priority"]
        for remark in put_timing(request, self._kind, action):
            self._workshop.report("information", "incomplete", remark, self._order.path)
        if "reason" in action and self._kind.reason:
            one_only = self._name == "Task"
            reasons = action["reason"][:1] if one_only else [*request.get(self._kind.reason, ()), *action["reason"]]
            put(request, self._kind.reason, reasons)
        self._performers(request, action)
        if "output" in action:
            self._supporting(request, action)
        for goal in self._order.goals:
            extension = {"url": _GOAL, "valueReference": {"reference": goal}}
            request["extension"] = [*request.get("extension", ()), extension]
        return request

    def _supporting(self, request: dict[str, Any], action: Mapping[str, Any]) -> None:
        """Attach the data that the action names as its output (PD-108)."""
        path, evaluators = supporting_path(self._name), self._workshop.evaluators
        found = (
            resource
            for requirement in action["output"]
            for resource in matching(requirement, evaluators.resources, evaluators.value_sets)
        )
        references = [{"reference": f"{one['resourceType']}/{one['id']}"} for one in found if "id" in one]
        put(request, path if references else None, [*request.get(path or "", ()), *references])

    def _framed(self, content: dict[str, Any]) -> dict[str, Any]:
        """Put what every request has before its content: subject, status, intent, origin, author, date (PD-156)."""
        frame, ready = self._frame(), self._blueprint
        identity = self._workshop.new_id(self._name, *self._order.seed)
        request = {"resourceType": self._name, "id": identity, **frame.about, **ready.standing, **frame.circumstances}
        if "profile" in ready.activity:
            request["meta"] = {"profile": [ready.activity["profile"]]}
        return request | content

    def _frame(self) -> RequestFrame:
        """Return what the call gives. Raises `DoesNotFit` when no such request can be about its subject (PD-033)."""
        subject = self._order.scope.focus
        if subject is None or (self._kind.subject and subject["resourceType"] not in self._kind.subject_types):
            found = subject["resourceType"] if subject is not None else "subject that the call does not give"
            msg = f"a {self._name} cannot be about a {found}"
            raise DoesNotFit(msg)
        frames, key = self._workshop.frames, (self._name, str(subject["resourceType"]))
        if key not in frames:
            frames[key] = request_frame(self._name, subject, self._workshop.call)
        return frames[key]

    def _performers(self, request: dict[str, Any], source: Mapping[str, Any]) -> None:
        if "participant" in source:
            elements = performer_elements(source["participant"], self._workshop.call)
            put(request, self._kind.performer if elements.references else None, elements.references[:1])
            put(request, self._kind.performer_type if elements.roles else None, elements.roles[:1])


def overlaid(received: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the received resource with the members of `content` in place of its own.

    A choice that `content` sets takes the place of the other choices; what `content` does not name stays as it was.
    """
    type_name = str(received["resourceType"])
    result = dict(received)
    for name, value in content.items():
        for other in choices_of(type_name, name):
            result.pop(other, None)
        result[name] = value
    return result
