"""Read and search of the knowledge artefacts (https://hl7.org/fhir/R4/http.html#search)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from cds.content.artifact import KNOWLEDGE_TYPES, Artifact
from cds.content.shelf import Shelf
from cds.errors import BadRequest, NotFound
from cds.fhir.bundles import searchset

SEARCH_PARAMETERS: Mapping[str, str] = {
    "_id": "token",
    "url": "uri",
    "version": "token",
    "status": "token",
    "name": "string",
    "title": "string",
}
_ELEMENTS = {"_id": "id"}
_DEFAULT_COUNT = 50
_MAX_COUNT = 500


def known_type(resource_type: str) -> str:
    """Return the type if artefacts of it are served; raises `NotFound`."""
    if resource_type not in KNOWLEDGE_TYPES:
        msg = "resources of this type are not served here; /fhir/metadata lists those that are"
        raise NotFound(msg)
    return resource_type


def read(shelf: Shelf, resource_type: str, identity: str) -> Artifact:
    """Return the artefact with this id; raises `NotFound`."""
    found = shelf.find(f"{known_type(resource_type)}/{identity}", resource_type)
    if found is None:
        msg = "there is no resource with this id"
        raise NotFound(msg)
    return found


def search(shelf: Shelf, resource_type: str, query: Iterable[tuple[str, str]], *, base_url: str) -> dict[str, Any]:
    """Return the searchset Bundle of a type search: conditions are ANDed, values separated by commas ORed.

    Raises `BadRequest` for a parameter that is not supported: an answer to half a question misleads.
    """
    found = list(shelf.of_type(known_type(resource_type)))
    count, offset, asked = _DEFAULT_COUNT, 0, []
    for name, text in query:
        if name in ("_count", "_offset"):
            if not (text.isascii() and text.isdigit() and len(text) < 8):
                msg = f"{name} is a whole number"
                raise BadRequest(msg, expression=name)
            count, offset = (int(text), offset) if name == "_count" else (count, int(text))
        elif name != "_format":
            asked.append((name, text))
            accepts = _condition(name, text)
            found = [artifact for artifact in found if accepts(artifact.resource)]
    count = min(count, _MAX_COUNT)
    page = found[offset : offset + count]
    links = {"self": _link(base_url, resource_type, asked, count, offset)}
    if count and offset + count < len(found):
        links["next"] = _link(base_url, resource_type, asked, count, offset + count)
    return searchset([artifact.resource for artifact in page], base_url=base_url, total=len(found), links=links)


def _condition(parameter: str, text: str) -> Callable[[Mapping[str, Any]], bool]:
    name, _, modifier = parameter.partition(":")
    kind = SEARCH_PARAMETERS.get(name)
    if kind is None or (modifier and (kind != "string" or modifier not in ("exact", "contains"))):
        msg = f"a search parameter is not supported; supported are {', '.join(SEARCH_PARAMETERS)}, _count and _offset"
        raise BadRequest(msg)
    wanted = [part for part in text.split(",") if part]
    element = _ELEMENTS.get(name, name)

    def accepts(resource: Mapping[str, Any]) -> bool:
        value = str(resource.get(element, ""))
        return any(_matches(value, one, kind, modifier) for one in wanted)

    return accepts


def _matches(value: str, wanted: str, kind: str, modifier: str) -> bool:
    if kind == "token":
        return value == wanted.rpartition("|")[2]
    if kind == "uri" or modifier == "exact":
        return value == wanted
    found, sought = value.casefold(), wanted.casefold()
    return sought in found if modifier == "contains" else found.startswith(sought)


def _link(base_url: str, resource_type: str, asked: list[tuple[str, str]], count: int, offset: int) -> str:
    query = urlencode([*asked, ("_count", str(count)), ("_offset", str(offset))])
    return f"{base_url}/{resource_type}?{query}"
