"""Every setting of the server, typed, with its reason.

Read from the environment with the prefix `CDS_`. A variable that begins with `CDS_` but is not listed here, or a value
that cannot be used, stops the start with one line: a setting that is silently ignored is worse than none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cds.errors import SettingsError

PREFIX = "CDS_"
_ORIGIN = re.compile(r"https?://[^\s/?#@]+")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Settings(BaseModel):
    """The configuration of one server process."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    content: tuple[Path, ...] = Field(
        default=(), description="Folders or .tgz packages with guidelines; default: the guidelines that are shipped."
    )
    content_servers: tuple[str, ...] = Field(
        default=(),
        description="FHIR base URLs whose active PlanDefinitions, with all they refer to, are served as well.",
    )
    reload_seconds: int = Field(
        default=0, ge=0, le=86_400, description="How often to look whether the content has changed; 0: never."
    )
    guidelines: tuple[str, ...] = Field(
        default=(), description="Ids of the guidelines to serve; default: all that are found."
    )
    fhir_servers: tuple[str, ...] = Field(
        default=(),
        description="FHIR base URLs that may be called when a hook request names them; default: none, prefetch only.",
    )
    not_kept: tuple[str, ...] = Field(
        default=(),
        description="Resource types that the EHR does not keep, such as AdverseEvent: nobody is asked for them, they "
        "read as none on record, and every decision says so. Default: a type that cannot be had is answered with 412.",
    )
    client_auth: Literal["none", "jwt"] = Field(
        default="none",
        description="How CDS clients prove who they are: none (a trusted network or a proxy in front decides), or jwt.",
    )
    clients: Path | None = Field(
        default=None, description="JSON file with the registered clients, their keys and FHIR servers; for jwt."
    )
    database: str = Field(
        default="sqlite:///cds.sqlite3",
        description="SQLAlchemy URL of the store for decisions and feedback: sqlite:///FILE or postgresql://…",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000", description="The base URL under which clients reach this server."
    )
    tls_certificate: Path | None = Field(
        default=None,
        description="PEM file with the certificate chain, to serve https without a proxy.",
    )
    tls_key: Path | None = Field(default=None, description="PEM file with the certificate's private key.")
    cors_origins: tuple[str, ...] = Field(
        default=(), description="Browser origins that may call the services; `*` for all (a sandbox)."
    )
    deadline_ms: int = Field(
        default=5000, ge=50, le=60_000, description="How long one hook call may take in all, FHIR reads included."
    )
    max_body_bytes: int = Field(
        default=10_000_000, ge=10_000, description="The largest request body that is read; beyond it: 413."
    )
    max_in_flight: int = Field(
        default=200, ge=1, description="How many requests are let in at a time; beyond it: 503 with Retry-After."
    )
    max_wait_ms: int = Field(
        default=250,
        ge=1,
        le=10_000,
        description="How long a hook call may wait for its turn; one that would wait longer is refused with 503.",
    )
    client_calls_per_second: int = Field(
        default=0,
        ge=0,
        description="How many hook calls a client (an address, if nobody asks who calls) may make in a second; 0: any.",
    )
    drain_seconds: float = Field(
        default=0,
        ge=0,
        le=60,
        description="How long to go on serving after SIGTERM with /readyz at 503, so that a load balancer sees it.",
    )
    cache: Path | Literal["auto", "none"] = Field(
        default="auto",
        description="Where compiled guidelines are kept for the next start: a directory that nobody else can write; "
        "auto: fhir-cds in the user's cache directory (XDG_CACHE_HOME, else ~/.cache); none: nowhere.",
    )
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="How the log on standard error is written; auto: text on a terminal, else JSON."
    )
    traces: Literal["none", "otlp"] = Field(
        default="none",
        description="Where OpenTelemetry traces go: nowhere, or by OTLP over HTTP as OTEL_EXPORTER_OTLP_ENDPOINT says "
        "(needs the extra fhir-cds[otel]).",
    )
    log_values: bool = Field(
        default=False, description="Keep patient values in recorded decisions; default: they are erased."
    )

    @field_validator(
        "content", "content_servers", "guidelines", "fhir_servers", "cors_origins", "not_kept", mode="before"
    )
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("content")
    @classmethod
    def _content_exists(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        for path in value:
            if not path.exists():
                msg = f"{path} does not exist"
                raise ValueError(msg)
        return value

    @field_validator("cache")
    @classmethod
    def _cache_is_absolute(cls, value: Path | str) -> Path | str:
        if isinstance(value, Path) and not value.is_absolute():
            msg = f"{value} is not an absolute path, nor auto or none"
            raise ValueError(msg)
        return value

    @field_validator("tls_certificate", "tls_key")
    @classmethod
    def _file_exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            msg = f"{value} is no file"
            raise ValueError(msg)
        return value

    @field_validator("fhir_servers", "content_servers")
    @classmethod
    def _fhir_servers_are_https(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                msg = f"{url} is not a http(s) URL"
                raise ValueError(msg)
            if parts.username or parts.query or parts.fragment:
                msg = "a FHIR base URL has no user info, query or fragment"
                raise ValueError(msg)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins_as_browsers_send_them(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                msg = f"{origin} is no origin: give scheme and host, https://ehr.example.org, or * for all"
                raise ValueError(msg)
        return value

    @field_validator("public_url")
    @classmethod
    def _public_url_is_http(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            msg = "give a http(s) URL without query, for example https://cds.example.org"
            raise ValueError(msg)
        return value.rstrip("/")

    @model_validator(mode="after")
    def _jwt_needs_clients(self) -> Self:
        if self.client_auth == "jwt" and self.clients is None:
            msg = "CDS_CLIENT_AUTH: jwt needs CDS_CLIENTS, the file with the registered clients"
            raise ValueError(msg)
        if self.client_auth == "jwt" and not self.public_url.startswith("https://") and not self.is_local:
            msg = "CDS_CLIENT_AUTH: jwt needs CDS_PUBLIC_URL to be https: tokens must not travel in the clear"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _clients_are_asked_for(self) -> Self:
        if self.clients is not None and "client_auth" not in self.model_fields_set:
            msg = "CDS_CLIENTS: nobody is asked who calls: set CDS_CLIENT_AUTH to jwt, or to none if that is meant"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            msg = "CDS_TLS_CERTIFICATE and CDS_TLS_KEY are given together"
            raise ValueError(msg)
        return self

    @property
    def is_local(self) -> bool:
        """Say whether the server is reached on this machine only."""
        return urlsplit(self.public_url).hostname in _LOOPBACK


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raise `SettingsError` with one line that says which variable is wrong and why."""
    environment = os.environ if environment is None else environment
    known = {PREFIX + name.upper(): name for name in Settings.model_fields}
    for name in environment:
        if name.upper().startswith(PREFIX) and name.upper() not in known and name not in _NOT_SETTINGS:
            msg = f"{name} is not a setting; known are {', '.join(sorted(known))}"
            raise SettingsError(msg)
    values = {known[name.upper()]: value for name, value in environment.items() if name.upper() in known}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        reason = first["msg"].removeprefix("Value error, ")
        msg = f"{PREFIX}{field.upper()}: {reason}" if field else reason
        raise SettingsError(msg) from None


_NOT_SETTINGS = {"CDS_SHARED"}
"""Names with our prefix that belong to the test suite, not to the server."""
