"""Tokens of a registered client, so that servers which ask who calls can be checked, and forgeries to be refused."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import httpx
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from cds.errors import SettingsError

_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
PrivateKey = ECKey | RSAKey


class Signer(httpx.Auth):
    """Signs every request for its own address: a fresh token each (CDS Hooks 2.0, "Trusting CDS Clients")."""

    def __init__(self, issuer: str, key: PrivateKey) -> None:
        self._issuer = issuer
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token; a preflight has none, as a browser's has none."""
        if request.method != "OPTIONS":
            request.headers["Authorization"] = f"Bearer {self.token(str(request.url))}"
        yield request

    def token(self, url: str, *, key: PrivateKey | None = None, **changes: Any) -> str:
        """Return a token for `url`; `changes` replace claims."""
        return self._signed({**self._claims(url), **changes}, key or self._key)

    def forgeries(self, url: str) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with a token, and the token."""
        now = int(time.time())
        yield "another endpoint's audience", self.token(f"{url}x")
        yield "expired", self.token(url, iat=now - 7200, exp=now - 3600)
        yield "an unknown issuer", self.token(url, iss="https://stranger.example")
        another = ECKey.generate_key("P-384", {"kid": self._key.kid or "", "use": "sig"})
        yield "another key's signature", self.token(url, key=another)
        parts = ({"alg": "none", "kid": self._key.kid, "typ": "JWT"}, self._claims(url))
        yield "alg none", ".".join([*(_segment(part) for part in parts), ""])
        yield "no token at all", "nonsense"

    def _claims(self, url: str) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self._issuer, "aud": url, "iat": now, "exp": now + 240, "jti": str(uuid.uuid4())}

    def _signed(self, claims: dict[str, Any], key: PrivateKey) -> str:
        algorithm = _algorithm(key)
        header = {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
        return jws.serialize_compact(header, json.dumps(claims), key, algorithms=[algorithm])


def read_key(path: Path) -> PrivateKey:
    """Read a private key as JWK; raise `SettingsError`."""
    try:
        document = json.loads(path.read_bytes())
        key = (ECKey if document["kty"] == "EC" else RSAKey).import_key(document)
        if key.is_private and key.kid:
            return key
    except (OSError, ValueError, KeyError, TypeError, JoseError):
        pass
    msg = f"{path}: give a private key as JWK (kty EC or RSA) with its kid"
    raise SettingsError(msg)


def _algorithm(key: PrivateKey) -> str:
    stated = key.get("alg")
    if isinstance(stated, str):
        return stated
    return _ALGORITHMS[str(key.get("crv"))] if isinstance(key, ECKey) else "RS384"


def _segment(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
