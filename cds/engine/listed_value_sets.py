"""The value sets that libraries retrieve by, the other way round: from a code to those that hold it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Protocol

Key = tuple[str, str | None]
"""A value set: its canonical URL and its version."""


class Enumerations(Protocol):
    """Where the codes of value sets come from."""

    def codes(self, url: str, version: str | None) -> Mapping[str, frozenset[str]] | None:
        """Return the codes of a value set by system; None when it is not known."""


class ListedValueSets:
    """Those value sets whose members are a list, put together when the first one is asked for.

    They are the same for every patient. One that is not known, or is a pattern over codes, is none of them.
    """

    def __init__(self, enumerations: Enumerations, canonicals: Iterable[str]) -> None:
        """Take the value sets by canonical URL, which may end in "|" and a version."""
        self._enumerations = enumerations
        self._canonicals = frozenset(canonicals)

    def holding(self, system: str | None, code: str) -> Sequence[Key]:
        """Return the value sets that hold a code of a system."""
        return () if system is None else self._holding.get(system, {}).get(code, ())

    def holding_any(self, code: str) -> Iterator[Key]:
        """Give the value sets that hold the code of any system."""
        for codes in self._holding.values():
            yield from codes.get(code, ())

    @cached_property
    def members(self) -> Mapping[Key, Mapping[str, frozenset[str]]]:
        """The codes of each listed value set, by system."""
        found = {}
        for canonical in self._canonicals:
            url, _, version = canonical.partition("|")
            members = self._enumerations.codes(url, version or None)
            if members is not None and all(type(codes) is frozenset for codes in members.values()):
                found[url, version or None] = members
        return found

    @cached_property
    def _holding(self) -> Mapping[str, Mapping[str, Sequence[Key]]]:
        holding: dict[str, dict[str, list[Key]]] = defaultdict(lambda: defaultdict(list))
        for key, members in self.members.items():
            for system, codes in members.items():
                for code in codes:
                    holding[system][code].append(key)
        return {system: dict(codes) for system, codes in holding.items()}
