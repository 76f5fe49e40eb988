"""One HTTP client for all FHIR servers: pooled connections, capped bodies, no redirects, no proxies, no cookies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from cds.data.errors import FHIRServerError, FHIRServerFault

_MAX_CONNECTIONS = 200
_KEEPALIVE_SECONDS = 20
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class HTTPAnswer:
    """Status, lower-case headers and the decoded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class FHIRTransport:
    """Sends requests; give an httpx client of your own (MockTransport, respx) in tests."""

    def __init__(self, client: httpx.AsyncClient | None = None) -> None:
        self._client = client or httpx.AsyncClient(
            transport=AiohttpTransport(client=_aiohttp_session),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS),  # the total is the deadline of the hook call
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None, *, max_bytes: int
    ) -> HTTPAnswer:
        """Send one request; a GET that failed before an answer began is tried once more.

        Raises FHIRServerError: unavailable when there is no whole answer, incomplete when it is longer than
        `max_bytes` (counted after decompression).
        """
        try:
            return await self._send(method, url, headers, content, max_bytes)
        except (httpx.ConnectError, httpx.RemoteProtocolError) as error:
            if method != "GET":
                raise _unavailable() from error
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError) as error:
            raise _unavailable() from error
        try:
            return await self._send(method, url, headers, content, max_bytes)
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            raise _unavailable() from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, max_bytes: int
    ) -> HTTPAnswer:
        request = self._client.stream(method, url, headers=dict(headers), content=content, follow_redirects=False)
        async with request as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > max_bytes:
                    raise FHIRServerError(
                        FHIRServerFault.INCOMPLETE, "the answer is too long", status=response.status_code
                    )
            return HTTPAnswer(response.status_code, response.headers, bytes(body))


def _aiohttp_session() -> aiohttp.ClientSession:
    """Make the session on first use, inside the running loop.

    Cookies of one patient's call must not reach another. TLS is verified against the certificates of the operating
    system, where a hospital installs its own authority.
    """
    connector = aiohttp.TCPConnector(limit=_MAX_CONNECTIONS, keepalive_timeout=_KEEPALIVE_SECONDS)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)


def _unavailable() -> FHIRServerError:
    return FHIRServerError(FHIRServerFault.UNAVAILABLE, "the FHIR server does not answer")
