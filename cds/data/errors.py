"""What can go wrong with a FHIR server, as kinds that the caller can act on."""

from __future__ import annotations

from enum import StrEnum

from cds.errors import CDSError


class FHIRServerFault(StrEnum):
    """Why a FHIR server did not give what was asked."""

    AUTH = "auth"  # 401: the token is missing, wrong or expired
    FORBIDDEN = "forbidden"  # 403: the user's rights do not reach that far
    ABSENT = "absent"  # 404, 410: there is no such resource
    RATE_LIMITED = "rate-limited"  # 429
    UNAVAILABLE = "unavailable"  # no connection, 5xx
    INVALID_ANSWER = "invalid-answer"  # not FHIR, wrong type, other server, refused query
    INCOMPLETE = "incomplete"  # there is more than we may or can read
    DEADLINE = "deadline"  # the time of the hook call is used up


class FHIRServerError(CDSError):
    """A read or search failed; nobody may take it for "no results". The message never holds text of the answer."""

    def __init__(
        self, kind: FHIRServerFault, message: str, *, status: int | None = None, retry_after: int | None = None
    ) -> None:
        self.kind = kind
        self.status = status
        self.retry_after = retry_after  # seconds
        super().__init__(f"{kind}: {message}")
