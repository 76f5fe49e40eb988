"""What `GET /cds-services` tells (CDS Hooks 2.0, "Discovery")."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

SPECIFICATION_VERSION = "2.0.1"


class CDSService(BaseModel):
    """One service as discovery lists it (CH-014 … CH-021); `prefetch` maps key to a FHIR read or search template."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    hook: str = Field(min_length=1)
    title: str | None = Field(default=None, min_length=1)
    description: str = Field(min_length=1)
    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-_]*$")
    prefetch: Annotated[dict[str, str], Field(min_length=1)] | None = None
    usage_requirements: str | None = Field(default=None, min_length=1)
    version: str = SPECIFICATION_VERSION
    hook_version: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object of this entry, without null members."""
        return self.model_dump(by_alias=True, exclude_none=True)
