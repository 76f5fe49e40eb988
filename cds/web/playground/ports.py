"""What the page needs of the sandbox; `web` and `sandbox` are siblings, `cds.app` brings them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from cds.data.fhir_reader import FhirReader


class Chart(Protocol):
    """The chart of a story on one day: what is stored, and the orders that are being written."""

    resources: list[dict[str, Any]]
    drafts: list[dict[str, Any]]


class Story(Protocol):
    """One synthetic patient: `id` is also the Patient's, `hook` the one that the story is about."""

    @property
    def id(self) -> str:
        """The id of the Patient."""
        ...

    @property
    def title(self) -> str:
        """A few words."""
        ...

    @property
    def story(self) -> str:
        """What the visit is about."""
        ...

    @property
    def group(self) -> str:
        """The heading that the story belongs under."""
        ...

    @property
    def hook(self) -> str:
        """The hook that shows most."""
        ...

    def chart(self, today: date) -> Chart:
        """Write the chart as it stands on that day."""
        ...


class Store(Protocol):
    """The sandbox's FHIR repository; every refusal is a `CDSError` whose text says why."""

    base_url: str

    def read(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        """Give one resource."""
        ...

    def create(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        """Store under a new id."""
        ...

    def put(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        """Store under its own id."""
        ...

    def delete(self, resource_type: str, resource_id: str) -> None:
        """Remove, also what is not there."""
        ...

    def search(self, resource_type: str, query: str = "") -> dict[str, Any]:
        """Give one page of a search as a searchset."""
        ...

    def snapshot(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Give everything: type, then id, then resource."""
        ...

    def restore(self, snapshot: dict[str, dict[str, dict[str, Any]]]) -> None:
        """Go back to a snapshot."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The sandbox as the page uses it: `reader` reads `store`, `open_record` opens an empty store and its reader."""

    store: Store
    reader: FhirReader
    stories: Sequence[Story]
    open_record: Callable[[], tuple[Store, FhirReader]]
