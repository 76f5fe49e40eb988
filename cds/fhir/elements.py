"""Walk FHIR JSON by element path.

`dict` is asked for before `Mapping`, because to ask an abstract class is slow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def values_at(node: Any, path: str) -> list[Any]:
    """List every value at a dotted path, flattening repeating elements; an absent element gives nothing.

    `path` names JSON members (`effectiveDateTime`, not `effective`).
    """
    nodes = [node]
    for name in path.split("."):
        found: list[Any] = []
        for candidate in nodes:
            if not isinstance(candidate, (dict, Mapping)):
                continue
            value = candidate.get(name)
            if isinstance(value, list):
                found.extend(value)
            elif value is not None:
                found.append(value)
        nodes = found
    return nodes


def object_at(node: Any, name: str) -> Mapping[str, Any]:
    """Give the object under a member; empty where there is none or something else stands there."""
    value = node.get(name) if isinstance(node, (dict, Mapping)) else None
    return value if isinstance(value, (dict, Mapping)) else {}


def objects_at(node: Any, name: str) -> list[dict[str, Any]]:
    """List the objects of a repeating member, leaving out what is none."""
    value = node.get(name) if isinstance(node, (dict, Mapping)) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def codings_of(concept: Any) -> list[Mapping[str, Any]]:
    """List the codings of a CodeableConcept, or the Coding itself."""
    if not isinstance(concept, (dict, Mapping)):
        return []
    coding = concept.get("coding")
    if isinstance(coding, list):
        return [item for item in coding if isinstance(item, (dict, Mapping))]
    return [concept] if "code" in concept else []
