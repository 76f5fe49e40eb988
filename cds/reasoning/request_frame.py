"""What all requests of one kind have of the call that they are made in: subject, author, encounter, date (PD-156)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cds.reasoning.call import Call
from cds.reasoning.request_elements import put
from cds.reasoning.request_kinds import KINDS
from cds.reasoning.subjects import reference_to


class RequestFrame(NamedTuple):
    """Elements of requests: `about` come before status and intent, `circumstances` after. Shared, so not to change."""

    about: Mapping[str, Any]
    circumstances: Mapping[str, Any]


def request_frame(name: str, subject: Mapping[str, Any], call: Call) -> RequestFrame:
    """Return the frame of requests of kind `name` about a subject. Raises `DoesNotFit`."""
    kind = KINDS[name]
    about: dict[str, Any] = {"resourceType": name}
    put(about, kind.subject, reference_to(subject))
    if name == "Appointment":
        about["participant"][0]["status"] = "needs-action"
    circumstances: dict[str, Any] = {"resourceType": name}
    put(circumstances, kind.authored, call.timestamp)
    requester = call.practitioner or call.organization
    put(circumstances, kind.requester if requester else None, {"reference": requester})
    put(circumstances, kind.encounter if call.encounter else None, {"reference": call.encounter})
    if name == "MedicationRequest" and call.practitioner:
        circumstances["recorder"] = {"reference": call.practitioner}
    return RequestFrame(about, circumstances)
