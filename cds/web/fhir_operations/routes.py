"""The routes under /fhir: metadata, read, search, and every operation by GET and POST."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import APIRouter, Request, Response

from cds.content.artifact import Artifact
from cds.errors import BadRequest, NotFound
from cds.fhir.json import dumps
from cds.hooks.caller import Caller
from cds.service import Serving
from cds.web.admission import Admission
from cds.web.cds_services import Authenticate
from cds.web.door import place_of
from cds.web.fhir_operations import artifacts, definitions, libraries, request_groups, terminology
from cds.web.fhir_operations.capability_statement import capability_statement
from cds.web.fhir_operations.inputs import from_parameters, from_query
from cds.web.fhir_operations.operation import Operation, OperationCall
from cds.web.request_body import read_json

PREFIX = "/fhir"
FHIR_JSON = "application/fhir+json"
OPERATIONS: dict[tuple[str, str], Operation] = {
    (one.resource_type, one.name): one
    for one in (*definitions.OPERATIONS, *libraries.OPERATIONS, *request_groups.OPERATIONS, *terminology.OPERATIONS)
}


def fhir_router(
    serving: Serving, *, admission: Admission, public_url: str, max_body_bytes: int, authenticate: Authenticate
) -> APIRouter:
    """Return the routes; `public_url` is the server's address.

    Each call but metadata asks who calls, and an operation waits for its turn as hook calls do.
    """
    router = APIRouter(prefix=PREFIX, tags=["FHIR"])
    base_url = public_url + PREFIX
    desk = asyncio.Lock()

    @router.get("/metadata")
    async def metadata() -> Response:
        """Say what this FHIR server can do."""
        return _answer(capability_statement(OPERATIONS.values(), base_url=base_url, now=serving.world.clock()))

    async def type_operation(resource_type: str, name: str, request: Request) -> Response:
        """Run an operation on a resource type."""
        return await operation(resource_type, name, request, identity=None)

    async def instance_operation(resource_type: str, identity: str, name: str, request: Request) -> Response:
        """Run an operation on one resource."""
        return await operation(resource_type, name, request, identity=identity)

    for method in ("GET", "POST"):
        for path, run in (
            ("/{resource_type}/${name}", type_operation),
            ("/{resource_type}/{identity}/${name}", instance_operation),
        ):
            router.add_api_route(path, run, methods=[method], operation_id=f"{run.__name__}_{method.lower()}")

    @router.get("/{resource_type}")
    async def search(resource_type: str, request: Request) -> Response:
        """Search the artefacts of a type."""
        await authenticate(request)
        shelf = serving.world.knowledge.content.shelf
        query = request.query_params.multi_items()
        return _answer(artifacts.search(shelf, resource_type, query, base_url=base_url))

    @router.get("/{resource_type}/{identity}")
    async def read(resource_type: str, identity: str, request: Request) -> Response:
        """Read one artefact."""
        await authenticate(request)
        return _answer(artifacts.read(serving.world.knowledge.content.shelf, resource_type, identity).resource)

    async def operation(resource_type: str, name: str, request: Request, *, identity: str | None) -> Response:
        caller: Caller = await authenticate(request)
        found = OPERATIONS.get((resource_type, name))
        if found is None:
            msg = "there is no such operation here; /fhir/metadata lists those that are"
            raise NotFound(msg)
        place = place_of(request, admission)
        world = serving.world
        inputs = (
            from_query(request.query_params.multi_items(), found.parameters)
            if request.method == "GET"
            else from_parameters(await read_json(request, max_bytes=max_body_bytes), found.parameters)
        )
        instance: Artifact | None = None
        if identity is not None:
            instance = artifacts.read(world.knowledge.content.shelf, resource_type, identity)
            for parameter in sorted(found.inline):
                if parameter in inputs:
                    msg = f"{parameter} is not allowed where the address says which resource is meant"
                    raise BadRequest(msg, expression=parameter)
        deadline = time.monotonic() + world.seconds
        call = OperationCall(inputs=inputs, instance=instance, world=world, caller=caller, deadline=deadline, desk=desk)
        async with admission.turn(place, caller.name):
            return _answer(await found.answer(call))

    return router


def _answer(resource: Any) -> Response:
    return Response(dumps(resource), media_type=FHIR_JSON, headers={"Cache-Control": "no-store"})
