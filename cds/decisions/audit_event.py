"""A recorded decision as FHIR R4 AuditEvent (https://hl7.org/fhir/R4/auditevent.html): who asked what, and what came.

It names no patient: records hold no patient id. Who must know whom a decision was about joins `hookInstance` with the
EHR's own record of the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds.fhir.extensions import CANONICAL_BASE

_TYPES = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_ROLES = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_ENTITIES = "http://terminology.hl7.org/CodeSystem/object-role"


def audit_event(record: Mapping[str, Any]) -> dict[str, Any]:
    """Write the record of one decision as an AuditEvent; its id is the decision's."""
    content = record["content"]
    shown = [card["recommendation"] for card in record["cards"]]
    return {
        "resourceType": "AuditEvent",
        "id": record["decision"],
        "type": {"system": _TYPES, "code": "rest", "display": "RESTful Operation"},
        "subtype": [{"system": f"{CANONICAL_BASE}/CodeSystem/cds-hook", "code": record["hook"]}],
        "action": "E",
        "recorded": record["time"],
        "outcome": "0",
        "outcomeDesc": f"{len(shown)} card{'' if len(shown) == 1 else 's'}",
        "agent": [
            {
                "type": {"coding": [{"system": _ROLES, "code": "IRCP", "display": "information recipient"}]},
                "name": record.get("client", "not asked"),
                "requestor": True,
            }
        ],
        "source": {"observer": {"display": f"fhir-cds service {record['service']}"}},
        "entity": [
            {
                "role": {"system": _ENTITIES, "code": "13", "display": "Security Resource"},
                "name": "guideline",
                "description": f"{content['guideline']} {content['version']}, revision {content['revision']}",
            },
            {
                "role": {"system": _ENTITIES, "code": "20", "display": "Job"},
                "name": "hook call",
                "detail": [
                    {"type": "hookInstance", "valueString": record["hookInstance"]},
                    *({"type": "recommendation", "valueString": name} for name in shown),
                ],
            },
        ],
    }
