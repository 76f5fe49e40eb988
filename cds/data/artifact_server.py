"""Guidelines kept on a FHIR server: its active PlanDefinitions with everything they stand on (PD-256)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from cds.content.artifact import Artifact
from cds.content.dependencies import Missing, dependencies
from cds.content.elm import CompiledLibrary, UnreadableLogic, compiled_library
from cds.content.loader import Reading
from cds.content.shelf import Shelf
from cds.data.errors import FHIRServerError
from cds.data.fhir_client import FHIRClient
from cds.data.fhir_reader import FhirReader
from cds.data.fhir_servers import BaseURL
from cds.data.fhir_transport import FHIRTransport
from cds.errors import ContentError, ContentUnreachable

SECONDS = 60.0
_MAX_ROUNDS = 20


def read_artifact_servers(urls: Iterable[str]) -> list[Reading]:
    """Read the guidelines of FHIR servers. Raises `ContentUnreachable` for one that cannot be read; blocks."""
    return asyncio.run(_read_all(list(urls))) if (urls := list(urls)) else []


async def _read_all(urls: list[str]) -> list[Reading]:
    transport = FHIRTransport()
    deadline = asyncio.get_running_loop().time() + SECONDS
    readings = []
    try:
        for url in urls:
            base = BaseURL.parse(url)
            if base is None:
                msg = f"{url} is no FHIR base URL: correct CDS_CONTENT_SERVERS"
                raise ContentError(msg)
            try:
                readings.append(await read_artifacts(FHIRClient(base, transport, deadline=deadline)))
            except FHIRServerError as error:
                msg = f"the guidelines of {url} could not be read ({error.kind})"
                raise ContentUnreachable(msg) from None
    finally:
        await transport.aclose()
    return readings


async def read_artifacts(server: FhirReader) -> Reading:
    """Read the active PlanDefinitions of a server, then, until nothing is missing, what they refer to.

    What the server does not have is left: the content check names it, unless another source has it. Raises
    FHIRServerError.
    """
    reading = Reading()
    for plan in await server.search("PlanDefinition?status=active"):
        _add(reading, plan, server)
    asked: set[str] = set()
    for _ in range(_MAX_ROUNDS):
        queries = {query: None for missing in _missing(reading) for query in _queries(missing)}
        new = [query for query in queries if query not in asked]
        if not new:
            break
        asked.update(new)
        for found in await asyncio.gather(*(server.search(query) for query in new)):
            for resource in found:
                _add(reading, resource, server)
    return reading


def _add(reading: Reading, resource: dict[str, Any], server: FhirReader) -> None:
    name = f"{server.base_url}/{resource.get('resourceType')}/{resource.get('id')}"
    if name not in reading.digests:
        reading.add_resource(resource, file=name, root=server.base_url)


def _missing(reading: Reading) -> Iterable[Missing]:
    compiled: dict[Artifact, CompiledLibrary | None] = {}
    for library in reading.artifacts:
        if library.type == "Library":
            try:
                compiled[library] = compiled_library(library)
            except UnreadableLogic:
                compiled[library] = None  # told by the check of the whole content
    shelf = Shelf(reading.artifacts, compiled)
    for plan in shelf.of_type("PlanDefinition"):
        yield from dependencies(plan, shelf).missing


def _queries(missing: Missing) -> list[str]:
    """Write the searches that may find an artefact, by URL, or by id for a relative reference."""
    identity = {"version": missing.version} if missing.version else {}
    if missing.name is not None:
        return [f"Library?{urlencode({'name': missing.name, **identity})}"]
    if ":" in missing.url:
        return [f"{kind}?{urlencode({'url': missing.url, **identity})}" for kind in missing.types]
    kind, _, resource_id = missing.url.partition("/")
    return [f"{kind}?{urlencode({'_id': resource_id})}"] if kind in missing.types and resource_id else []
