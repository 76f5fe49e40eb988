"""The OpenAPI document of the HTTP face, for integrators' tools: CDS Hooks, health, the FHIR operations."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from cds.hooks.discovery import CDSService
from cds.hooks.feedback import FeedbackRequest
from cds.hooks.received import Received
from cds.hooks.request import CDSRequest
from cds.hooks.response import CDSResponse

_REFUSALS = {
    "400": "the request is malformed",
    "401": "the caller is not known",
    "404": "there is nothing at this address",
    "408": "the body did not arrive in time",
    "412": "required data could not be obtained",
    "413": "the body is too large",
    "415": "the body is not JSON in UTF-8",
    "429": "too many calls of this client",
    "503": "the server cannot answer now; Retry-After says when to try again",
}


def install_openapi(app: FastAPI) -> None:
    """Add the schemas of what goes over the wire to the document that FastAPI makes of the routes."""
    made = app.openapi

    def with_schemas() -> dict[str, Any]:
        document = made()
        document.setdefault("components", {}).setdefault("schemas", {}).update(schemas())
        return document

    app.openapi = with_schemas  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def takes(model: type[Received]) -> dict[str, Any]:
    """Describe a route that takes a JSON body; give it as `openapi_extra`."""
    schema = model.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def schemas() -> dict[str, Any]:
    """Return the schemas of everything that goes over the wire, by name."""
    found: dict[str, Any] = {}
    for model in (CDSRequest, FeedbackRequest, CDSResponse, CDSService):
        schema = model.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return found


def refusals(*statuses: str) -> dict[int | str, dict[str, Any]]:
    """Describe the OperationOutcomes that a route may answer with; give it as `responses`."""
    outcome = {"application/fhir+json": {"schema": {"type": "object", "required": ["resourceType", "issue"]}}}
    return {status: {"description": _REFUSALS[status], "content": outcome} for status in statuses}
