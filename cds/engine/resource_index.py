"""The resources of one patient, found by type, id and code without walking them again for every condition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from cds.engine.model import r4

Json = Mapping[str, Any]
Pair = tuple[str | None, str]
_CodeIndex = dict[str | None, dict[str, list[int]]]
"""The positions of resources by system and code."""
_NO_CODES: Mapping[str, list[int]] = MappingProxyType({})
_EVERY_SYSTEM = "*"
"""Stands for the system of an element of type code, which has none: its code matches whatever the system."""


class ResourceIndex:
    """An index over the resources of one patient, built as far as it is asked; for one thread."""

    __slots__ = ("_by_code", "_by_id", "_by_type", "_in_value_set", "_lists", "_nothing", "resources")

    def __init__(self, resources: Iterable[Json]) -> None:
        self.resources: Sequence[Json] = tuple(resources)
        by_type: dict[str, list[Json]] = defaultdict(list)
        for resource in self.resources:
            type_name = resource.get("resourceType")
            if isinstance(type_name, str):
                by_type[type_name].append(resource)
        self._by_type = by_type
        self._by_id: dict[tuple[str, str], Json] | None = None
        self._by_code: dict[tuple[str, str], _CodeIndex] = {}
        self._in_value_set: dict[tuple[Any, ...], list[Json]] = {}
        self._lists: dict[tuple[str, tuple[int, ...]], list[Json]] = {}
        self._nothing: list[Json] = []

    def of_type(self, type_name: str) -> list[Json]:
        """Return the resources of a type, or of every type for "Resource" and "DomainResource"."""
        if type_name in ("Resource", "DomainResource"):
            return list(self.resources)
        return self._by_type.get(type_name, self._nothing)

    def by_id(self, type_name: str, id_: str) -> Json | None:
        """Return the resource with this id; the first one, if several claim it."""
        if self._by_id is None:
            self._by_id = {}
            for resource in self.resources:
                self._by_id.setdefault((str(resource.get("resourceType")), str(resource.get("id"))), resource)
        return self._by_id.get((type_name, id_))

    def with_codes(self, type_name: str, path: str, codes: frozenset[Pair]) -> list[Json]:
        """Return the resources with one of the (system, code) pairs at a path, in the order given."""
        index = self._codes(type_name, path)
        positions = [index.get(system, _NO_CODES).get(code, ()) for system, code in codes]
        without_system = index.get(_EVERY_SYSTEM, _NO_CODES)
        positions += [without_system.get(code, ()) for _, code in codes]
        return self._at(type_name, positions)

    def in_value_set(
        self, type_name: str, path: str, key: tuple[str, str | None], members: Mapping[str, frozenset[str]]
    ) -> list[Json]:
        """Return the resources with a code at a path that is among the members; remembered under `key`."""
        remembered = (type_name, path, *key)
        found = self._in_value_set.get(remembered)
        if found is None:
            positions: list[list[int]] = []
            for system, held in self._codes(type_name, path).items():
                if system == _EVERY_SYSTEM:
                    positions += [held[code] for codes in members.values() for code in _common(held, codes)]
                elif system is not None and system in members:
                    positions += [held[code] for code in _common(held, members[system])]
            found = self._in_value_set[remembered] = self._at(type_name, positions)
        return found

    def _at(self, type_name: str, positions: Sequence[Iterable[int]]) -> list[Json]:
        """Return the resources at the positions; the same list for the same resources, so that it is known again."""
        at = tuple(sorted({i for some in positions for i in some}))
        if not at:
            return self._nothing
        found = self._lists.get((type_name, at))
        if found is None:
            resources = self.of_type(type_name)
            found = self._lists[type_name, at] = [resources[i] for i in at]
        return found

    def _codes(self, type_name: str, path: str) -> _CodeIndex:
        key = (type_name, path)
        if key not in self._by_code:
            self._by_code[key] = self._index_codes(type_name, path)
        return self._by_code[key]

    def _index_codes(self, type_name: str, path: str) -> _CodeIndex:
        index: _CodeIndex = {}
        names, pairs = _json_names(type_name, path), _codes_of if _is_code(type_name, path) else _pairs
        for position, resource in enumerate(self.of_type(type_name)):
            for name in names:
                value = resource.get(name)
                if value is not None:
                    for system, code in pairs(value):
                        try:
                            index[system][code].append(position)
                        except KeyError:
                            index.setdefault(system, {})[code] = [position]
        return index


def _json_names(type_name: str, path: str) -> list[str]:
    return list(r4.choice_names(type_name, path).values()) or [path]


def _is_code(type_name: str, path: str) -> bool:
    found = r4.element(type_name, path)
    return found is not None and not found.is_choice and r4.is_primitive(found.types[0])


def _codes_of(value: Any) -> list[Pair]:
    """List the codes of an element of type code, or of a list of them."""
    codes = value if isinstance(value, list) else (value,)
    return [(_EVERY_SYSTEM, code) for code in codes if isinstance(code, str)]


def _pairs(value: Any) -> list[Pair]:
    """List the (system, code) pairs of a CodeableConcept, a Coding, or a list of these; what is none has no code."""
    if isinstance(value, list):
        return [pair for item in value for pair in _pairs(item)]
    found: list[Pair] = []
    codings = value.get("coding", (value,)) if isinstance(value, dict) else ()
    for coding in codings if isinstance(codings, list | tuple) else ():
        if isinstance(coding, dict):
            code = coding.get("code")
            if isinstance(code, str):
                found.append((coding.get("system"), code))
    return found


def _common(held: Mapping[str, Any], codes: frozenset[str]) -> Iterable[str]:
    """Give the codes that are held and among the members, which need not be a set that can be listed."""
    return codes & held.keys() if type(codes) is frozenset else [code for code in held if code in codes]
