"""Does a resource match a criterion? One function per search type (https://hl7.org/fhir/R4/search.html#ptypes)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from cds.fhir.dates import TimeSpan, span_of, time_span
from cds.fhir.elements import codings_of, values_at
from cds.fhir.quantities import unit_of, value_of
from cds.fhir.references import parse_reference
from cds.fhir.systems import UCUM
from cds.sandbox.errors import SandboxRefusal
from cds.sandbox.search_query import Criterion, split_token, unescape

_PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")


class ValueSets(Protocol):
    """What `:in` needs to know of value sets; the terminology package answers it."""

    def codes(self, url: str, version: str | None) -> Mapping[str, frozenset[str]] | None:
        """Give the codes by system, None for a value set that is not known."""
        ...


class Matcher:
    """Decides criteria; `zone` is for dates without one, `value_sets` answers `:in`."""

    def __init__(self, base_url: str, zone: tzinfo, value_sets: ValueSets | None = None) -> None:
        self._base_url = base_url
        self._zone = zone
        self._value_sets = value_sets
        self._by_kind: dict[str, Callable[[Any, str, str], bool]] = {
            "token": self._token,
            "reference": self._reference,
            "date": self._date,
            "quantity": self._quantity,
            "string": _string,
            "uri": lambda element, text, _modifier: bool(element == text),
        }

    def matches(self, resource: Mapping[str, Any], criterion: Criterion) -> bool:
        """Say whether the resource meets one criterion. Raises SandboxRefusal 400 for an unreadable value."""
        elements = [value for path in criterion.parameter.paths for value in values_at(resource, path)]
        if criterion.modifier == "missing":
            return (not elements) == (criterion.values == ("true",))
        decide = self._by_kind[criterion.parameter.kind]
        any_match = any(decide(element, text, criterion.modifier) for text in criterion.values for element in elements)
        # Read even when there is nothing to compare with, so that a bad value is refused and not "no match".
        if not elements and criterion.parameter.kind == "date":
            for text in criterion.values:
                self._span(text)
        return not any_match if criterion.modifier in ("not", "not-in") else any_match

    def span(self, value: Any) -> TimeSpan | None:
        """Read the time an element stands for; None where a resource carries an unreadable one."""
        try:
            return span_of(value, self._zone)
        except ValueError:
            return None

    def _token(self, element: Any, text: str, modifier: str) -> bool:
        tokens = _tokens_of(element)
        if modifier in ("in", "not-in"):
            url, _, version = text.partition("|")
            codes = self._value_sets.codes(url, version or None) if self._value_sets else None
            if codes is None:
                raise SandboxRefusal(400, "not-found", "the value set of :in is not known here")
            return any(code in codes.get(system or "", ()) for system, code in tokens)
        system, code = split_token(text)
        for own_system, own_code in tokens:
            # The system of a plain code element (status, gender) is implied by its binding.
            system_fits = system is None or (own_system or "") == system or isinstance(element, str)
            if system_fits and (code in ("", own_code)):
                return True
        return False

    def _reference(self, element: Any, text: str, modifier: str) -> bool:
        own = parse_reference(element.get("reference")) if isinstance(element, Mapping) else None
        if own is None:
            return False
        wanted = parse_reference(text)
        if wanted is None:  # a bare id
            return own.id == text and modifier in ("", own.type) and self._is_here(own.base)
        return own.literal == wanted.literal and self._is_here(own.base) and self._is_here(wanted.base)

    def _is_here(self, base: str | None) -> bool:
        return base is None or base == self._base_url

    def _date(self, element: Any, text: str, _modifier: str) -> bool:
        prefix, wanted = self._span(text)
        own = self.span(element)
        return own is not None and _DATE_TESTS[prefix](own, wanted)

    def _span(self, text: str) -> tuple[str, TimeSpan]:
        prefix, rest = _prefix(text)
        try:
            return prefix, time_span(rest.replace(" ", "+"), self._zone)
        except ValueError:
            raise SandboxRefusal(400, "value", "a date of the search cannot be read") from None

    def _quantity(self, element: Any, text: str, _modifier: str) -> bool:
        prefix, rest = _prefix(text)
        number, _, coded = rest.partition("|")
        system, _, unit = coded.rpartition("|")
        try:
            wanted = Decimal(number)
        except InvalidOperation:
            raise SandboxRefusal(400, "value", "a quantity of the search cannot be read") from None
        own = value_of(element) if isinstance(element, Mapping) else None
        if own is None or (unit and unit not in (element.get("code"), element.get("unit"), unit_of(element))):
            return False
        if system and element.get("system", UCUM) != system:
            return False
        # The precision of the printed number implies a span: 100 is [99.5, 100.5).
        half = Decimal((0, (5,), int(wanted.as_tuple().exponent) - 1))
        equal = wanted - half <= own < wanted + half
        tests: dict[str, bool] = {"eq": equal, "ne": not equal, "gt": own > wanted, "lt": own < wanted}
        tests |= {"ge": own >= wanted, "le": own <= wanted, "sa": own > wanted, "eb": own < wanted}
        return tests[prefix]


_DATE_TESTS: dict[str, Callable[[TimeSpan, TimeSpan], bool]] = {
    "eq": lambda own, wanted: wanted.contains(own),
    "ne": lambda own, wanted: not wanted.contains(own),
    "gt": lambda own, wanted: own.end > wanted.end,
    "lt": lambda own, wanted: own.start < wanted.start,
    "ge": lambda own, wanted: own.end > wanted.end or wanted.contains(own),
    "le": lambda own, wanted: own.start < wanted.start or wanted.contains(own),
    "sa": lambda own, wanted: own.start >= wanted.end,
    "eb": lambda own, wanted: own.end <= wanted.start,
}


def _prefix(text: str) -> tuple[str, str]:
    return (text[:2], text[2:]) if text[:2] in _PREFIXES else ("eq", text)


def _tokens_of(element: Any) -> list[tuple[str | None, str]]:
    """List (system, code) of a code, boolean, Coding, CodeableConcept or Identifier."""
    if isinstance(element, bool):
        return [(None, str(element).lower())]
    if isinstance(element, str):
        return [(None, element)]
    if isinstance(element, Mapping) and "value" in element:
        return [(element.get("system"), str(element["value"]))]
    return [(coding.get("system"), str(coding.get("code", ""))) for coding in codings_of(element)]


def _string(element: Any, text: str, modifier: str) -> bool:
    own, wanted = str(element), unescape(text)
    if modifier == "exact":
        return own == wanted
    own, wanted = _folded(own), _folded(wanted)
    return wanted in own if modifier == "contains" else own.startswith(wanted)


def _folded(text: str) -> str:
    """Drop case and accents (https://hl7.org/fhir/R4/search.html#string)."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))
