"""Who calls? The JWT of a CDS client, verified (CDS Hooks 2.0, "Trusting CDS Clients"; checklist CH-145 … CH-164).

Fails closed: whatever is wrong with a token, the answer is the same 401 and says nothing about why (CH-164). When keys
or the replay store cannot be had, the answer is 503: nobody is let through unverified.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from joserfc import jws
from joserfc.errors import JoseError

from cds.errors import RefusedRequest, Unavailable
from cds.web.clients import Client
from cds.web.key_sets import KeySets, KeySourceDown

SKEW = 60
MAX_LIFETIME = 300
_MAX_TOKEN = 8192
_MAX_JTI = 256
_END_OF_TIME = 1e12  # seconds; what is later, or no number, is no moment that a clock can say

_log = structlog.get_logger()


class Unauthorized(RefusedRequest):
    """The caller could not be verified; the text is the same for every reason."""

    status = 401
    code = "login"


class ReplayStore(Protocol):
    """Remembers used tokens, shared by all workers."""

    async def first_use(self, key: str, expires: datetime) -> bool:
        """Store the key; return False when it was there already; raise `OSError` when the store is down."""
        ...


class _Refused(Exception):
    """Why a token was refused; for the log, never for the caller."""


class ClientAuthenticator:
    """Verifies the bearer JWT of a call against the registered clients."""

    def __init__(
        self,
        clients: Mapping[str, Client],
        key_sets: KeySets,
        replay: ReplayStore,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._clients = clients
        self._key_sets = key_sets
        self._replay = replay
        self._clock = clock

    async def aclose(self) -> None:
        """Close the connections to where keys are fetched."""
        await self._key_sets.aclose()

    async def authenticate(self, authorization: Sequence[str], url: str) -> Client:
        """Return the client that makes this call to `url`, the public URL of the endpoint.

        `authorization` holds the values of all Authorization headers. Raises `Unauthorized` or `Unavailable`.
        """
        try:
            return await self._verify(_bearer(authorization), url)
        except _Refused as reason:
            _log.warning("client refused", reason=str(reason))
            msg = "the caller is not known"
            raise Unauthorized(msg) from None
        except (KeySourceDown, OSError) as error:
            _log.error("client verification unavailable", error=type(error).__name__)
            msg = "the caller cannot be verified now: try again"
            raise Unavailable(msg) from None

    async def _verify(self, token: str, url: str) -> Client:
        header, claims = _segment(token, 0), _segment(token, 1)
        client = self._client(claims)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in client.algorithms:
            raise _Refused("algorithm")
        if header.get("typ") != "JWT" or not isinstance(kid, str) or not kid or "crit" in header:
            raise _Refused("header")
        if "jku" in header and header["jku"] != client.jku:
            raise _Refused("jku")
        key = await self._key_sets.find(client, kid)
        if key is None:
            raise _Refused("kid")
        try:
            jws.deserialize_compact(token, key, algorithms=[algorithm], registry=_REGISTRY)
        except (JoseError, ValueError, TypeError, RecursionError):
            raise _Refused("signature") from None
        expires = self._check_claims(claims, client, url)
        used = hashlib.sha256(f"{client.iss}\n{claims['jti']}".encode("utf-8", "surrogatepass")).hexdigest()
        if not await self._replay.first_use(used, datetime.fromtimestamp(expires + SKEW, UTC)):
            raise _Refused("replay")
        return client

    def _client(self, claims: Mapping[str, Any]) -> Client:
        issuer = claims.get("iss")
        client = self._clients.get(issuer) if isinstance(issuer, str) else None
        if client is None:
            raise _Refused("issuer")
        return client

    def _check_claims(self, claims: Mapping[str, Any], client: Client, url: str) -> float:
        audience = claims.get("aud")
        if url not in (audience if isinstance(audience, list) else [audience]):
            raise _Refused("audience")
        now = self._clock().timestamp()
        expires, issued = _instant(claims, "exp"), _instant(claims, "iat")
        if expires <= now - SKEW:
            raise _Refused("expired")
        if issued > now + SKEW or expires - issued > MAX_LIFETIME + SKEW:
            raise _Refused("issued")
        if "nbf" in claims and _instant(claims, "nbf") > now + SKEW:
            raise _Refused("not yet valid")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_JTI:
            raise _Refused("jti")
        if client.tenants is not None and claims.get("tenant") not in client.tenants:
            raise _Refused("tenant")
        return expires


_REGISTRY = jws.JWSRegistry(algorithms=["ES256", "ES384", "ES512", "RS256", "RS384", "RS512"])
_REGISTRY.max_header_length = 2048


def _bearer(authorization: Sequence[str]) -> str:
    if len(authorization) != 1:
        raise _Refused("authorization header")
    scheme, _, token = authorization[0].partition(" ")
    if scheme.lower() != "bearer" or len(token) > _MAX_TOKEN or token.count(".") != 2 or not token.isascii():
        raise _Refused("token form")
    return token


def _segment(token: str, index: int) -> Mapping[str, Any]:
    part = token.split(".")[index]
    try:
        decoded = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _Refused("token encoding") from None
    if not isinstance(decoded, dict):
        raise _Refused("token encoding")
    return decoded


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "a member stands twice"
        raise ValueError(msg)
    return members


def _instant(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _END_OF_TIME:
        raise _Refused(name)
    return float(value)
