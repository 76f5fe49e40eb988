"""The resources of one patient, found by type, id and code without walking them again for every condition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cds.engine.code_index import CodeIndex, Pair, Positions
from cds.engine.listed_value_sets import Key, ListedValueSets

Json = Mapping[str, Any]
_ANY_TYPE = ("Resource", "DomainResource")


class ResourceIndex:
    """An index over the resources of one patient, built as far as it is asked; for one thread.

    `retrieved` is what was found by value set so far: by type, path, and URL and version of the value set. `whole` are
    these and the rest of the patient's resources, which are of `partial_type` and found by no retrieve by code: they
    are looked at when somebody asks for all of that type, or by id.
    """

    __slots__ = (
        "_by_code",
        "_by_id",
        "_by_type",
        "_lists",
        "_nothing",
        "_partial_type",
        "_whole",
        "resources",
        "retrieved",
    )

    def __init__(
        self, resources: Iterable[Json], *, whole: Iterable[Json] | None = None, partial_type: str | None = None
    ) -> None:
        self.retrieved: dict[tuple[str, str, str, str | None], list[Json]] = {}
        self._nothing: list[Json] = []
        self._by_id: dict[tuple[str, str], Json] | None = None
        self._whole = whole
        self._partial_type = partial_type
        self._hold(resources)

    def _hold(self, resources: Iterable[Json]) -> None:
        self.resources: Sequence[Json] = tuple(resources)
        by_type: dict[str, list[Json]] = defaultdict(list)
        for resource in self.resources:
            type_name = resource.get("resourceType")
            if isinstance(type_name, str):
                by_type[type_name].append(resource)
        self._by_type = by_type
        self._by_code: dict[tuple[str, str], CodeIndex] = {}
        self._lists: dict[tuple[str, tuple[int, ...]], list[Json]] = {}

    def _hold_all(self) -> None:
        if self._whole is not None:
            whole, self._whole = self._whole, None
            self._hold(whole)

    def of_type(self, type_name: str) -> list[Json]:
        """Return the resources of a type, or of every type for "Resource" and "DomainResource"."""
        if type_name == self._partial_type or type_name in _ANY_TYPE:
            self._hold_all()
        return self._held(type_name)

    def _held(self, type_name: str) -> list[Json]:
        return list(self.resources) if type_name in _ANY_TYPE else self._by_type.get(type_name, self._nothing)

    def by_id(self, type_name: str, id_: str) -> Json | None:
        """Return the resource with this id; the first one, if several claim it."""
        if self._by_id is None:
            self._hold_all()
            self._by_id = {}
            for resource in self.resources:
                self._by_id.setdefault((str(resource.get("resourceType")), str(resource.get("id"))), resource)
        return self._by_id.get((type_name, id_))

    def with_codes(self, type_name: str, path: str, codes: frozenset[Pair]) -> list[Json]:
        """Return the resources with one of the (system, code) pairs at a path, in the order given."""
        return self._at(type_name, self._codes(type_name, path).with_codes(codes))

    def in_value_set(
        self, type_name: str, path: str, key: Key, members: Mapping[str, frozenset[str]] | ListedValueSets
    ) -> list[Json]:
        """Return the resources with a code at a path that is in the value set, and remember them as `retrieved`.

        `members` are those of the value set, by system, or the listed value sets that it is one of.
        """
        positions: Positions = []
        if self._held(type_name):
            codes = self._codes(type_name, path)
            if isinstance(members, ListedValueSets):
                positions = codes.in_listed(key, members)
            else:
                positions = codes.in_members(members)
        found = self.retrieved[type_name, path, *key] = self._at(type_name, positions)
        return found

    def _at(self, type_name: str, positions: Positions) -> list[Json]:
        """Return the resources at the positions; the same list for the same resources, so that it is known again."""
        if not positions:
            return self._nothing
        at = tuple(positions[0] if len(positions) == 1 else sorted({i for some in positions for i in some}))
        found = self._lists.get((type_name, at))
        if found is None:
            resources = self._held(type_name)
            found = self._lists[type_name, at] = [resources[i] for i in at]
        return found

    def _codes(self, type_name: str, path: str) -> CodeIndex:
        key = (type_name, path)
        if key not in self._by_code:
            self._by_code[key] = CodeIndex(self._held(type_name), type_name, path)
        return self._by_code[key]
