"""How a message of a client is read: unknown members ignored, the first fault named without repeating its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from cds.errors import BadRequest


class Received(BaseModel):
    """Base of what clients send us; camelCase on the wire, frozen here, input never shown in errors."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """Check a decoded body; raise `BadRequest` whose `expression` is the member at fault."""
        if not isinstance(body, Mapping):
            msg = "the body must be a JSON object"
            raise BadRequest(msg)
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            member = ".".join(str(part) for part in first["loc"])
            reason = first["msg"].removeprefix("Value error, ")
            message = f"{member}: {reason[0].lower()}{reason[1:]}" if member else reason
            raise BadRequest(message, expression=member or None) from None
