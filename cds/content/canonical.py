"""Canonical references: `url|version#fragment` (R4 references, section "Canonical URLs")."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PARTS_OF_VERSION = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Canonical:
    """A canonical reference taken apart. `url` is empty for a reference to a contained resource, such as `#act`."""

    url: str
    version: str | None = None
    fragment: str | None = None

    @classmethod
    def parse(cls, text: str) -> Canonical:
        """Split `url|version#fragment`; each part but the url may be absent."""
        rest, _, fragment = text.partition("#")
        url, _, version = rest.partition("|")
        return cls(url, version or None, fragment or None)

    def __str__(self) -> str:
        version = f"|{self.version}" if self.version else ""
        fragment = f"#{self.fragment}" if self.fragment else ""
        return f"{self.url}{version}{fragment}"


def version_order(version: str | None) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key: 1.10.0 is newer than 1.9.0, 1.0.0 newer than 1.0.0-draft, and no version is the oldest."""
    if version is None:
        return ()
    release, _, pre_release = version.partition("-")
    return (*_order_of_parts(release), (1, 0, "") if not pre_release else (-1, 0, pre_release))


def _order_of_parts(text: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(
        (2, int(part), "") if part.isdigit() else (0, 0, part) for part in _PARTS_OF_VERSION.split(text) if part
    )
