"""What came under a prefetch key, and what that means (https://cds-hooks.hl7.org/2.0/#prefetch-template)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from cds.data.prefetch_templates import PrefetchQuery
from cds.fhir.bundles import links_of, sorted_entries
from cds.fhir.operation_outcome import reports_failure

_BUNDLE_TYPES = (None, "searchset", "collection")


class PrefetchState(StrEnum):
    """The states of a prefetch key that must not be mixed up (CH-061 to CH-071)."""

    RECEIVED = "received"  # the data, all of them
    ABSENT = "absent"  # looked up and not there: a fact
    MISSING = "missing"  # not looked up
    FAILED = "failed"  # the client says that its search failed
    INVALID = "invalid"  # not what was asked for
    INCOMPLETE = "incomplete"  # there is more than was sent


_SETTLED = (PrefetchState.RECEIVED, PrefetchState.ABSENT)


class Prefetched(NamedTuple):
    """The state of one key with its resources, which are complete when `is_settled`."""

    state: PrefetchState
    resources: tuple[dict[str, Any], ...] = ()

    @property
    def is_settled(self) -> bool:
        """Say whether nothing more needs to be read for this key."""
        return self.state in _SETTLED


_ABSENT = Prefetched(PrefetchState.ABSENT)
_MISSING = Prefetched(PrefetchState.MISSING)
_FAILED = Prefetched(PrefetchState.FAILED)
_INVALID = Prefetched(PrefetchState.INVALID)
_INCOMPLETE = Prefetched(PrefetchState.INCOMPLETE)


def read_prefetch(prefetch: Mapping[str, Any] | None, query: PrefetchQuery) -> Prefetched:
    """Judge what the client sent under the key of a query."""
    if prefetch is None or query.key not in prefetch:
        return _MISSING
    value = prefetch[query.key]
    if value is None:
        return _ABSENT
    if not isinstance(value, (dict, Mapping)):
        return _INVALID
    resource_type = value.get("resourceType")
    if resource_type == "Bundle":
        return _read_bundle(value, query)
    if resource_type == "OperationOutcome":
        return _FAILED
    if query.is_read and resource_type == query.resource_type:
        return Prefetched(PrefetchState.RECEIVED, (dict(value),))
    return _INVALID


def _read_bundle(bundle: Mapping[str, Any], query: PrefetchQuery) -> Prefetched:
    if bundle.get("type") not in _BUNDLE_TYPES or not isinstance(bundle.get("entry"), (list, type(None))):
        return _INVALID
    found = sorted_entries(bundle)
    if found is None:
        return _INVALID
    links = links_of(bundle)
    # A client that could not fill in a token searched for nothing (CH-071).
    if "{{" in (links.get("self") or "").replace("%7B", "{").replace("%7b", "{"):
        return _MISSING
    if found.outcomes and any(map(reports_failure, found.outcomes)):
        return _FAILED
    total = bundle.get("total")
    if total is not None and not isinstance(total, int):  # how many there are cannot be told
        return _INVALID
    if links.get("next") or (total is not None and total > found.matches):
        return _INCOMPLETE
    if not found.resources:
        return _ABSENT
    expected = query.resource_types
    wanted = tuple([resource for resource in found.resources if resource.get("resourceType") in expected])
    return Prefetched(PrefetchState.RECEIVED, wanted) if wanted else _INVALID
