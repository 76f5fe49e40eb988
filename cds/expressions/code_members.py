"""Value sets as the engine asks for them: by system, something that knows which codes are in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from cds.engine.errors import EvaluationError
from cds.terminology.membership import Membership
from cds.terminology.value_sets import ValueSets

_ANSWERS_KEPT: Final = 512
"""How many answers about codes are kept for the next call; whoever calls may ask about codes without end."""


class EngineValueSets:
    """The engine's terminology port over the server's value sets.

    A value set that is a pattern over codes ("every ICD-10 code below C90.0") has members that can be asked for and not
    listed; one that cannot be decided is unknown to the engine, which makes asking for it an error.
    """

    def __init__(self, value_sets: ValueSets) -> None:
        self._value_sets = value_sets
        self._members: dict[tuple[str, str | None], Mapping[str, frozenset[str]] | None] = {}
        self._subsumes = lru_cache(_ANSWERS_KEPT)(value_sets.code_systems.subsumes)

    def codes(self, url: str, version: str | None) -> Mapping[str, frozenset[str]] | None:
        """Return the members of a value set, or the codes of a complete code system, by system; None if unknown."""
        key = (url, version)
        if key not in self._members:
            self._members[key] = self._find(url, version)
        return self._members[key]

    def subsumes(self, system: str, ancestor: str, descendant: str) -> bool | None:
        """Tell whether a code lies above another of its code system; None when that is not known here."""
        return self._subsumes(system, ancestor, descendant)

    def _find(self, url: str, version: str | None) -> Mapping[str, frozenset[str]] | None:
        codes = self._value_sets.code_systems.all_codes(url)
        if codes is not None:
            return {url: codes}
        membership = self._value_sets.membership(url, version)
        if membership.undecidable:
            return None
        return membership.enumerated or {system: _Members(membership, system) for system in membership.systems}


class _Members(frozenset[str]):
    """The codes of one system in a value set that can be asked for and not listed."""

    _holds: Callable[[str], bool]

    def __new__(cls, membership: Membership, system: str) -> _Members:
        members = super().__new__(cls)
        members._holds = lru_cache(_ANSWERS_KEPT)(lambda code: membership.contains(system, code) is True)
        return members

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and self._holds(code)

    def __iter__(self) -> Iterator[str]:
        raise EvaluationError("this value set is a pattern over codes: it can be asked for a code, not listed")

    def __len__(self) -> int:
        return 1
