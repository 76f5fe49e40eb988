"""Sample calls: one valid request per hook of the library, about a patient of our own making."""

from __future__ import annotations

import uuid
from typing import Any

PATIENT = {
    "resourceType": "Patient",
    "id": "conformance-1",
    "active": True,
    "name": [{"use": "official", "family": "Conformance", "given": ["Test"]}],
    "gender": "female",
    "birthDate": "1950-06-15",
}
CANARY = "canary-7f3a91"
"""A text that no answer may repeat."""

AUTHORIZATION = {
    "access_token": CANARY,
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.read",
    "subject": "cds",
    "patient": "conformance-1",
}

_DRAFT = {
    "resourceType": "MedicationRequest",
    "id": "draft-1",
    "status": "draft",
    "intent": "order",
    "subject": {"reference": "Patient/conformance-1"},
    "medicationCodeableConcept": {
        "coding": [{"system": "http://www.whocc.no/atc", "code": "N02BE01", "display": "paracetamol"}]
    },
}
_DRAFTS = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": _DRAFT}]}
_CONTEXT: dict[str, Any] = {
    "userId": "Practitioner/conformance",
    "patientId": "conformance-1",
    "encounterId": "conformance-encounter",
}
_MORE: dict[str, dict[str, Any]] = {
    "order-select": {"selections": ["MedicationRequest/draft-1"], "draftOrders": _DRAFTS},
    "order-sign": {"draftOrders": _DRAFTS},
    "order-dispatch": {"dispatchedOrders": ["ServiceRequest/s1"], "performer": "Organization/o1"},
    "appointment-book": {
        "appointments": {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [
                {
                    "resource": {
                        "resourceType": "Appointment",
                        "id": "a1",
                        "status": "proposed",
                        "participant": [{"actor": {"reference": "Patient/conformance-1"}, "status": "needs-action"}],
                    }
                }
            ],
        }
    },
    "medication-refill": {"medications": _DRAFTS},
    "allergyintolerance-create": {
        "allergyIntolerance": {
            "resourceType": "AllergyIntolerance",
            "id": "ai1",
            "patient": {"reference": "Patient/conformance-1"},
        }
    },
    "medication-verify": {"medication": {**_DRAFT, "status": "active"}},
    "problem-list-item-create": {
        "conditions": {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [
                {
                    "resource": {
                        "resourceType": "Condition",
                        "id": "c1",
                        "subject": {"reference": "Patient/conformance-1"},
                    }
                }
            ],
        }
    },
}


def request_for(service: dict[str, Any], *, prefetch: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a valid request for a discovered service; without `prefetch` nothing is prefetched."""
    hook = str(service["hook"])
    body: dict[str, Any] = {
        "hook": hook,
        "hookInstance": str(uuid.uuid4()),
        "context": {**_CONTEXT, **_MORE.get(hook, {})},
    }
    if prefetch is not None:
        body["prefetch"] = prefetch
    return body


def nothing_found(service: dict[str, Any]) -> dict[str, Any]:
    """Return a prefetch in which the patient was found and everything else looked up without result (CH-062)."""
    return {
        key: PATIENT if str(template).startswith("Patient/") else None
        for key, template in service.get("prefetch", {}).items()
    }


def empty_bundles(service: dict[str, Any]) -> dict[str, Any]:
    """Return the same as searchsets without entries (CH-063)."""
    searchset = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    return {key: value or searchset for key, value in nothing_found(service).items()}


def failed_lookups(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return, by a name, how clients say that a look-up failed (CH-064, CH-071); the patient is found."""
    error = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    entry = {"search": {"mode": "outcome"}, "resource": error}
    unresolved = {"relation": "self", "url": "https://ehr.example/fhir/Observation?patient={{context.patientId}}"}
    searchset = {"resourceType": "Bundle", "type": "searchset"}
    ways = {
        "an OperationOutcome in place of data": error,
        "a searchset with an OperationOutcome": {**searchset, "entry": [entry]},
        "a searchset of an unresolved token": {**searchset, "link": [unresolved]},
    }
    found = nothing_found(service)
    return {what: {key: value or way for key, value in found.items()} for what, way in ways.items()}
