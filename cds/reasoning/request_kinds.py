"""The kinds of request an ActivityDefinition can become, and where its elements go in each (PD-143 … PD-166).

The targets are those of R4's ActivityDefinition maps; gaps are filled from the R4 definitions of the kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cds.engine.model import r4

_PATIENT = frozenset({"Patient"})
_PLACES = frozenset({"Patient", "Group", "Location", "Device"})
_ANYTHING = frozenset({"Patient", "Group", "Practitioner", "Organization", "Location", "Device"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKind:
    """Paths in one kind of request; None where R4 has no place for the element.

    `status` is the status of something merely proposed, `subject_types` are the types that its subject may have.
    """

    subject: str | None = "subject"
    subject_types: frozenset[str] = frozenset({"Patient", "Group"})
    status: str | None = "draft"
    authored: str | None = "authoredOn"
    code: str | None = None
    product: str | None = None
    dosage: str | None = None
    quantity: str | None = None
    timing: str | None = None
    location: str | None = None
    body_site: str | None = None
    requester: str | None = "requester"
    encounter: str | None = "encounter"
    performer: str | None = None
    performer_type: str | None = None
    reason: str | None = "reasonCode"
    title: str | None = None
    description: str | None = None


KINDS: Mapping[str, RequestKind] = MappingProxyType(
    {
        "MedicationRequest": RequestKind(
            code="reasonCode",
            product="medication",
            dosage="dosageInstruction",
            quantity="dispenseRequest.quantity",
            timing="dosageInstruction[0].timing",
            performer="performer",
            performer_type="performerType",
        ),
        "ServiceRequest": RequestKind(
            subject_types=_PLACES,
            code="code",
            quantity="quantity",
            timing="occurrence",
            location="locationReference",
            body_site="bodySite",
            performer="performer",
            performer_type="performerType",
        ),
        "Task": RequestKind(
            subject="for",
            subject_types=_ANYTHING,
            code="code",
            timing="restriction.period",
            location="location",
            performer="owner",
            performer_type="performerType",
            description="description",
        ),
        "CommunicationRequest": RequestKind(code="reasonCode", timing="occurrence", performer="recipient"),
        "CarePlan": RequestKind(
            authored="created",
            timing="period",
            requester="author",
            reason=None,
            title="title",
            description="description",
        ),
        "DeviceRequest": RequestKind(
            subject_types=_PLACES, code="code", product="code", timing="occurrence", performer="performer"
        ),
        "SupplyRequest": RequestKind(
            subject=None,
            code="item",
            product="item",
            quantity="quantity",
            timing="occurrence",
            location="deliverTo",
            encounter=None,
        ),
        "NutritionOrder": RequestKind(
            subject="patient", subject_types=_PATIENT, authored="dateTime", requester="orderer", reason=None
        ),
        "ImmunizationRecommendation": RequestKind(
            subject="patient",
            subject_types=_PATIENT,
            status=None,
            authored="date",
            product="recommendation[0].vaccineCode",
            requester=None,
            encounter=None,
            reason=None,
        ),
        "Appointment": RequestKind(
            subject="participant[0].actor",
            subject_types=frozenset({"Patient", "Practitioner", "Location", "Device"}),
            status="proposed",
            authored="created",
            code="serviceType",
            requester=None,
            encounter=None,
            description="description",
        ),
    }
)


def kind_of_request(activity: Mapping[str, Any]) -> str | None:
    """Return the kind of request; without one, a product with a dosage is a MedicationRequest, as in HL7's KDN5."""
    if "kind" not in activity and "dosage" in activity and product_of(activity):
        return "MedicationRequest"
    kind: str | None = activity.get("kind")
    return kind


def kind_refusal(activity: Mapping[str, Any]) -> str | None:
    """Return why no request can be made of an activity, whatever the patient; None when one can."""
    name = kind_of_request(activity)
    if name is None:
        return "the activity has no kind, so there is no request to make: add kind"
    if name not in KINDS:
        return f"requests of kind {name} are not supported; supported are {', '.join(KINDS)}"
    if "transform" in activity:
        return "a transform by StructureMap is not supported: write the elements, or use dynamicValue"
    if activity.get("doNotPerform") and name != "Task" and not r4.element(name, "doNotPerform"):
        return f"a {name} cannot say doNotPerform, and without it the request would ask for the opposite"
    return None


def product_of(activity: Mapping[str, Any]) -> Any:
    """Return the activity's product, of whichever type, None when it has none."""
    return activity.get("productCodeableConcept") or activity.get("productReference")
