"""The FHIR client: fhirpy's query builder over our own transport, address checks, paging and errors.

Why not fhirpy as shipped: it opens a connection per request, follows `next` links to other servers with the token,
and turns a failed search into an empty list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from fhirpy import AsyncFHIRClient
from fhirpy.base.utils import encode_params

from cds.data.errors import FHIRServerError, FHIRServerFault
from cds.data.fhir_answers import decode, refuse_status, retry_after
from cds.data.fhir_paging import PagedSearch, PagingLimits
from cds.data.fhir_servers import AllowedServers, BaseURL
from cds.data.fhir_transport import FHIRTransport
from cds.fhir.json import dumps
from cds.fhir.references import is_id
from cds.hooks.caller import ANYBODY, Caller
from cds.hooks.request import CDSRequest

# A server may answer a repeated search from a copy of a minute ago (HAPI does): what was resulted in that minute would
# be missed. Never no-store: HAPI then ends the answer after one page and gives no link to the next.
_FRESH = {"Cache-Control": "no-cache"}
_STRICT = {"Prefer": "handling=strict"}


class FHIRClient(AsyncFHIRClient):
    """Reads one FHIR server during one hook call: a FhirReader, and for authors who know it, a fhirpy client.

    `deadline` is in the time of the event loop; after it every read fails. Raises FHIRServerError and nothing else.
    """

    def __init__(
        self,
        base: BaseURL,
        transport: FHIRTransport,
        *,
        deadline: float,
        authorization: str | None = None,
        limits: PagingLimits | None = None,
        pauses: dict[BaseURL, float] | None = None,
    ) -> None:
        super().__init__(str(base), authorization=authorization)
        self._base = base
        self._transport = transport
        self._deadline = deadline
        self._limits = limits or PagingLimits()
        self._pauses = pauses if pauses is not None else {}

    @property
    def base_url(self) -> str:
        """The canonical FHIR base URL."""
        return str(self._base)

    async def read(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        """Read one resource."""
        resource = await self._exchange("GET", self._url(f"{resource_type}/{resource_id}"))
        if resource.get("resourceType") != resource_type or resource.get("id") != resource_id:
            raise FHIRServerError(FHIRServerFault.INVALID_ANSWER, "the answer is not the resource that was asked for")
        return resource

    async def search(self, query: str) -> list[dict[str, Any]]:
        """Run a type search and give matches and included resources of all pages.

        The server is asked to refuse what it does not understand; one that refuses to be asked so is asked again, and
        then has to show in its self link that it applied the parameters that select the patient.
        """
        url = self._url(query)
        try:
            return await self._pages(url, query, strict=True)
        except FHIRServerError as error:
            if error.status != 400:
                raise
        return await self._pages(url, query, strict=False)

    async def _pages(self, url: str, query: str, *, strict: bool) -> list[dict[str, Any]]:
        paging = PagedSearch(self._base, query, self._limits, must_prove=not strict)
        address: str | None = url
        while address is not None:
            address = paging.add(await self._exchange("GET", address, headers=_STRICT if strict else {}), address)
        return paging.resources()

    async def _exchange(
        self, method: str, url: str, *, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Send one request and decode the resource that comes back."""
        loop = asyncio.get_running_loop()
        if self._pauses.get(self._base, 0) > loop.time():
            raise FHIRServerError(FHIRServerFault.RATE_LIMITED, "the FHIR server asked for a pause")
        all_headers = {**self._build_request_headers(), **_FRESH, **(headers or {})}
        content = None
        if body is not None:
            content = dumps(body)
            all_headers["Content-Type"] = "application/fhir+json"
        try:
            async with asyncio.timeout_at(self._deadline):
                answer = await self._transport.request(
                    method, url, all_headers, content, max_bytes=self._limits.max_bytes
                )
        except TimeoutError:
            raise FHIRServerError(FHIRServerFault.DEADLINE, "the time of this call is used up") from None
        if answer.status == 429:
            self._pauses[self._base] = loop.time() + retry_after(answer)
        refuse_status(answer)
        return decode(answer)

    def _url(self, path: str) -> str:
        """Build base + own path; every part of it was written here, not by a caller."""
        url = self._base.below(f"{self._base}/{path}")
        resource_type, _, rest = path.partition("?")[0].partition("/")
        if url is None or not resource_type.isalpha() or (rest and not is_id(rest)):
            raise FHIRServerError(FHIRServerFault.INVALID_ANSWER, "this is no address below the FHIR base URL")
        return url

    def _build_request_url(self, path: str, params: Mapping[str, Any] | None) -> str:
        """Replace fhirpy's, which takes any URL that contains the base URL for its own."""
        query = encode_params(params or {})  # type: ignore[no-untyped-call]  # fhirpy is typed in parts only
        url = self._base.below(f"{path.lstrip('/')}?{query}" if query else path.lstrip("/"))
        if url is None:
            raise FHIRServerError(FHIRServerFault.INVALID_ANSWER, "the address leads to another server")
        return url

    async def _do_request(
        self,
        method: str,
        path: str,
        data: Any = None,
        params: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        *,
        returning_status: bool = False,
    ) -> Any:
        """Carry fhirpy's own verbs over our transport."""
        url = self._build_request_url(path, params)
        resource = await self._exchange(method.upper(), url, body=data, headers=extra_headers)
        return (resource, 200) if returning_status else resource


class FHIRServers:
    """The FHIR servers that may be called, and the connections to them; one per process."""

    def __init__(
        self, allowed: AllowedServers, transport: FHIRTransport | None = None, limits: PagingLimits | None = None
    ) -> None:
        self._allowed = allowed
        self._transport = transport or FHIRTransport()
        self._limits = limits or PagingLimits()
        self._pauses: dict[BaseURL, float] = {}

    def reader_for(self, request: CDSRequest, caller: Caller = ANYBODY, *, seconds: float) -> FHIRClient | None:
        """Give a client for the server that the request names, with its token, for so many seconds.

        None when it names none, one that is not listed or not this caller's, or comes with a token that cannot be
        used. Call it inside the event loop.
        """
        base = self._allowed.find(request.fhir_server)
        if caller.fhir_servers is not None and AllowedServers(caller.fhir_servers).find(request.fhir_server) is None:
            return None
        authorization = request.fhir_authorization
        if base is None or (authorization is not None and not authorization.usable):
            return None
        token = f"Bearer {authorization.access_token.get_secret_value()}" if authorization else None
        deadline = asyncio.get_running_loop().time() + seconds
        return FHIRClient(
            base, self._transport, deadline=deadline, authorization=token, limits=self._limits, pauses=self._pauses
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()
