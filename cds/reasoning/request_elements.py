"""Writing the elements of a request where its kind has them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from cds.engine.model import r4
from cds.reasoning.element_path import parse_path
from cds.reasoning.request_kinds import RequestKind
from cds.reasoning.set_element import set_element

_TIMING = {
    "timingTiming": "Timing",
    "timingDateTime": "dateTime",
    "timingPeriod": "Period",
    "timingAge": "Age",
    "timingRange": "Range",
    "timingDuration": "Duration",
}


def put(request: dict[str, Any], path: str | None, value: Any) -> None:
    """Set a path of the request's kind; a None path means that R4 has no place for it. Raises `DoesNotFit`."""
    if path is not None:
        set_element(request, request["resourceType"], parse_path(path).steps, value)


def put_timing(request: dict[str, Any], kind: RequestKind, source: Mapping[str, Any]) -> list[str]:
    """Copy timing[x] where the kind can hold its type, and say what stays in the action alone (PD-124, PD-125).

    Raises `DoesNotFit`.
    """
    left, name = [], request["resourceType"]
    for member, timing_type in _TIMING.items() if kind.timing is not None else ():
        if member not in source or kind.timing is None:
            continue
        element = r4.element(name, kind.timing.replace("[0]", ""))
        if element is None or timing_type not in element.types:
            left.append(f"{member} has no place in a {name}: it stays in the action")
        else:
            path = f"{kind.timing}.ofType({timing_type})" if element.is_choice else kind.timing
            put(request, path, source[member])
    return left


@cache
def has_priority(kind: str) -> bool:
    """Tell whether the kind has a priority in the codes of requests; an Appointment's is a number."""
    element = r4.element(kind, "priority")
    return element is not None and r4.fhir_type(element.types[0]) == "code"
