"""The resources of the sandbox and the search over them, usable without HTTP."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import uuid4

from cds.fhir.bundles import searchset
from cds.fhir.dates import BEGINNING
from cds.fhir.elements import object_at, values_at
from cds.fhir.operation_outcome import operation_outcome
from cds.fhir.references import is_id, literal_of, parse_reference
from cds.fhir.search_parameters import SearchParameter, searchable_types
from cds.sandbox.errors import SandboxRefusal
from cds.sandbox.search_matching import Matcher, ValueSets
from cds.sandbox.search_query import Include, SearchQuery, parse_query


class FHIRStore:
    """A FHIR R4 repository in memory: read, create, update, delete and type search.

    Resources are copied on the way in and must not be changed on the way out. `clock` stamps `meta.lastUpdated`,
    `zone` is the zone of dates that carry none, `value_sets` answers `:in`.
    """

    def __init__(
        self,
        resources: Iterable[Mapping[str, Any]] = (),
        *,
        base_url: str = "http://sandbox.invalid/fhir",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        zone: tzinfo = UTC,
        value_sets: ValueSets | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._clock = clock
        self._matcher = Matcher(self.base_url, zone, value_sets)
        self._by_type: dict[str, dict[str, dict[str, Any]]] = {}
        for resource in resources:
            self.put(resource)

    def read(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        """Give one resource. Raises SandboxRefusal 404."""
        resource = self._by_type.get(resource_type, {}).get(resource_id)
        if resource is None:
            raise SandboxRefusal(404, "not-found", f"there is no such {_printable(resource_type)} here")
        return resource

    def create(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        """Store a new resource under an id of the server's choice. Raises SandboxRefusal 400."""
        return self.put({**resource, "id": uuid4().hex})

    def put(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        """Store a resource under its own id, replacing an earlier version. Raises SandboxRefusal 400."""
        resource_type, resource_id = resource.get("resourceType"), resource.get("id")
        if not isinstance(resource_type, str) or resource_type not in searchable_types():
            raise SandboxRefusal(400, "not-supported", "the resourceType is missing or not kept here")
        if not isinstance(resource_id, str) or not is_id(resource_id):
            raise SandboxRefusal(400, "value", "the id is missing or not a FHIR id")
        bucket = self._by_type.setdefault(resource_type, {})
        earlier = bucket.get(resource_id)
        stored = copy.deepcopy(dict(resource))
        meta = dict(object_at(stored, "meta"))
        meta["versionId"] = str(int(earlier["meta"]["versionId"]) + 1) if earlier else "1"
        meta["lastUpdated"] = self._clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        stored["meta"] = meta
        bucket[resource_id] = stored
        return stored

    def delete(self, resource_type: str, resource_id: str) -> None:
        """Remove a resource; removing what is not there is no error (R4 http.html#delete)."""
        self._by_type.get(resource_type, {}).pop(resource_id, None)

    def all_of(self, resource_type: str) -> list[dict[str, Any]]:
        """List every resource of a type in the order of arrival."""
        return list(self._by_type.get(resource_type, {}).values())

    def snapshot(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Give what `restore` takes, so that a transaction can be undone."""
        return {resource_type: dict(bucket) for resource_type, bucket in self._by_type.items()}

    def restore(self, snapshot: dict[str, dict[str, dict[str, Any]]]) -> None:
        """Go back to a snapshot."""
        self._by_type = snapshot

    def search(
        self, resource_type: str, query: str | Iterable[tuple[str, str]] = "", *, strict: bool = False
    ) -> dict[str, Any]:
        """Answer a type search with one page, a searchset Bundle.

        `query` is the text after `?` or its pairs. With `strict`, unknown parameters are refused (Prefer:
        handling=strict), else they are left out of the self link and named in an outcome entry. Raises
        SandboxRefusal 400 or 404.
        """
        if resource_type not in searchable_types():
            raise SandboxRefusal(404, "not-supported", f"the type {_printable(resource_type)} is not kept here")
        search = parse_query(resource_type, query, strict=strict)
        found = [
            resource
            for resource in self.all_of(resource_type)
            if all(self._matcher.matches(resource, criterion) for criterion in search.criteria)
        ]
        links = {"self": search.url(self.base_url, search.offset)}
        if search.count_only:
            return searchset([], outcomes=_ignored(search), total=len(found), links=links)
        for parameter, descending in reversed(search.sort):
            self._sort(found, parameter, descending=descending)
        page = found[search.offset : search.offset + search.count]
        if search.offset + search.count < len(found):
            links["next"] = search.url(self.base_url, search.offset + search.count)
        return searchset(
            page,
            self._included(search, page),
            _ignored(search),
            base_url=self.base_url,
            total=len(found),
            links=links,
        )

    def _sort(self, found: list[dict[str, Any]], parameter: SearchParameter, *, descending: bool) -> None:
        """Sort by the earliest (descending: the latest) value; resources without a value come last either way."""

        def values(resource: Mapping[str, Any]) -> list[Any]:
            elements = [element for path in parameter.paths for element in values_at(resource, path)]
            if parameter.kind != "date":
                return [str(element) for element in elements]
            spans = [span for element in elements if (span := self._matcher.span(element))]
            return [span.end if descending else span.start for span in spans]

        with_value = [resource for resource in found if values(resource)]
        without = [resource for resource in found if not values(resource)]
        pick = max if descending else min
        with_value.sort(key=lambda resource: pick(values(resource), default=BEGINNING), reverse=descending)
        found[:] = with_value + without

    def _included(self, search: SearchQuery, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Follow _include and _revinclude one step; a resource of the page is not repeated."""
        seen = {literal_of(resource) for resource in page}
        included = []
        for resource in self._targets(search.includes, page) + self._sources(search.revincludes, page):
            if literal_of(resource) not in seen:
                seen.add(literal_of(resource))
                included.append(resource)
        return included

    def _targets(self, includes: list[Include], page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        targets = []
        for include in includes:
            for resource in page:
                for literal in _references(resource, include):
                    resource_type, _, resource_id = literal.partition("/")
                    target = self._by_type.get(resource_type, {}).get(resource_id)
                    if target is not None and include.target in (None, resource_type):
                        targets.append(target)
        return targets

    def _sources(self, revincludes: list[Include], page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        wanted = {literal_of(resource) for resource in page}
        return [
            source
            for include in revincludes
            for source in self.all_of(include.source)
            if not wanted.isdisjoint(_references(source, include))
        ]


def _references(resource: Mapping[str, Any], include: Include) -> list[str]:
    elements = [element for path in include.parameter.paths for element in values_at(resource, path)]
    references = [parse_reference(element.get("reference")) for element in elements if isinstance(element, Mapping)]
    return [reference.literal for reference in references if reference is not None]


def _ignored(search: SearchQuery) -> list[dict[str, Any]]:
    if not search.ignored:
        return []
    names = ", ".join(sorted(set(search.ignored)))
    return [operation_outcome("not-supported", f"search parameters not understood: {names}", severity="warning")]


def _printable(name: str) -> str:
    return name if name.isalpha() else "resource"
