"""The sandbox server over HTTP, mounted under a base path such as `/sandbox/fhir`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from cds.errors import BadRequest
from cds.fhir.json import dumps, loads
from cds.fhir.operation_outcome import operation_outcome
from cds.sandbox.server import Answer, SandboxServer

_FHIR_JSON = "application/fhir+json"
_MAX_BODY = 2_000_000


def sandbox_router(server: SandboxServer, prefix: str = "/sandbox/fhir") -> APIRouter:
    """Build the router that answers FHIR requests below the prefix."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.api_route("{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
    async def answer(path: str, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BODY:
                return _response(Answer(413, operation_outcome("too-long", "the body is too long")))
        prefer = request.headers.get("prefer", "")
        if request.method == "POST" and path.endswith("/_search"):
            form = body.decode("utf-8", "replace")
            return _response(server.handle("POST", path, request.url.query, prefer=prefer, form=form))
        try:
            resource = loads(body) if body else None
        except BadRequest:
            return _response(Answer(400, operation_outcome("structure", "the body is not JSON")))
        return _response(server.handle(request.method, path, request.url.query, resource, prefer=prefer))

    return router


def _response(answer: Answer) -> Response:
    content = b"" if answer.body is None else dumps(answer.body)
    return Response(content, answer.status, answer.headers, media_type=_FHIR_JSON)
