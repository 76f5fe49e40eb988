"""Literal references: `Type/id`, absolute URLs, versions (https://hl7.org/fhir/R4/references.html#literal)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds.fhir.elements import objects_at

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LITERAL = re.compile(
    r"(?:(?P<base>https?://[^\s?#]+)/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A literal reference to one resource; `base` is the FHIR base URL of an absolute one."""

    type: str
    id: str
    base: str | None = None
    version: str | None = None

    @property
    def literal(self) -> str:
        """The relative form without version, `Observation/egfr-7`."""
        return f"{self.type}/{self.id}"


def is_id(text: object) -> bool:
    """Say whether the text is a FHIR id (https://hl7.org/fhir/R4/datatypes.html#id)."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def parse_reference(text: object) -> Reference | None:
    """Read a literal reference; None for contained (`#x`), `urn:` and unreadable ones."""
    found = _LITERAL.fullmatch(text) if isinstance(text, str) else None
    return found and Reference(found["type"], found["id"], found["base"], found["version"])


def literal_of(resource: Mapping[str, Any]) -> str | None:
    """Give `Type/id` of a resource, None when it has no usable id."""
    resource_type, resource_id = resource.get("resourceType"), resource.get("id")
    if not resource_type or not isinstance(resource_id, str) or _ID.fullmatch(resource_id) is None:
        return None
    return f"{resource_type}/{resource_id}"


def contained(resource: Mapping[str, Any], reference: object) -> dict[str, Any] | None:
    """Find the contained resource that a `#id` reference points at."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    return next((inner for inner in objects_at(resource, "contained") if inner.get("id") == reference[1:]), None)
