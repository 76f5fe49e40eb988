"""Which FHIR servers may be called: equality of canonical URLs with a list, nothing looser (CH-083)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from cds.hooks.caller import Caller
    from cds.hooks.request import CDSRequest

_PRINTABLE = re.compile(r"[!-~]+")
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class BaseURL:
    """A FHIR base URL in canonical form: two spellings of one server are equal, two servers never are."""

    scheme: str
    host: str
    port: int
    path: str  # without trailing slash

    @classmethod
    def parse(cls, text: str) -> BaseURL | None:
        """Read a URL; None for anything that a URL parser and a server could read differently."""
        if not _PRINTABLE.fullmatch(text) or "\\" in text:
            return None
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            return None
        if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
            return None
        if "@" in parts.netloc or "?" in text or "#" in text:
            return None
        path = parts.path.removesuffix("/")
        if not is_plain_path(path):
            return None
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], path)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    def below(self, text: str) -> str | None:
        """Rebuild an absolute or relative URL that the server gave, on this base; None when it leads elsewhere."""
        if not _PRINTABLE.fullmatch(text) or "\\" in text:
            return None
        head, mark, query = text.partition("#")[0].partition("?")
        if ":" not in head:
            head = f"{self}/{head}"
        there = BaseURL.parse(head)
        if there is None or (there.scheme, there.host, there.port) != (self.scheme, self.host, self.port):
            return None
        if there.path != self.path and not there.path.startswith(f"{self.path}/"):
            return None
        return f"{there}{mark}{query}"


def is_plain_path(path: str) -> bool:
    """Say whether a path means the same to everybody: no escapes, no empty, `.` or `..` segments."""
    if path in ("", "/"):
        return True
    segments = path.removeprefix("/").split("/")
    return "%" not in path and not any(segment in ("", ".", "..") for segment in segments)


class AllowedServers:
    """The FHIR servers of the settings."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._listed = frozenset(url for text in urls if (url := BaseURL.parse(text)) is not None)

    def find(self, text: str | None) -> BaseURL | None:
        """Give the canonical base URL of a listed server, None for every other text."""
        url = BaseURL.parse(text) if text else None
        return url if url in self._listed else None


class NoFHIRServers:
    """The FHIR servers of one who may call none: data come by prefetch alone."""

    def reader_for(self, request: CDSRequest, caller: Caller | None = None, *, seconds: float) -> None:
        """Give no reader, whichever server the request names."""

    async def aclose(self) -> None:
        """Close nothing."""
