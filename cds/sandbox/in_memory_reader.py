"""The sandbox store behind the port through which patient data are read: no HTTP, the same searches."""

from __future__ import annotations

from typing import Any

from cds.data.errors import FHIRServerError, FHIRServerFault
from cds.fhir.bundles import link_of, resources_of
from cds.sandbox.errors import SandboxRefusal
from cds.sandbox.store import FHIRStore


class InMemoryReader:
    """A FhirReader over a FHIRStore. Searches are strict: a parameter that the store does not know is an error."""

    def __init__(self, store: FHIRStore) -> None:
        self._store = store

    @property
    def base_url(self) -> str:
        """The FHIR base URL of the store."""
        return self._store.base_url

    async def read(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        """Read one resource. Raises FHIRServerError."""
        try:
            return self._store.read(resource_type, resource_id)
        except SandboxRefusal as refusal:
            raise _error(refusal) from refusal

    async def search(self, query: str) -> list[dict[str, Any]]:
        """Run a type search and follow its pages. Raises FHIRServerError."""
        resource_type, _, parameters = query.partition("?")
        resources: list[dict[str, Any]] = []
        while True:
            try:
                page = self._store.search(resource_type, parameters, strict=True)
            except SandboxRefusal as refusal:
                raise _error(refusal) from refusal
            resources.extend(resources_of(page))
            following = link_of(page, "next")
            if following is None:
                return resources
            parameters = following.partition("?")[2]


def _error(refusal: SandboxRefusal) -> FHIRServerError:
    kind = FHIRServerFault.ABSENT if refusal.status == 404 else FHIRServerFault.INVALID_ANSWER
    return FHIRServerError(kind, str(refusal), status=refusal.status)
