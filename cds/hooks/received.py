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
            member, reason = first_fault(error)
            raise BadRequest(f"{member}: {reason}" if member else reason, expression=member or None) from None


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Return the member at fault, dotted ("" for the whole), and what is wrong with it, as JSON calls things."""
    first = error.errors(include_input=False, include_url=False)[0]
    reason = first["msg"].removeprefix("Value error, ")
    match first["type"]:
        case "tuple_type" | "list_type":
            reason = "must be a list"
        case "model_type" | "dict_type":
            reason = "must be an object"
        case "string_pattern_mismatch":
            reason = f"must match {first['ctx']['pattern']}"
        case "too_short" | "string_too_short":
            reason = "must not be empty"
        case "too_long":
            reason = f"has more than {first['ctx']['max_length']} elements"
    return ".".join(str(part) for part in first["loc"]), f"{reason[0].lower()}{reason[1:]}"
