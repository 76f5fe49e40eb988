"""The invariants that R4 states about the resources made here, as FHIRPath (the constraints of their definitions).

fhir.resources checks types, cardinalities and required codes; what is stated in FHIRPath is checked here (PD-075).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from cds.engine.fhirpath import fhirpath

INVARIANTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Appointment": {
            "app-1": "participant.all(type.exists() or actor.exists())",
            "app-2": "start.exists() = end.exists()",
            "app-3": "(start.exists() and end.exists()) or (status in ('proposed' | 'cancelled' | 'waitlist'))",
            "app-4": "cancelationReason.exists() implies (status = 'noshow' or status = 'cancelled')",
        },
        "CarePlan": {"cpl-3": "activity.all(detail.empty() or reference.empty())"},
        "Goal": {"gol-1": "target.all((detail.exists() and measure.exists()) or detail.exists().not())"},
        "ImmunizationRecommendation": {"imr-1": "recommendation.all(vaccineCode.exists() or targetDisease.exists())"},
        "RequestGroup": {"rqg-1": "repeat(action).all(resource.exists() != action.exists())"},
        "ServiceRequest": {"prr-1": "orderDetail.empty() or code.exists()"},
        "Task": {
            "inv-1": "lastModified.exists().not() or authoredOn.exists().not() or lastModified >= authoredOn",
        },
    }
)
# What an invariant is about: where there is none of it, which is so in most requests, it holds.
_ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "app-4": "cancelationReason",
        "cpl-3": "activity",
        "gol-1": "target",
        "inv-1": "lastModified",
        "prr-1": "orderDetail",
        "rqg-1": "action",
    }
)


def broken_invariants(resource: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Yield the invariants that a resource breaks, each with its name and expression."""
    for name, expression in INVARIANTS.get(str(resource.get("resourceType")), {}).items():
        if name in _ABOUT and _ABOUT[name] not in resource:
            continue
        if fhirpath(expression).evaluate_boolean(resource, now=now) is False:
            yield f"{name}: {expression}"
