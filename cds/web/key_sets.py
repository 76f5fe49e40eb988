"""Public keys of clients: from the registration, or fetched from the one registered address and cached.

A token's `jku` never chooses where to fetch; it must be the registered address. An unknown `kid` leads to one fetch in
`COOLDOWN` seconds at most, so that nobody can make this server hammer another (CH-150).
"""

from __future__ import annotations

import asyncio
import time
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from cds.errors import BadRequest
from cds.fhir.json import loads
from cds.web.clients import Client

COOLDOWN = 30.0
LIFETIME = 3600.0
STALE = 24 * 3600.0
_TIMEOUT = 2.0
_MAX_BYTES = 256 * 1024
_MAX_KEYS = 50
_MIN_RSA_BITS = 2048

PublicKey = ECKey | RSAKey


class KeySourceDown(Exception):
    """The key set cannot be had and none is known: nobody can be verified."""


@dataclass(slots=True)
class _Cached:
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    fetched: float | None = None
    tried: float | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class KeySets:
    """Keys by client and `kid`; one fetch at a time per client."""

    def __init__(self, http: httpx.AsyncClient, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._monotonic = monotonic
        self._cache: dict[str, _Cached] = {}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def find(self, client: Client, kid: str) -> PublicKey | None:
        """Return the client's key of this id, None if it has no such key; raise `KeySourceDown`."""
        if client.jwks is not None:
            return usable_keys(client.jwks).get(kid)
        cached = self._cache.setdefault(client.iss, _Cached())
        if self._needs_fetch(cached, kid):
            async with cached.lock:
                if self._needs_fetch(cached, kid):
                    await self._fetch(client, cached)
        if cached.fetched is None or self._monotonic() - cached.fetched > STALE:
            raise KeySourceDown
        return cached.keys.get(kid)

    def _needs_fetch(self, cached: _Cached, kid: str) -> bool:
        now = self._monotonic()
        if cached.tried is not None and now - cached.tried < COOLDOWN:
            return False
        return cached.fetched is None or kid not in cached.keys or now - cached.fetched > LIFETIME

    async def _fetch(self, client: Client, cached: _Cached) -> None:
        cached.tried = self._monotonic()
        assert client.jku is not None
        try:
            async with asyncio.timeout(_TIMEOUT):
                document = await self._read(client.jku)
        except (TimeoutError, httpx.HTTPError, BadRequest):
            return
        if isinstance(document, dict) and isinstance(document.get("keys"), list):
            cached.keys = usable_keys(document)
            cached.fetched = self._monotonic()

    async def _read(self, url: str) -> Any:
        body = bytearray()
        async with self._http.stream("GET", url, headers={"Accept": "application/json"}) as response:
            if response.status_code != httpx.codes.OK:
                msg = "the key set was not given"
                raise BadRequest(msg)
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MAX_BYTES:
                    msg = "the key set is too large"
                    raise BadRequest(msg)
        return loads(bytes(body))


def usable_keys(document: Mapping[str, Any]) -> dict[str, PublicKey]:
    """Return the signature keys of a JWK Set by `kid`; broken, weak, private-use or doubled ones are left out."""
    listed = [key for key in document["keys"][:_MAX_KEYS] if isinstance(key, dict) and isinstance(key.get("kid"), str)]
    times = Counter(key["kid"] for key in listed)
    keys: dict[str, PublicKey] = {}
    for key in listed:
        kid = key["kid"]
        if times[kid] > 1 or key.get("use", "sig") != "sig":
            continue
        public = _public_key(key)
        if public is not None:
            keys[kid] = public
    return keys


def _public_key(key: dict[str, Any]) -> PublicKey | None:
    try:
        if key.get("kty") == "EC":
            return ECKey.import_key(key)
        if key.get("kty") == "RSA":
            return RSAKey.import_key(key) if _rsa_bits(key) >= _MIN_RSA_BITS else None
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    return None


def _rsa_bits(key: Mapping[str, Any]) -> int:
    modulus = str(key["n"])
    return int.from_bytes(urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4)), "big").bit_length()
