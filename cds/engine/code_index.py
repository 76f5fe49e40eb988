"""Where in a list of resources which codes stand, at one path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from cds.engine.listed_value_sets import Key, ListedValueSets
from cds.engine.model import r4

Json = Mapping[str, Any]
Pair = tuple[str | None, str]
Positions = list[Sequence[int]]
"""Positions in the list of resources: for each code that matches those of the resources with it, in their order."""
_NO_CODES: Mapping[str, list[int]] = MappingProxyType({})
_EVERY_SYSTEM = "*"
"""Stands for the system of an element of type code, which has none: its code matches whatever the system."""


class CodeIndex:
    """The codes at a path of resources of one type, by system and code."""

    def __init__(self, resources: Sequence[Json], type_name: str, path: str) -> None:
        self._held: dict[str | None, dict[str, list[int]]] = {}
        self._listed: ListedValueSets | None = None
        self._by_value_set: dict[Key, Positions] = {}
        names = list(r4.choice_names(type_name, path).values()) or [path]
        put = self._put_code if _is_code(type_name, path) else self._put_concept
        for position, resource in enumerate(resources):
            for name in names:
                value = resource.get(name)
                if value is not None:
                    put(value, position)

    def with_codes(self, codes: frozenset[Pair]) -> Positions:
        """Return where one of the (system, code) pairs is."""
        held = self._held
        positions: Positions = [held.get(system, _NO_CODES).get(code, ()) for system, code in codes]
        without_system = held.get(_EVERY_SYSTEM, _NO_CODES)
        positions += [without_system.get(code, ()) for _, code in codes]
        return [some for some in positions if some]

    def in_members(self, members: Mapping[str, frozenset[str]]) -> Positions:
        """Return where a code is that is among the members, which need not be sets that can be listed."""
        positions: Positions = []
        for system, held in self._held.items():
            if system == _EVERY_SYSTEM:
                positions += [held[code] for codes in members.values() for code in _common(held, codes)]
            elif system is not None and system in members:
                positions += [held[code] for code in _common(held, members[system])]
        return positions

    def in_listed(self, key: Key, listed: ListedValueSets) -> Positions:
        """Return where a code of the value set is, which is one of the listed: all of them are looked up together."""
        if self._listed is not listed:
            self._listed, self._by_value_set = listed, self._sorted_out(listed)
        return self._by_value_set.get(key, [])

    def _sorted_out(self, listed: ListedValueSets) -> dict[Key, Positions]:
        found: dict[Key, Positions] = {}
        for system, held in self._held.items():
            for code, positions in held.items():
                keys = listed.holding_any(code) if system == _EVERY_SYSTEM else listed.holding(system, code)
                for key in keys:
                    found.setdefault(key, []).append(positions)
        return found

    def _put_code(self, value: Any, position: int) -> None:
        """Put an element of type code, or a list of them."""
        codes = value if isinstance(value, list) else (value,)
        self._put([{"system": _EVERY_SYSTEM, "code": code} for code in codes], position)

    def _put_concept(self, value: Any, position: int) -> None:
        """Put a CodeableConcept, a Coding, or a list of these; what is none has no code."""
        if isinstance(value, dict):
            codings = value.get("coding", (value,))
            self._put(codings if type(codings) is list or type(codings) is tuple else (), position)
        elif isinstance(value, list):
            for item in value:
                self._put_concept(item, position)

    def _put(self, codings: Sequence[Any], position: int) -> None:
        for coding in codings:
            code = coding.get("code") if isinstance(coding, dict) else None
            if not isinstance(code, str):
                continue
            system = coding.get("system")
            held = self._held.get(system)
            if held is None:
                held = self._held[system] = {}
            positions = held.get(code)
            if positions is None:
                held[code] = [position]
            elif positions[-1] != position:  # a resource may say the same code twice
                positions.append(position)


def _is_code(type_name: str, path: str) -> bool:
    found = r4.element(type_name, path)
    return found is not None and not found.is_choice and r4.is_primitive(found.types[0])


def _common(held: Mapping[str, Any], codes: frozenset[str]) -> Iterable[str]:
    """Give the codes that are held and among the members, which need not be a set that can be listed."""
    return codes & held.keys() if type(codes) is frozenset else [code for code in held if code in codes]
