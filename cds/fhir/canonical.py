"""Canonical URLs with version and fragment (https://hl7.org/fhir/R4/references.html#canonical)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Canonical:
    """A canonical reference `url|version#fragment` in its parts."""

    url: str
    version: str | None = None
    fragment: str | None = None

    @classmethod
    def parse(cls, text: str) -> Canonical:
        """Split the text; an empty version or fragment counts as absent."""
        rest, _, fragment = text.partition("#")
        url, _, version = rest.partition("|")
        return cls(url, version or None, fragment or None)

    @property
    def tail(self) -> str:
        """The last path segment, by convention the id of the resource."""
        return self.url.rstrip("/").rpartition("/")[2]

    def __str__(self) -> str:
        version = f"|{self.version}" if self.version else ""
        fragment = f"#{self.fragment}" if self.fragment else ""
        return f"{self.url}{version}{fragment}"
