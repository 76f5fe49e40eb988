"""Registered clients with their keys, and the tokens they sign."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from tests.server.conftest import NOW

PUBLIC_URL = "https://cds.hospital.example/base"
KEYS = {
    "ehr-1": ECKey.generate_key("P-384", {"kid": "k1", "use": "sig"}),
    "ehr-2": RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"}),
}
ALGORITHMS = {"ehr-1": "ES384", "ehr-2": "RS384"}


def clients_file(folder: Path, **more: dict[str, Any]) -> Path:
    """Write the file of CDS_CLIENTS; `more` adds members to a client, by its name with an underscore."""
    clients = [
        {
            "name": name,
            "iss": f"https://{name}.example",
            "jwks": {"keys": [key.as_dict(private=False)]},
            **more.get(name.replace("-", "_"), {}),
        }
        for name, key in KEYS.items()
    ]
    path = folder / "clients.json"
    path.write_text(json.dumps({"clients": clients}))
    return path


def token(path: str, client: str = "ehr-1", *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """Sign a token for the endpoint at `path`; `...` leaves a claim out."""
    now = int(NOW.timestamp())
    claims = {
        "iss": f"https://{client}.example",
        "aud": PUBLIC_URL + path,
        "exp": now + 300,
        "iat": now,
        "jti": str(uuid.uuid4()),
        **changes,
    }
    key = KEYS[client]
    head = {"alg": ALGORITHMS[client], "kid": key.kid, "typ": "JWT", **(header or {})}
    body = json.dumps({name: value for name, value in claims.items() if value is not ...})
    return jws.serialize_compact(head, body, key, algorithms=[head["alg"]])


def bearer(path: str, client: str = "ehr-1", **changes: Any) -> dict[str, str]:
    """The header of a call to `path`."""
    return {"Authorization": f"Bearer {token(path, client, **changes)}"}
