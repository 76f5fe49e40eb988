"""The RESTful interactions of the sandbox, as plain calls: read, search, create, update, delete, batch, transaction.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from cds.fhir.bundles import entries_of
from cds.fhir.search_parameters import search_parameters, searchable_types
from cds.sandbox.errors import SandboxRefusal
from cds.sandbox.store import FHIRStore

# Deletes first, then creates, updates, reads: https://hl7.org/fhir/R4/http.html#trules
_TRANSACTION_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "GET": 3, "HEAD": 3}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status, JSON body (None for none) and headers beside the content type."""

    status: int
    body: dict[str, Any] | None
    headers: dict[str, str] = field(default_factory=dict)


class SandboxServer:
    """Answers FHIR requests from a store; nothing here knows of HTTP libraries."""

    def __init__(self, store: FHIRStore) -> None:
        self.store = store

    def handle(
        self, method: str, path: str, query: str = "", body: Any = None, *, prefer: str = "", form: str = ""
    ) -> Answer:
        """Answer one request below the base URL; every refusal is an Answer with an OperationOutcome.

        `path` is relative without leading slash, `query` the text after `?`, `form` the body of POST _search.
        """
        try:
            return self._handle(method.upper(), path.strip("/"), query, body, "handling=strict" in prefer, form)
        except SandboxRefusal as refusal:
            return Answer(refusal.status, refusal.outcome)

    def _handle(self, method: str, path: str, query: str, body: Any, strict: bool, form: str) -> Answer:
        segments = [unquote(segment) for segment in path.split("/")] if path else []
        match method, segments:
            case "GET", ["metadata"]:
                return Answer(200, self.capability_statement())
            case "GET", [resource_type]:
                return Answer(200, self.store.search(resource_type, query, strict=strict))
            case "POST", [resource_type, "_search"]:
                both = "&".join(part for part in (query, form) if part)
                return Answer(200, self.store.search(resource_type, both, strict=strict))
            case "GET", [resource_type, resource_id]:
                resource = self.store.read(resource_type, resource_id)
                return Answer(200, resource, _version_headers(resource))
            case "POST", []:
                return Answer(200, self._bundle(_object(body)))
            case "POST", [resource_type]:
                created = self.store.create(_typed(body, resource_type))
                location = f"{self.store.base_url}/{resource_type}/{created['id']}"
                return Answer(201, created, {"Location": location, **_version_headers(created)})
            case "PUT", [resource_type, resource_id]:
                return self._update(resource_type, resource_id, body)
            case "DELETE", [resource_type, resource_id]:
                self.store.delete(resource_type, resource_id)
                return Answer(204, None)
        raise SandboxRefusal(405 if segments else 404, "not-supported", "this interaction is not offered here")

    def _update(self, resource_type: str, resource_id: str, body: Any) -> Answer:
        resource = _typed(body, resource_type)
        if resource.get("id") != resource_id:
            raise SandboxRefusal(400, "value", "the id of the resource is not the id of the address")
        stored = self.store.put(resource)
        return Answer(201 if stored["meta"]["versionId"] == "1" else 200, stored, _version_headers(stored))

    def _bundle(self, bundle: Mapping[str, Any]) -> dict[str, Any]:
        kind = bundle.get("type")
        if bundle.get("resourceType") != "Bundle" or kind not in ("batch", "transaction"):
            raise SandboxRefusal(400, "invalid", "expected a Bundle of type batch or transaction")
        entries = entries_of(bundle)
        answers: dict[int, Answer] = {}
        before = self.store.snapshot()
        order = list(range(len(entries)))
        if kind == "transaction":
            entries = _with_assigned_ids(entries)
            order.sort(key=lambda index: _TRANSACTION_ORDER.get(_request(entries[index])[0], 9))
        for index in order:
            method, url = _request(entries[index])
            path, _, query = url.partition("?")
            answers[index] = self.handle(method, path, query, entries[index].get("resource"))
            if kind == "transaction" and answers[index].status >= 400:
                self.store.restore(before)
                raise SandboxRefusal(answers[index].status, "transient", f"transaction failed at entry {index}")
        return {
            "resourceType": "Bundle",
            "type": f"{kind}-response",
            "entry": [_response_entry(answers[index]) for index in range(len(entries))],
        }

    def capability_statement(self) -> dict[str, Any]:
        """Say what this server can do (https://hl7.org/fhir/R4/http.html#capabilities)."""
        interactions = [{"code": code} for code in ("read", "create", "update", "delete", "search-type")]
        return {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": "2026-01-01",
            "kind": "instance",
            "implementation": {"description": "Sandbox with synthetic patients", "url": self.store.base_url},
            "fhirVersion": "4.0.1",
            "format": ["application/fhir+json"],
            "rest": [
                {
                    "mode": "server",
                    "resource": [
                        {
                            "type": resource_type,
                            "interaction": interactions,
                            "updateCreate": True,
                            "searchParam": [
                                {"name": parameter.name, "type": parameter.kind}
                                for parameter in search_parameters(resource_type).values()
                            ],
                        }
                        for resource_type in searchable_types()
                    ],
                    "interaction": [{"code": "batch"}, {"code": "transaction"}],
                }
            ],
        }


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise SandboxRefusal(400, "structure", "expected a resource in JSON")
    return body


def _typed(body: Any, resource_type: str) -> dict[str, Any]:
    resource = _object(body)
    if resource.get("resourceType") != resource_type:
        raise SandboxRefusal(400, "invalid", "the resourceType is not the type of the address")
    return resource


def _version_headers(resource: Mapping[str, Any]) -> dict[str, str]:
    return {"ETag": f'W/"{resource["meta"]["versionId"]}"'}


def _request(entry: Any) -> tuple[str, str]:
    request = entry.get("request") if isinstance(entry, Mapping) else None
    if not isinstance(request, Mapping):
        raise SandboxRefusal(400, "required", "an entry of the Bundle has no request")
    return str(request.get("method", "")).upper(), str(request.get("url", ""))


def _response_entry(answer: Answer) -> dict[str, Any]:
    response: dict[str, Any] = {"status": str(answer.status)}
    if "Location" in answer.headers:
        response["location"] = answer.headers["Location"]
    if answer.status >= 400:
        return {"response": {**response, "outcome": answer.body}}
    return {"response": response} if answer.body is None else {"resource": answer.body, "response": response}


def _with_assigned_ids(entries: list[Any]) -> list[Any]:
    """Turn creates with a `urn:uuid:` full URL into updates under a chosen id, and rewrite references to them."""
    assigned: dict[str, str] = {}
    for entry in entries:
        method, url = _request(entry)
        if method == "POST" and str(entry.get("fullUrl", "")).startswith("urn:uuid:"):
            assigned[entry["fullUrl"]] = f"{url}/{uuid4().hex}"
    rewritten = []
    for entry in entries:
        resource = _rewrite(entry.get("resource"), assigned)
        target = assigned.get(entry.get("fullUrl", ""))
        if target:
            resource = {**resource, "id": target.partition("/")[2]}
            entry = {**entry, "request": {"method": "PUT", "url": target}}
        rewritten.append({**entry, "resource": resource})
    return rewritten


def _rewrite(node: Any, assigned: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            name: assigned.get(value, value)
            if name == "reference" and isinstance(value, str)
            else _rewrite(value, assigned)
            for name, value in node.items()
        }
    return [_rewrite(item, assigned) for item in node] if isinstance(node, list) else node
