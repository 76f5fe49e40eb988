"""The registered CDS clients: who may call, with which keys, for which FHIR servers.

The file of `CDS_CLIENTS` is JSON: {"clients": [{"name": "ehr-1", "iss": "https://ehr.example.org",
"jku": "https://ehr.example.org/jwks.json"}]}. Instead of `jku` a client may have its public keys in the file itself
(`jwks`). `algorithms` and `tenants` narrow what is accepted from this client; `fhirServers` says which of the FHIR
servers of CDS_FHIR_SERVERS it may name, default all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from cds.data.fhir_servers import AllowedServers, BaseURL
from cds.errors import BadRequest, SettingsError
from cds.fhir.json import loads
from cds.hooks.received import first_fault

Algorithm = Literal["ES384", "RS384", "ES256", "RS256", "ES512", "RS512"]


class Client(BaseModel):
    """One registered client (CH-158: issuer and key set address are one pair)."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9\-]{1,40}$")]
    iss: Annotated[str, Field(min_length=1)]
    jku: str | None = None
    jwks: dict[str, Any] | None = None
    algorithms: tuple[Algorithm, ...] = ("ES384", "RS384")
    tenants: tuple[str, ...] | None = None
    fhir_servers: tuple[str, ...] | None = None
    system_actions: bool = False
    enabled: bool = True

    @field_validator("jku")
    @classmethod
    def _https_only(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("https://"):
            msg = "a key set is fetched over https only"
            raise ValueError(msg)
        return value

    @field_validator("jwks")
    @classmethod
    def _a_key_set(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and not isinstance(value.get("keys"), list):
            msg = "give a JWK Set: an object with a list of keys"
            raise ValueError(msg)
        return value

    @field_validator("fhir_servers")
    @classmethod
    def _fhir_base_urls(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if any(BaseURL.parse(url) is None for url in value or ()):
            msg = "give FHIR base URLs as in CDS_FHIR_SERVERS"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if (self.jku is None) == (self.jwks is None):
            msg = "a client has either jku or jwks"
            raise ValueError(msg)
        return self


class _ClientsFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    clients: Annotated[tuple[Client, ...], Field(min_length=1)]


def read_clients(path: Path, fhir_servers: Iterable[str]) -> dict[str, Client]:
    """Read the registered clients by issuer; raise `SettingsError` with the member that is wrong.

    `fhir_servers` are those that the server may read: a client cannot be given others.
    """
    try:
        clients = _ClientsFile.model_validate(loads(path.read_bytes())).clients
    except OSError as error:
        msg = f"CDS_CLIENTS: {path} cannot be read: {error.strerror}"
        raise SettingsError(msg) from None
    except BadRequest as error:
        msg = f"CDS_CLIENTS: {path}: {str(error).replace('the body', 'the file')}"
        raise SettingsError(msg) from None
    except ValidationError as error:
        member, reason = first_fault(error)
        msg = f"CDS_CLIENTS: {path}: {member or 'the file'}: {reason}"
        raise SettingsError(msg) from None
    allowed = AllowedServers(fhir_servers)
    for client in clients:
        if others := [url for url in client.fhir_servers or () if allowed.find(url) is None]:
            msg = f"CDS_CLIENTS: {path}: {client.name}: fhirServers: {others[0]} is not in CDS_FHIR_SERVERS: add it"
            raise SettingsError(msg)
    by_issuer = {client.iss: client for client in clients if client.enabled}
    if len(by_issuer) != sum(client.enabled for client in clients):
        msg = f"CDS_CLIENTS: {path}: an issuer stands twice"
        raise SettingsError(msg)
    return by_issuer
