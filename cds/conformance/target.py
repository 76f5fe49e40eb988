"""The server under test: requests to it never raise, and every answer is remembered for the checks at the end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from cds.conformance.samples import CANARY

ORIGIN = "https://sandbox.cds-hooks.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer; `status` None: there was none, `document` None: the body is no JSON."""

    what: str
    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    document: Any = None

    @property
    def is_success(self) -> bool:
        """A status of the two hundreds."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_refusal(self) -> bool:
        """A status of the four hundreds."""
        return self.status is not None and 400 <= self.status < 500

    @property
    def is_outcome(self) -> bool:
        """Whether the body is an OperationOutcome."""
        return isinstance(self.document, dict) and self.document.get("resourceType") == "OperationOutcome"

    def __str__(self) -> str:
        return f"status {self.status}" if self.status is not None else f"no answer ({self.text})"


class Target:
    """One server by its base URL."""

    def __init__(self, base: str, http: httpx.AsyncClient) -> None:
        self.address = f"{base.rstrip('/').removesuffix('/cds-services')}/cds-services"
        self.answers: list[Answer] = []
        self._http = http

    async def discover(self, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for the services."""
        return await self.send("discovery", "GET", "", headers=headers)

    async def call(self, service: str, body: Any, what: str) -> Answer:
        """POST a document, or bytes as they are, to a service or to `{id}/feedback`."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        return await self.send(what, "POST", f"/{service}", content=content, headers=headers)

    async def preflight(self, path: str, method: str) -> Answer:
        """Ask as a browser does before it calls from another origin."""
        ask = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}
        return await self.send("preflight", "OPTIONS", path, headers={"Origin": ORIGIN, **ask})

    async def send(
        self,
        what: str,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | object | None = httpx.USE_CLIENT_DEFAULT,
    ) -> Answer:
        """Send one request below /cds-services; `what` names it in findings."""
        try:
            response = await self._http.request(
                method,
                self.address + path,
                content=content,
                headers=dict(headers or {}),
                auth=auth,  # type: ignore[arg-type]  # httpx's own sentinel has no public type
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            answer = Answer(what=what, status=None, text=type(error).__name__)
        else:
            answer = Answer(
                what=what,
                status=response.status_code,
                headers=response.headers,
                text=response.text,
                document=_decoded(response),
            )
        self.answers.append(answer)
        return answer

    def failures(self) -> list[str]:
        """Name the requests that made the server fail."""
        return [f"{one.what}: {one}" for one in self.answers if one.status is None or one.status >= 500]

    def errors_without_outcome(self) -> list[str]:
        """Name the refusals that carry no OperationOutcome."""
        errors = (one for one in self.answers if one.status is not None and one.status >= 400)
        return [f"{one.what}: {one.status}" for one in errors if not one.is_outcome]

    def echoes(self) -> list[str]:
        """Name the refusals that repeat what was sent."""
        return [one.what for one in self.answers if not one.is_success and CANARY in one.text]


def _decoded(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None
