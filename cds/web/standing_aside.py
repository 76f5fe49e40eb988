"""The ports of a call, wrapped so that a call that waits for others lets others work."""

from __future__ import annotations

from typing import Any

from cds import service
from cds.data.fhir_reader import FhirReader
from cds.decisions.decision import Decision
from cds.hooks.caller import ANYBODY, Caller
from cds.hooks.feedback import Feedback
from cds.hooks.request import CDSRequest
from cds.web.admission import aside


class AsideServers:
    """FHIR servers whose readers stand aside."""

    def __init__(self, servers: service.FHIRServers) -> None:
        self._servers = servers

    def reader_for(self, request: CDSRequest, caller: Caller = ANYBODY, *, seconds: float) -> FhirReader | None:
        """Return the reader of the server that the request names; None when it names none that may be called."""
        reader = self._servers.reader_for(request, caller, seconds=seconds)
        return None if reader is None else _AsideReader(reader)


class _AsideReader:
    def __init__(self, reader: FhirReader) -> None:
        self._reader = reader

    @property
    def base_url(self) -> str:
        return self._reader.base_url

    async def read(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        async with aside():
            return await self._reader.read(resource_type, resource_id)

    async def search(self, query: str) -> list[dict[str, Any]]:
        async with aside():
            return await self._reader.search(query)


class AsideLog:
    """A decision log that is written to aside."""

    def __init__(self, log: service.DecisionLog) -> None:
        self._log = log

    async def record(self, decision: Decision) -> None:
        """Keep one decision."""
        async with aside(briefly=True):
            await self._log.record(decision)

    async def receive_feedback(self, service_id: str, outcomes: tuple[Feedback, ...], *, client: str | None) -> int:
        """Keep outcomes of cards; return how many are about cards that this client got from this service."""
        return await self._log.receive_feedback(service_id, outcomes, client=client)
