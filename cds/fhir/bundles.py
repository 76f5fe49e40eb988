"""Bundles of search results (https://hl7.org/fhir/R4/bundle.html#searchset)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cds.fhir.elements import object_at


def entries_of(bundle: Mapping[str, Any]) -> list[Any]:
    """List the entries as received; a Bundle without any gives none."""
    entries = bundle.get("entry")
    return entries if isinstance(entries, list) else []


def resources_of(bundle: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield matched and included resources, leaving out the entries that are about the search itself."""
    for entry in entries_of(bundle):
        resource = entry.get("resource")
        if resource is not None and not _is_outcome(entry):
            yield resource


def outcomes_of(bundle: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the OperationOutcomes by which the server comments on its search."""
    for entry in entries_of(bundle):
        if _is_outcome(entry):
            yield entry.get("resource") or {}


class Entries(NamedTuple):
    """What a Bundle of search results holds: resources, what the server says of its search, and how many matches."""

    resources: Sequence[dict[str, Any]]
    outcomes: Sequence[dict[str, Any]]
    matches: int


_NOTHING_FOUND = Entries((), (), 0)


def sorted_entries(bundle: Mapping[str, Any]) -> Entries | None:
    """Tell the entries apart in one pass; None when one of them holds no resource."""
    entries = entries_of(bundle)
    if not entries:
        return _NOTHING_FOUND
    resources: list[dict[str, Any]] = []
    outcomes: list[dict[str, Any]] = []
    matches = 0
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, (dict, Mapping)) else None
        if not isinstance(resource, dict):
            return None
        mode = object_at(entry, "search").get("mode", "match") if "search" in entry else "match"
        matches += mode == "match"
        is_outcome = mode == "outcome" or resource.get("resourceType") == "OperationOutcome"
        (outcomes if is_outcome else resources).append(resource)
    return Entries(resources, outcomes, matches)


def links_of(bundle: Mapping[str, Any]) -> dict[str, str | None]:
    """Map each relation (`self`, `next`) to the URL of its first link, None where the URL is no text."""
    links: dict[str, str | None] = {}
    listed = bundle.get("link")
    for link in listed if isinstance(listed, list) else ():
        relation = link.get("relation") if isinstance(link, dict) else None
        if isinstance(relation, str) and relation not in links:
            url = link.get("url")
            links[relation] = url if isinstance(url, str) else None
    return links


def link_of(bundle: Mapping[str, Any], relation: str) -> str | None:
    """Give the URL of the link with this relation (`self`, `next`)."""
    return links_of(bundle).get(relation)


def match_count(bundle: Mapping[str, Any]) -> int:
    """Count the matches, the number that `Bundle.total` speaks of."""
    return sum(object_at(entry, "search").get("mode", "match") == "match" for entry in entries_of(bundle))


def searchset(
    matches: Iterable[Mapping[str, Any]],
    included: Iterable[Mapping[str, Any]] = (),
    outcomes: Iterable[Mapping[str, Any]] = (),
    *,
    base_url: str = "",
    total: int | None = None,
    links: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Build a searchset Bundle; `base_url` makes the full URLs of its entries."""
    entries = [
        {**_full_url(base_url, resource), "resource": resource, "search": {"mode": mode}}
        for mode, group in (("match", matches), ("include", included), ("outcome", outcomes))
        for resource in group
    ]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
    if total is not None:
        bundle["total"] = total
    if links:
        bundle["link"] = [{"relation": relation, "url": url} for relation, url in links.items()]
    if entries:
        bundle["entry"] = entries
    return bundle


def _is_outcome(entry: Mapping[str, Any]) -> bool:
    if "search" in entry and object_at(entry, "search").get("mode") == "outcome":
        return True
    resource = entry.get("resource")
    return isinstance(resource, (dict, Mapping)) and resource.get("resourceType") == "OperationOutcome"


def _full_url(base_url: str, resource: Mapping[str, Any]) -> dict[str, str]:
    if not base_url or "id" not in resource:
        return {}
    return {"fullUrl": f"{base_url}/{resource['resourceType']}/{resource['id']}"}
