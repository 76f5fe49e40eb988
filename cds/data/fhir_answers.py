"""What an HTTP answer of a FHIR server means: a resource, or a kind of failure."""

from __future__ import annotations

from typing import Any

from cds.data.errors import FHIRServerError, FHIRServerFault
from cds.data.fhir_transport import HTTPAnswer
from cds.errors import BadRequest
from cds.fhir.bundles import outcomes_of
from cds.fhir.json import loads
from cds.fhir.operation_outcome import reports_failure

_DEFAULT_PAUSE = 5
_LONGEST_PAUSE = 120
_FAULTS = {
    401: FHIRServerFault.AUTH,
    403: FHIRServerFault.FORBIDDEN,
    404: FHIRServerFault.ABSENT,
    410: FHIRServerFault.ABSENT,
    429: FHIRServerFault.RATE_LIMITED,
}


def refuse_status(answer: HTTPAnswer) -> None:
    """Raise FHIRServerError for every status that carries no resource; redirects are not followed."""
    if answer.status in (200, 201):
        return
    fault = _FAULTS.get(answer.status)
    if fault is None:
        fault = FHIRServerFault.UNAVAILABLE if answer.status >= 500 else FHIRServerFault.INVALID_ANSWER
    pause = retry_after(answer) if answer.status in (429, 503) else None
    raise FHIRServerError(fault, f"HTTP status {answer.status}", status=answer.status, retry_after=pause)


def decode(answer: HTTPAnswer) -> dict[str, Any]:
    """Decode the resource. Raises FHIRServerError invalid-answer for what is not FHIR JSON, or says that it failed."""
    try:
        resource = loads(answer.body)
    except BadRequest:
        raise FHIRServerError(FHIRServerFault.INVALID_ANSWER, "the answer is not JSON", status=answer.status) from None
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        raise FHIRServerError(FHIRServerFault.INVALID_ANSWER, "the answer is not a resource", status=answer.status)
    if resource["resourceType"] == "OperationOutcome" and reports_failure(resource):
        raise FHIRServerError(FHIRServerFault.INVALID_ANSWER, "the answer reports a failure", status=answer.status)
    if resource["resourceType"] == "Bundle":
        entries = resource.get("entry", [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise FHIRServerError(FHIRServerFault.INVALID_ANSWER, "the Bundle cannot be read", status=answer.status)
        if any(reports_failure(outcome) for outcome in outcomes_of(resource)):
            raise FHIRServerError(FHIRServerFault.INVALID_ANSWER, "the Bundle reports a failure", status=answer.status)
    return resource


def retry_after(answer: HTTPAnswer) -> int:
    """Give the seconds of Retry-After within reason; a date or nonsense counts as the default."""
    text = answer.headers.get("retry-after", "")
    return min(int(text), _LONGEST_PAUSE) if text.isdecimal() else _DEFAULT_PAUSE
