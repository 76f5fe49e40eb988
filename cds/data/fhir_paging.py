"""The pages of one search, put together with caps; a set that is not known to be whole is an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cds.data.errors import FHIRServerError, FHIRServerFault
from cds.data.fhir_servers import BaseURL
from cds.fhir.bundles import entries_of, link_of, match_count, resources_of

_SELECTS_PATIENT = frozenset({"patient", "subject"})


@dataclass(frozen=True, slots=True)
class PagingLimits:
    """How much one search may bring."""

    max_pages: int = 50
    max_entries: int = 20_000
    max_bytes: int = 20_000_000  # per page


class PagedSearch:
    """Collects the pages of a search.

    `must_prove`: the self link has to show the parameter that selects the patient (for servers that were not asked to
    be strict). Raises FHIRServerError: invalid-answer, incomplete.
    """

    def __init__(self, base: BaseURL, query: str, limits: PagingLimits, *, must_prove: bool) -> None:
        self._base = base
        self._asked = {name.partition(":")[0] for name, _ in parse_qsl(query.partition("?")[2], keep_blank_values=True)}
        self._limits = limits
        self._must_prove = must_prove
        self._seen: set[str] = set()
        self._resources: list[dict[str, Any]] = []
        self._matches = 0
        self._total = 0

    def add(self, bundle: Mapping[str, Any], address: str) -> str | None:
        """Take in a page and give the address of the next one, None after the last."""
        self._check(bundle)
        if not self._seen:
            self._check_self_link(bundle)
            self._total = self._stated_total(bundle)
        self._seen.add(address)
        self._resources.extend(resources_of(bundle))
        self._matches += match_count(bundle)
        following = link_of(bundle, "next")
        if following is None:
            if self._total > self._matches:
                raise _incomplete("there are more matches than the pages hold")
            return None
        if len(self._seen) >= self._limits.max_pages or len(self._resources) > self._limits.max_entries:
            raise _incomplete("there are more pages than may be read")
        url = self._base.below(following)
        if url is None or url in self._seen:
            raise _incomplete("the next page is on another server, or the pages go in a circle")
        return url

    def resources(self) -> list[dict[str, Any]]:
        """Give what all pages held."""
        return self._resources

    def _check(self, bundle: Mapping[str, Any]) -> None:
        if bundle.get("resourceType") != "Bundle" or bundle.get("type") not in ("searchset", None):
            raise _invalid("the answer to a search is not a searchset")
        if not all(_is_resource(entry) for entry in entries_of(bundle)):
            raise _invalid("an entry of the searchset holds no resource")

    @staticmethod
    def _stated_total(bundle: Mapping[str, Any]) -> int:
        total = bundle.get("total")
        if total is None:
            return 0
        if not isinstance(total, int):
            raise _invalid("the number of matches cannot be read")
        return total

    def _check_self_link(self, bundle: Mapping[str, Any]) -> None:
        """A parameter that the self link leaves out was not applied; only that of the patient cannot be missed."""
        link = link_of(bundle, "self")
        shown = {name.partition(":")[0] for name, _ in parse_qsl(urlsplit(link or "").query, keep_blank_values=True)}
        wanted = self._asked & _SELECTS_PATIENT
        # A link without any of our parameters is an address of the server's own making and proves nothing.
        speaks_of_ours = self._must_prove or not shown.isdisjoint(self._asked)
        if wanted and speaks_of_ours and shown.isdisjoint(_SELECTS_PATIENT):
            raise _invalid("the server did not apply the parameter that selects the patient")


def _is_resource(entry: Any) -> bool:
    resource = entry.get("resource") if isinstance(entry, Mapping) else None
    return isinstance(resource, dict) and isinstance(resource.get("resourceType"), str)


def _invalid(message: str) -> FHIRServerError:
    return FHIRServerError(FHIRServerFault.INVALID_ANSWER, message)


def _incomplete(message: str) -> FHIRServerError:
    return FHIRServerError(FHIRServerFault.INCOMPLETE, message)
