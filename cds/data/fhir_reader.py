"""The port through which patient data are read: a FHIR server behind HTTP, or the sandbox in memory."""

from __future__ import annotations

from typing import Any, Protocol


class FhirReader(Protocol):
    """Reads one FHIR server during one hook call. Every failure raises FHIRServerError; an empty list means none."""

    @property
    def base_url(self) -> str:
        """The FHIR base URL, against which absolute references are compared."""
        ...

    async def read(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        """Read one resource."""
        ...

    async def search(self, query: str) -> list[dict[str, Any]]:
        """Run a type search, `Observation?patient=1&code=…`, and give matches and included resources of all pages."""
        ...
