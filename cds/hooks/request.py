"""What an EHR says when it fires a hook (CDS Hooks 2.0, "Calling a CDS Service").

Lenient in what is received: members that we do not know are ignored, HL7's own samples are accepted. What we rely on
is checked, and a fault is a `BadRequest` whose `expression` names the member and whose text never repeats a value.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import Field, SecretStr

from cds.errors import BadRequest
from cds.hooks.context import bare_id, read_context, resources_in
from cds.hooks.contexts import hook_definition
from cds.hooks.received import Received

_MAX_TOKEN = 16_384  # characters; what is longer no server takes as a header


class FHIRAuthorization(Received):
    """The bearer token that opens the EHR's FHIR server for this one call (CH-074 … CH-080).

    The token is a secret: it is not shown by `repr`, not logged and not kept.
    """

    access_token: SecretStr = Field(alias="access_token")
    token_type: str = Field(default="Bearer", alias="token_type")
    expires_in: int = Field(default=300, alias="expires_in")
    scope: str = ""
    subject: str = ""
    patient: str | None = None

    @property
    def usable(self) -> bool:
        """Say whether the token may be sent at all: a bearer token that has not expired and fits into a header."""
        token = self.access_token.get_secret_value()
        return (
            self.token_type.lower() == "bearer"
            and self.expires_in > 0
            and len(token) <= _MAX_TOKEN
            and token.isascii()
            and token.isprintable()
            and " " not in token
        )


class CDSRequest(Received):
    """One hook call, checked.

    `context` has the names and types of the hook's table; the properties below read what the server itself needs.
    `prefetch` maps key to a resource, a Bundle, an OperationOutcome or None (looked up, nothing found); a key that is
    not there was not looked up (CH-061, CH-062).
    """

    hook: str = Field(min_length=1)
    hook_instance: str = Field(min_length=1)
    context: dict[str, Any]
    fhir_server: str | None = None
    fhir_authorization: FHIRAuthorization | None = None
    prefetch: dict[str, Any] | None = None

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """Check a decoded request body; raise `BadRequest` that names the member at fault."""
        received = super().from_json(body)
        context = read_context(hook_definition(received.hook), received.context)
        request = received.model_copy(update={"context": context})
        request._check_authorization()
        return request

    def _check_authorization(self) -> None:
        authorization = self.fhir_authorization
        if authorization is None:
            return
        if not self.fhir_server:
            msg = "fhirServer is missing: fhirAuthorization is of no use without it"
            raise BadRequest(msg, expression="fhirServer")
        token = authorization.access_token.get_secret_value()
        if any(ord(character) < 32 or ord(character) == 127 for character in token):
            msg = "fhirAuthorization.access_token holds control characters"
            raise BadRequest(msg, expression="fhirAuthorization.access_token")
        if authorization.patient is not None and bare_id("patientId", authorization.patient) != self.patient_id:
            msg = "fhirAuthorization.patient is another patient than context.patientId"
            raise BadRequest(msg, expression="fhirAuthorization.patient")

    @property
    def patient_id(self) -> str:
        """The bare id of the patient in context; a `Patient/` prefix, sent by some clients, is taken off (CH-184)."""
        return bare_id("patientId", self.context["patientId"])

    @property
    def user_id(self) -> str | None:
        """The user's reference, for example `Practitioner/123`."""
        return self.context.get("userId")

    @property
    def encounter_id(self) -> str | None:
        """The bare id of the encounter in context, if there is one."""
        value = self.context.get("encounterId")
        return bare_id("encounterId", value) if value else None

    @property
    def draft_orders(self) -> list[dict[str, Any]]:
        """The resources that the hook carries, most often drafts, in the order received; [] for hooks without."""
        field = hook_definition(self.hook).carried
        return resources_in(self.context.get(field)) if field else []

    @property
    def selections(self) -> list[str] | None:
        """References of the selected drafts as `Type/id`; None when the client does not say (CH-172: judge all)."""
        selected = self.context.get("selections")
        if selected is None:
            return None
        by_id = {
            draft["id"]: f"{draft.get('resourceType')}/{draft['id']}"
            for draft in self.draft_orders
            if isinstance(draft.get("id"), str)
        }
        return [reference if "/" in reference else by_id.get(reference, reference) for reference in selected]

    def token_values(self, now: datetime) -> dict[str, str]:
        """Values for the tokens of prefetch templates: `context.<field>`, `userPractitionerId`, `today()`."""
        values = {
            f"context.{name}": bare_id(name, value) for name, value in self.context.items() if isinstance(value, str)
        }
        user_type, _, user_id = (self.user_id or "").partition("/")
        if user_id:
            values[f"user{user_type}Id"] = user_id
        values["today()"] = now.date().isoformat()
        return values
