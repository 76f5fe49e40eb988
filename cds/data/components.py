"""The components of a panel as results of their own: a T-score in a DXA study, a fraction in a differential count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cds.fhir.elements import object_at, objects_at

# What belongs to the whole panel and not to one of its parts.
_OF_THE_PANEL = frozenset({"code", "component", "hasMember", "interpretation", "note", "referenceRange", "text"})
_OF_THE_VALUE = ("value", "dataAbsentReason")


def with_components(resource: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Give the resource, and for an Observation each component that has a code as an Observation.

    A component has the status, the time, the subject and the id of its panel: whoever asks where a result was read
    finds the panel under it.
    """
    if "component" not in resource or resource.get("resourceType") != "Observation":
        return (resource,)
    shared = {name: value for name, value in resource.items() if not _is_of_the_panel(name)}
    parts = [component for component in objects_at(resource, "component") if object_at(component, "code")]
    return (
        resource,
        *({**shared, **{name: value for name, value in part.items() if name != "id"}} for part in parts),
    )


def _is_of_the_panel(name: str) -> bool:
    return name in _OF_THE_PANEL or name.startswith(_OF_THE_VALUE)
