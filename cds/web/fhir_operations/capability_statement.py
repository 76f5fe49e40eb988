"""GET /fhir/metadata: what is really there, from the same tables that the server answers by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cds import __version__
from cds.content.artifact import KNOWLEDGE_TYPES
from cds.web.fhir_operations.artifacts import SEARCH_PARAMETERS
from cds.web.fhir_operations.operation import Operation


def capability_statement(operations: Iterable[Operation], *, base_url: str, now: datetime) -> dict[str, Any]:
    """Return the CapabilityStatement (https://hl7.org/fhir/R4/capabilitystatement.html)."""
    listed = list(operations)
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": now.isoformat(timespec="seconds"),
        "kind": "instance",
        "software": {"name": "fhir-cds", "version": __version__},
        "implementation": {"description": "Knowledge artefacts of a CDS Hooks server", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Knowledge artefacts, read-only, and operations on them. No patient data are kept.",
                "security": {"description": "The same client authentication as the CDS services, by signed JWT."},
                "resource": [
                    _resource(name, listed) for name in sorted(KNOWLEDGE_TYPES | {one.resource_type for one in listed})
                ],
            }
        ],
    }


def _resource(resource_type: str, operations: list[Operation]) -> dict[str, Any]:
    own = [{"name": one.name, "definition": one.definition} for one in operations if one.resource_type == resource_type]
    if resource_type not in KNOWLEDGE_TYPES:
        return {"type": resource_type, "operation": own}
    resource: dict[str, Any] = {
        "type": resource_type,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [{"name": name, "type": kind} for name, kind in SEARCH_PARAMETERS.items()],
    }
    return resource | ({"operation": own} if own else {})
