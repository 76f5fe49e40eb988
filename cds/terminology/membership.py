"""The algebra of value sets: codes, patterns, unions, intersections and differences, with "cannot be known" in it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import ClassVar

Codes = Mapping[str, frozenset[str]]


class Membership(ABC):
    """A set of codes. `undecidable` says why membership cannot always be told, None when it can."""

    undecidable: str | None = None

    @abstractmethod
    def contains(self, system: str | None, code: str) -> bool | None:
        """Tell whether the code of the system (None: of any system) belongs; None means that it cannot be known."""

    @property
    @abstractmethod
    def enumerated(self) -> Codes | None:
        """The members as system → codes, None when they cannot be listed."""

    @property
    @abstractmethod
    def systems(self) -> frozenset[str]:
        """The systems that may have members."""


class Listed(Membership):
    """Codes that are listed one by one."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes

    def contains(self, system: str | None, code: str) -> bool:
        """Tell whether the code is listed."""
        if system is None:
            return any(code in codes for codes in self._codes.values())
        return code in self._codes.get(system, frozenset())

    @property
    def enumerated(self) -> Codes:
        """The list itself."""
        return self._codes

    @property
    def systems(self) -> frozenset[str]:
        """The systems of the list."""
        return frozenset(self._codes)


class Matching(Membership):
    """Codes of one system that match a regular expression as a whole (filter operator `regex`)."""

    enumerated: ClassVar[None] = None

    def __init__(self, system: str, pattern: str) -> None:
        self._system = system
        self._pattern = re.compile(pattern)

    def contains(self, system: str | None, code: str) -> bool:
        """Tell whether the code is of the system and matches."""
        return system in (None, self._system) and self._pattern.fullmatch(code) is not None

    @property
    def systems(self) -> frozenset[str]:
        """The one system of the pattern."""
        return frozenset({self._system})


class Undecidable(Membership):
    """A set of which nothing is known but the reason."""

    enumerated: ClassVar[None] = None

    def __init__(self, reason: str) -> None:
        self.undecidable = reason

    def contains(self, system: str | None, code: str) -> None:
        """Nothing can be told."""

    @property
    def systems(self) -> frozenset[str]:
        """None that is known."""
        return frozenset()


class Union(Membership):
    """Codes that are in any part."""

    def __init__(self, parts: Iterable[Membership]) -> None:
        self._parts = tuple(parts)
        self.undecidable = _first_reason(self._parts)

    def contains(self, system: str | None, code: str) -> bool | None:
        """Or the answers of the parts: one true is enough, else one unknown leaves it unknown."""
        answers = [part.contains(system, code) for part in self._parts]
        return True if True in answers else None if None in answers else False

    @property
    def enumerated(self) -> Codes | None:
        """The lists put together, when every part can be listed."""
        together: dict[str, set[str]] = defaultdict(set)
        for part in self._parts:
            if (codes := part.enumerated) is None:
                return None
            for system, members in codes.items():
                together[system] |= members
        return {system: frozenset(members) for system, members in together.items()}

    @property
    def systems(self) -> frozenset[str]:
        """The systems of all parts."""
        return frozenset[str]().union(*(part.systems for part in self._parts))


class Intersection(Membership):
    """Codes that are in every part."""

    def __init__(self, parts: Iterable[Membership]) -> None:
        self._parts = tuple(parts)
        self.undecidable = _first_reason(self._parts)

    def contains(self, system: str | None, code: str) -> bool | None:
        """And the answers of the parts: one false is enough, else one unknown leaves it unknown."""
        answers = [part.contains(system, code) for part in self._parts]
        return False if False in answers else None if None in answers else True

    @property
    def enumerated(self) -> Codes | None:
        """The members of a part that can be listed which the other parts do not refuse."""
        listed = next((codes for part in self._parts if (codes := part.enumerated) is not None), None)
        if listed is None or self.undecidable:
            return None
        return _kept(listed, self)

    @property
    def systems(self) -> frozenset[str]:
        """The systems that every part has."""
        first, *others = (part.systems for part in self._parts)
        return first.intersection(*others)


class Difference(Membership):
    """Codes that are in one set and not in another."""

    def __init__(self, included: Membership, excluded: Membership) -> None:
        self._included = included
        self._excluded = excluded
        self.undecidable = _first_reason((included, excluded))

    def contains(self, system: str | None, code: str) -> bool | None:
        """Included and not excluded, in three-valued logic."""
        included, excluded = self._included.contains(system, code), self._excluded.contains(system, code)
        if included is False or excluded is True:
            return False
        return None if included is None or excluded is None else True

    @property
    def enumerated(self) -> Codes | None:
        """The listed members that are not excluded."""
        listed = self._included.enumerated
        return None if listed is None or self.undecidable else _kept(listed, self)

    @property
    def systems(self) -> frozenset[str]:
        """The systems of what is included."""
        return self._included.systems


def _kept(listed: Codes, membership: Membership) -> Codes:
    return {
        system: frozenset(code for code in codes if membership.contains(system, code))
        for system, codes in listed.items()
    }


def _first_reason(parts: Iterable[Membership]) -> str | None:
    return next((part.undecidable for part in parts if part.undecidable), None)
