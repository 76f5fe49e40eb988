"""Membership of codes in value sets and code systems, and age.

A value set that nobody can enumerate is an error, never an empty set. A null code is in no value set.
https://cql.hl7.org/09-b-cqlreference.html#clinical-operators-3
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from cds.engine.errors import EvaluationError
from cds.engine.runtime import durations, temporal_parts
from cds.engine.runtime.temporal import Date, DateTime
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import Code, CodeSystem, Concept, ValueSet, type_name

_OF_THE_CALENDAR = frozenset({"year", "month", "week", "day"})


class Enumerations(Protocol):
    """Where codes come from: value sets, and code systems, by canonical URL."""

    def codes(self, url: str, version: str | None) -> Mapping[str, frozenset[str]] | None:
        """Return the codes by system, or None when the value set is not known."""


def in_value_set(code: Any, value_set: ValueSet | None, enumerations: Enumerations) -> bool | None:
    """Return whether a Code, a Concept or a plain string is in the value set; false for a null code.

    A string has no system: it is compared by code alone. Raises EvaluationError when the value set is not known, or has
    such a code in several systems.
    """
    if value_set is None:
        return None
    return False if code is None else _is_member(code, _codes(value_set, enumerations))


def any_in_value_set(codes: list[Any] | None, value_set: ValueSet | None, enumerations: Enumerations) -> bool | None:
    """Return whether one of the codes is in the value set; false for a null or empty list."""
    if value_set is None:
        return None
    members = _codes(value_set, enumerations)
    return any(_is_member(code, members) for code in codes or () if code is not None)


def any_of_system_in_value_set(
    codes: Iterable[tuple[str | None, str | None]] | None, value_set: ValueSet | None, enumerations: Enumerations
) -> bool | None:
    """Return whether one of the (system, code) pairs is in the value set, as `in_value_set` of a Concept of them."""
    if value_set is None:
        return None
    if codes is None:
        return False
    members = _codes(value_set, enumerations)
    return any(system is not None and code in members.get(system, ()) for system, code in codes)


def in_code_system(code: Any, code_system: CodeSystem | None, enumerations: Enumerations) -> bool | None:
    """Return whether a code is defined by the code system; false for a null code. Errors as `in_value_set`."""
    if code_system is None:
        return None
    return False if code is None else _is_member(code, _codes(code_system, enumerations))


def any_in_code_system(
    codes: list[Any] | None, code_system: CodeSystem | None, enumerations: Enumerations
) -> bool | None:
    """Return whether one of the codes is defined by the code system."""
    if code_system is None:
        return None
    members = _codes(code_system, enumerations)
    return any(_is_member(code, members) for code in codes or () if code is not None)


def expand_value_set(value_set: ValueSet | None, enumerations: Enumerations) -> list[Code] | None:
    """Return the codes of the value set, by system and code."""
    if value_set is None:
        return None
    members = _codes(value_set, enumerations)
    return [Code(code, system) for system in sorted(members) for code in sorted(members[system])]


def _codes(reference: ValueSet | CodeSystem, enumerations: Enumerations) -> Mapping[str, frozenset[str]]:
    members = enumerations.codes(reference.id, reference.version)
    if members is None:
        version = f"|{reference.version}" if reference.version else ""
        message = f"the {type_name(reference)} {reference.id}{version} is not known here"
        raise EvaluationError(message)
    return members


def _is_member(code: Any, members: Mapping[str, frozenset[str]]) -> bool:
    if isinstance(code, Code):
        # A Coding without its system is not equivalent to any member: which code it is, nobody knows.
        return code.system is not None and code.code in members.get(code.system, ())
    if isinstance(code, Concept):
        return any(_is_member(candidate, members) for candidate in code.codes)
    if isinstance(code, str):
        systems = [system for system, codes in members.items() if code in codes]
        if len(systems) > 1:
            message = f"a code without system is ambiguous here: it is defined in {', '.join(sorted(systems))}"
            raise EvaluationError(message)
        return bool(systems)
    message = f"{type_name(code)} is no code, so it cannot be looked up in a value set"
    raise EvaluationError(message)


def calculate_age_at(birth_date: Any, as_of: Any, precision: str) -> int | Uncertainty | None:
    """Return the age in whole years ... seconds at a moment; an Uncertainty for an imprecise birth date."""
    if isinstance(birth_date, Date) != isinstance(as_of, Date) and birth_date is not None and as_of is not None:
        if precision in _OF_THE_CALENDAR:
            birth_date, as_of = temporal_parts.date_from(birth_date), temporal_parts.date_from(as_of)
        else:
            birth_date, as_of = _with_time(birth_date, as_of), _with_time(as_of, birth_date)
    return durations.duration_between(birth_date, as_of, precision)


def _with_time(value: Date | DateTime, other: Date | DateTime) -> DateTime | None:
    return value if isinstance(value, DateTime) else temporal_parts.date_time_from_date(value, other.offset)
